//! What a project depends on, decided: each package with its version and the one file to take.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use windlass_model::Digest;

/// Every package of an image, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resolution {
    /// The packages; each name occurs once.
    pub packages: Vec<LockedPackage>,
}

/// One package as it will be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedPackage {
    /// Normalised name (PEP 503).
    pub name: String,
    /// Version (PEP 440); `None` for a folder whose version only its build knows.
    pub version: Option<String>,
    /// Where its files come from.
    pub source: Source,
}

/// Where a package's files come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Source {
    /// A wheel, taken as it is.
    Wheel(Artifact),
    /// A source archive, built first.
    Sdist(Artifact),
    /// A folder of this machine (a workspace member, a path requirement), built first.
    Directory {
        /// The folder.
        path: PathBuf,
    },
}

/// One file to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// File name.
    pub file: String,
    /// Where it is.
    pub location: Location,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Size in bytes, when the index says it.
    pub size: Option<u64>,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Location {
    /// To be downloaded.
    Url(String),
    /// On this machine already.
    Path(PathBuf),
}

impl Resolution {
    /// The package of that normalised name.
    pub fn package(&self, name: &str) -> Option<&LockedPackage> {
        self.packages.iter().find(|package| package.name == name)
    }
}

impl LockedPackage {
    /// The file that the package is made from, unless it is a folder.
    pub fn artifact(&self) -> Option<&Artifact> {
        match &self.source {
            Source::Wheel(artifact) | Source::Sdist(artifact) => Some(artifact),
            Source::Directory { .. } => None,
        }
    }

    /// `name 1.0`, or the name alone.
    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A package's name as indexes compare it (PEP 503): lower case, runs of `-`, `_` and `.` as one
/// hyphen.
pub(crate) fn normalize_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        for (written, name) in
            [("Flask", "flask"), ("ruamel.yaml", "ruamel-yaml"), ("a_-.b", "a-b"), ("x", "x")]
        {
            assert_eq!(normalize_name(written), name);
        }
    }
}
