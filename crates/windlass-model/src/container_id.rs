//! Identity of a container on one host.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A container's name: a safe path component of at most 80 characters.
///
/// It is derived from what the container is for, never random, so that starting it twice is the
/// same as starting it once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

/// Why a text cannot name a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{id}` cannot name a container: use lower-case letters, digits, `-` and `.`")]
pub struct InvalidContainerId {
    /// The text as given.
    pub id: String,
}

impl ContainerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ContainerId {
    type Err = InvalidContainerId;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        let body = id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
        let starts = id.starts_with(|c: char| c.is_ascii_lowercase());
        if body && starts && !id.contains("..") && id.len() <= 80 {
            Ok(Self(id.to_owned()))
        } else {
            Err(InvalidContainerId { id: id.to_owned() })
        }
    }
}

impl TryFrom<String> for ContainerId {
    type Error = InvalidContainerId;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        id.parse()
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> Self {
        id.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
