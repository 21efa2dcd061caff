//! What the machine offers for packages, handed in as data: uv, Pythons, index settings.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Everything about the machine that resolving and building packages depends on.
///
/// A library does not read the environment; whoever calls it looks these up once.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PackageTools {
    /// Where uv and Python may be.
    pub search: UvSearch,
    /// The environment: index settings of pip and uv, proxies, certificates, `HOME`, `PATH`.
    /// What would make a build depend on the shell that started it is left out before use.
    pub environment: BTreeMap<String, String>,
    /// Contents of pip's configuration files, the weakest first.
    pub pip_config: Vec<String>,
}

/// The environment and pip's files hold index passwords and whatever else the machine keeps there:
/// none of it is shown.
impl fmt::Debug for PackageTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageTools").field("search", &self.search).finish_non_exhaustive()
    }
}

/// Where uv and Python may be; the first that works is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UvSearch {
    /// The value of `$UV`. When given, nothing else is tried.
    pub explicit: Option<PathBuf>,
    /// Where uv would be beside our own binary.
    pub beside: PathBuf,
    /// `uv` in each folder of `PATH`.
    pub path: Vec<PathBuf>,
    /// Pythons of the machine: the places where `python3` and `python3.X` may be. They read
    /// source archives' metadata, build them, and fetch uv when it is not installed.
    pub python: Vec<PathBuf>,
}
