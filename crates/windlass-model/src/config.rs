//! `[tool.windlass]` of `pyproject.toml`: what a project says about itself.
//!
//! Everything is optional: what is absent is found out by inspection. Reading is pure and strict:
//! an unknown key is an error that names its place and the nearest known key, since a misspelt
//! setting that is ignored in silence is found in production. The annotated reference is
//! `docs/config-reference.toml`, which a test here reads.
//! What this module does not do: look at any other part of the project, or fill in defaults.

mod error;
mod nearest;
mod process;
mod reader;
mod resolution;
mod schema;
mod values;

pub use error::{ConfigError, Place, ValueError};
pub use process::{CommandLine, ProcessConfig};
pub use values::{AppReference, ServerKind};

use crate::{
    AppName, Compression, Machine, PersistPath, ProbeSpec, ProcessType, PythonVersion, ResolveDate,
    ScanConfig,
};
use std::collections::BTreeMap;

/// The table `[tool.windlass]`, as far as it is filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AppConfig {
    /// The app's name.
    pub name: Option<AppName>,
    /// The sub-folder that holds the app, relative to the project; the rest ships along with it.
    pub root: Option<String>,
    /// The Python to run on.
    pub python: Option<PythonVersion>,
    /// The image in a registry that the project's own stands on.
    pub base: Option<String>,
    /// Whether that is a standalone build even where Debian has the version.
    pub standalone_python: bool,
    /// The WSGI or ASGI object, or the factory that makes it.
    pub app: Option<AppReference>,
    /// The server to run the object with.
    pub server: Option<ServerKind>,
    /// Process types by name.
    pub processes: BTreeMap<ProcessType, ProcessConfig>,
    /// Public host names, the canonical one first.
    pub hosts: Vec<String>,
    /// How a web replica proves itself.
    pub health: Option<ProbeSpec>,
    /// Commands run once per release before its processes start.
    pub release: Vec<CommandLine>,
    /// Commands run while the image is built, on the project's files.
    pub build: Vec<CommandLine>,
    /// Names of the secrets that these commands find as files.
    pub build_secrets: Vec<String>,
    /// Plain settings given to every process.
    pub env: BTreeMap<String, String>,
    /// Paths below the code whose contents outlive a release. `None` when the key is absent:
    /// an empty list says that nothing is kept, whatever inspection would find.
    pub persist: Option<Vec<PersistPath>>,
    /// The file that declares the dependencies, where the project has several.
    pub dependencies: Option<String>,
    /// Extras of the project that production needs.
    pub extras: Vec<String>,
    /// Dependency groups that production needs.
    pub groups: Vec<String>,
    /// As of when versions are chosen where no lock says them.
    pub resolve_date: Option<ResolveDate>,
    /// Further Debian packages.
    pub apt: Vec<String>,
    /// Debian packages to compile source archives with.
    pub build_apt: Vec<String>,
    /// Files and folders kept out of the image.
    pub exclude: Vec<String>,
    /// Files that look like secrets and are none, in the syntax of `exclude`.
    pub allow_files: Vec<String>,
    /// The platforms that `windlass build` makes the image for; none for that of the machine alone.
    pub platforms: Vec<Machine>,
    /// How the image's layers are compressed.
    pub compression: Compression,
    /// Known vulnerabilities: where advisories are, and what does not count.
    pub scan: ScanConfig,
    /// Line of each key that is present, such as `app` or `processes.web`.
    lines: BTreeMap<String, u32>,
}

impl AppConfig {
    /// Reads the table out of the text of a `pyproject.toml`; a text without one gives defaults.
    pub fn from_pyproject(text: &str) -> Result<Self, ConfigError> {
        schema::read(text)
    }

    /// The line that a key is written on, counted from 1; dotted for nested keys.
    pub fn line_of(&self, key: &str) -> Option<u32> {
        self.lines.get(key).copied()
    }
}

#[cfg(test)]
mod tests;
