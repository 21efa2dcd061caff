//! What image to build from a project: the output of inspection, the input of the builder.

use crate::{AppName, Dependencies, Evidence, PythonVersion, Selection};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that determines an image, apart from the files' contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildSpec {
    /// The app's name, for labels.
    pub app: AppName,
    /// The Python to put into the image.
    pub python: PythonVersion,
    /// What the image stands on.
    #[serde(default)]
    pub base: BaseSpec,
    /// Where the dependencies are declared.
    pub dependencies: Dependencies,
    /// What of the declaration is wanted beyond its production part, and as of when.
    #[serde(default)]
    pub selection: Selection,
    /// Requirements that the project lacks and that running it needs, such as `gunicorn`, as
    /// PEP 508 texts. They never move a version that the project pins.
    pub extra_requirements: Vec<String>,
    /// Whether the project itself must be installed (console scripts of its own).
    pub install_project: bool,
    /// Folders to put on `PYTHONPATH`, relative to the project's root: `""`, `src`.
    pub python_path: Vec<String>,
    /// Folder that processes start in, relative to the project's root; `""` for the root itself.
    pub work_dir: String,
    /// Settings baked into the image's config; never secrets.
    pub env: BTreeMap<String, String>,
    /// The default command of the image: that of the web process, in exec form.
    pub command: Vec<String>,
    /// Path of the image's own health check, when the app serves HTTP.
    pub health_path: Option<String>,
    /// Paths that become links into the volume at [`PersistPath::VOLUME`].
    pub persist: Vec<PersistPath>,
    /// Further Debian packages that the project asks for by name.
    pub apt: Vec<DebianPackage>,
    /// Debian packages to compile source archives with; none of them is in the image.
    #[serde(default)]
    pub build_apt: Vec<DebianPackage>,
    /// Files and folders kept out of the image, in `.dockerignore` syntax, after the defaults.
    pub exclude: Vec<String>,
    /// Files that look like secrets and are none, in the same syntax.
    #[serde(default)]
    pub allow_files: Vec<String>,
    /// Commands to run while the image is built, in order, in exec form.
    #[serde(default)]
    pub build_commands: Vec<Vec<String>>,
    /// Names of the secrets that these commands find as files.
    #[serde(default)]
    pub build_secrets: Vec<String>,
    /// Settings of these commands, beside the image's own; not baked in.
    #[serde(default)]
    pub build_env: BTreeMap<String, String>,
    /// Static files to collect after these commands.
    #[serde(default)]
    pub collect_static: Option<CollectStatic>,
    /// How the image's layers are compressed.
    #[serde(default)]
    pub compression: Compression,
}

/// What an image stands on. The default: this machine's processor, on Debian, with Debian's Python
/// where it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseSpec {
    /// Whether a standalone build of Python is wanted even where Debian has the version: it is at
    /// a newer patch level.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standalone: bool,
    /// The image in a registry that it stands on instead, with the Python that is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The Pythons that the project runs on: that of such an image must be one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pythons: Vec<PythonVersion>,
}

/// How Django's static files are collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectStatic {
    /// The command, in exec form.
    pub command: Vec<String>,
    /// The folder that they are collected in, relative to the project's root.
    pub folder: String,
    /// Whether pages fail without them, so that they are collected before the first request where
    /// they cannot be collected while the image is built.
    pub needed: bool,
    /// Variables that settings may take a secret key from; while static files are collected each
    /// of them has a text in its place.
    pub placeholders: Vec<String>,
}

/// A compression of layers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// What everything reads.
    #[default]
    Gzip,
    /// Smaller and faster to unpack; some platforms that run images cannot read it.
    Zstd,
}

/// A Debian package that the project asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DebianPackage {
    /// Its name. Where releases call it differently, its names parted by `|`, as in Debian's own
    /// relations; the first that the archive has counts.
    pub name: String,
    /// Whether nothing is built when the archive does not have it. What was written for another
    /// system is passed over with a warning.
    pub required: bool,
    /// Where it is asked for.
    pub evidence: Evidence,
}

/// A path below the code whose contents outlive a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersistPath {
    /// Path relative to the project's root, such as `instance` or `db.sqlite3`.
    pub path: String,
    /// Whether it is a folder. A file (a SQLite database) becomes a link too: SQLite follows it
    /// and keeps its journal beside the real file.
    pub directory: bool,
}

impl PersistPath {
    /// Where the app's volume is mounted in every container of the app.
    pub const VOLUME: &'static str = "/data";
}

impl BuildSpec {
    /// Where the project's files are in the image.
    pub const APP_DIR: &'static str = "/app";
    /// User and group that processes run as; the number that distroless images made customary.
    pub const USER: u32 = 65_532;
}
