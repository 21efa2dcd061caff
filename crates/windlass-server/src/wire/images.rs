//! What is sent and taken about images.

use serde::{Deserialize, Serialize};

/// `POST /v1/images/prune`: what to free.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneRequest {
    /// Only count.
    #[serde(default)]
    pub dry_run: bool,
    /// How many releases of each app that served keep their images; the server's own number when
    /// left out. The current release always does.
    #[serde(default)]
    pub keep: Option<u32>,
    /// What may be left of the build cache, in bytes.
    #[serde(default)]
    pub cache_bytes: Option<u64>,
}

/// What was freed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneReport {
    /// Whether nothing was removed.
    pub dry_run: bool,
    /// By kind.
    pub pruned: Vec<Pruned>,
    /// What is left of the build cache, in bytes; `None` when a build uses it and it was left
    /// alone.
    pub cache_bytes: Option<u64>,
}

/// What was freed of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The kind: `images`, `unpacked layers`, `cache: wheels`.
    pub what: String,
    /// How many things.
    pub count: u64,
    /// Their space on the disk, in bytes.
    pub bytes: u64,
}
