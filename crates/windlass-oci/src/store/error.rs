//! Why the store could not do what was asked.

use crate::document::DocumentError;
use std::io;
use std::path::{Path, PathBuf};
use windlass_model::Digest;

/// A failed store operation.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A blob is not what its name says.
    #[error("{} is damaged: its digest is {actual}", path.display())]
    Damaged {
        /// The blob.
        path: PathBuf,
        /// What its name says.
        expected: Digest,
        /// What it is.
        actual: Digest,
    },
    /// A document larger than any that is read.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The blob.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A blob that is whole and still not what it should be.
    #[error("{digest} is not the document that it is used as")]
    Document {
        /// The blob.
        digest: Digest,
        /// Why.
        source: serde_json::Error,
    },
    /// A blob that is not exactly one of a manifest and an index.
    #[error("{digest} is not a manifest or an index")]
    Ambiguous {
        /// The blob.
        digest: Digest,
        /// Why.
        source: DocumentError,
    },
    /// The index cannot be understood.
    #[error("{} is not an image index", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl StoreError {
    /// For `map_err`: an I/O failure at `path`.
    pub(crate) fn disk(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Disk { path, source }
    }
}
