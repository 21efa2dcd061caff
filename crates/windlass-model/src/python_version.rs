//! A Python feature release, such as 3.13. Patch levels are the archive's business: an exact
//! patch pin almost never matches what is installed, so it is relaxed to the minor version.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A Python version as `major.minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PythonVersion {
    /// Always 3 for anything that Windlass can run.
    pub major: u8,
    /// The feature release.
    pub minor: u8,
}

/// Why a text is not a Python version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a Python version: expected something like `3.13`")]
pub struct InvalidPythonVersion {
    /// The text as given.
    pub text: String,
}

impl PythonVersion {
    /// Python 3.`minor`.
    pub const fn three(minor: u8) -> Self {
        Self { major: 3, minor }
    }
}

impl FromStr for PythonVersion {
    type Err = InvalidPythonVersion;

    /// Takes `3.13`, and relaxes `3.13.5` and `python-3.13.5` to `3.13`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || InvalidPythonVersion { text: text.to_owned() };
        let plain = text.trim().trim_start_matches("python-").trim_start_matches("cpython-");
        let mut parts = plain.split('.');
        let major = parts.next().and_then(|p| p.parse().ok()).ok_or_else(error)?;
        let minor = parts.next().and_then(|p| p.parse().ok()).ok_or_else(error)?;
        Ok(Self { major, minor })
    }
}

impl TryFrom<String> for PythonVersion {
    type Error = InvalidPythonVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PythonVersion> for String {
    fn from(version: PythonVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
