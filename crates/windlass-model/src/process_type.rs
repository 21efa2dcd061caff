//! Process types: web, worker, beat and whatever else a project runs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The name of a process type: lower-case letters, digits, hyphens; at most 16 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProcessType(String);

/// Why a text cannot name a process type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` cannot name a process type: use 1 to 16 lower-case letters, digits and hyphens, \
     starting with a letter"
)]
pub struct InvalidProcessType {
    /// The name as given.
    pub name: String,
}

impl ProcessType {
    /// The process type that the edge sends requests to.
    pub fn web() -> Self {
        Self("web".to_owned())
    }

    /// Whether this is the process type that the edge sends requests to.
    pub fn is_web(&self) -> bool {
        self.0 == "web"
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProcessType {
    type Err = InvalidProcessType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let body = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        if body && starts && !name.ends_with('-') && name.len() <= 16 {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidProcessType { name: name.to_owned() })
        }
    }
}

impl TryFrom<String> for ProcessType {
    type Error = InvalidProcessType;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<ProcessType> for String {
    fn from(name: ProcessType) -> Self {
        name.0
    }
}

impl fmt::Display for ProcessType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
