//! What is asked of a build, what comes of it, and the lines that a builder's process speaks.
//!
//! Settings hold the machine's environment, passwords of indexes among it: they go over a pipe,
//! never on a command line, and nothing here shows them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use windlass_build::{BuildSettings, BuiltPlatform};
use windlass_model::{AppName, AppSpec, Digest, Event, Layout, Machine, Problem};

/// Where a build is made, and with what.
#[derive(Debug, Clone)]
pub struct BuildPlace {
    /// The folders of the installation.
    pub layout: Layout,
    /// The `windlass` binary, run again as the shims of the build's containers.
    pub exe: PathBuf,
    /// What the machine offers for building.
    pub settings: BuildSettings,
}

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectBuild {
    /// The project's root.
    pub project: PathBuf,
    /// The app to build it as, whatever the project calls itself.
    pub app: Option<AppName>,
    /// Names for the image, beside the app's.
    pub tags: Vec<String>,
    /// The machines that it is for: none for the one that it is built on alone. The project's own
    /// when it is not said.
    pub platforms: Option<Vec<Machine>>,
    /// Settings of the commands that run while the image is built, over the project's own.
    pub build_env: BTreeMap<String, String>,
}

/// A built image with the way to run it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuiltProject {
    /// How to run it.
    pub spec: AppSpec,
    /// The digest of its manifest, or of its index where it is for several platforms.
    pub image: Digest,
    /// What it is for, each with its own image.
    pub platforms: Vec<BuiltPlatform>,
    /// How many layers it has, or its images have together.
    pub layers: usize,
    /// Size of all layers, compressed, each counted once, in bytes.
    pub bytes: u64,
    /// Whether `windlass.lock` was written.
    pub lock_written: bool,
    /// The commit of the project's source, when it is a git checkout; `-dirty` follows one with
    /// changes, as in `git describe`.
    pub commit: Option<String>,
}

/// The first line of a builder's input.
#[derive(Serialize, Deserialize)]
pub(crate) struct BuilderOrder {
    pub(crate) layout: Layout,
    pub(crate) settings: BuildSettings,
    pub(crate) wanted: ProjectBuild,
}

/// A line of a builder's output. The last one is not an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BuilderMessage {
    /// Something happened.
    Event(Event),
    /// The image is built.
    Built(Box<BuiltProject>),
    /// It is not.
    Failed(Problem),
}

/// Has a folder there that is for this user alone.
pub(super) fn make_private(folder: &Path) -> Result<(), Problem> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| {
        let message = format!("cannot make {}", folder.display());
        Problem::environment("disk", message).cause(error.to_string())
    })
}
