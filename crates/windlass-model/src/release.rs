//! Releases: immutable pairs of an image and the way to run it.

use crate::{AppName, AppSpec, Digest};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A release's number within its app, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseNumber(pub u32);

/// An immutable release: number, image and configuration. Rolling back to it is exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The app it belongs to.
    pub app: AppName,
    /// Its number.
    pub number: ReleaseNumber,
    /// The digest of the image's manifest.
    pub image: Digest,
    /// How to run it.
    pub spec: AppSpec,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// Where it came from, in a few words: `deploy`, `rollback to 3`, `scale web=2`.
    pub origin: String,
    /// The commit of the project's source, when it is a git checkout; `-dirty` follows one with
    /// changes, as in `git describe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl fmt::Display for ReleaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
