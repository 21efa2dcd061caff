//! Why a layer could not be unpacked.

use super::Expected;
use crate::StoreError;
use std::io;
use std::path::PathBuf;

/// A layer that could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The blob cannot be read, decompressed, or understood as tar.
    #[error("cannot read the layer {}", blob.display())]
    Read {
        /// The blob.
        blob: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The blob is not what its descriptor and config say.
    #[error("the layer {} is damaged", blob.display())]
    Damaged {
        /// The blob.
        blob: PathBuf,
        /// What it should be.
        expected: Box<Expected>,
        /// What it is.
        found: Box<Expected>,
    },
    /// An entry whose path would leave the folder.
    #[error("the layer holds the unsafe path `{path}`")]
    Path {
        /// The path.
        path: String,
    },
    /// An entry below a link, or below something else that is not a folder.
    #[error("the layer's entry `{path}` lies below a link or a file")]
    Through {
        /// The path.
        path: String,
    },
    /// An entry of a kind that images do not have.
    #[error("the layer's entry `{path}` is of an unknown kind")]
    Kind {
        /// The path.
        path: String,
    },
    /// The file system refused.
    #[error("cannot write `{path}` below the layer's folder")]
    Write {
        /// The path in the layer.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The cache's folder cannot be used.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The config names another number of layers than the manifest.
    #[error("the image has {layers} layers and {diff_ids} diff-ids")]
    Mismatch {
        /// Layers of the manifest.
        layers: usize,
        /// Diff-ids of the config.
        diff_ids: usize,
    },
    /// The image itself cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UnpackError {
    /// For `map_err`: a failed call on `path` of the layer.
    pub(super) fn write(path: &str) -> impl FnOnce(rustix::io::Errno) -> Self {
        |errno| Self::Write { path: path.to_owned(), source: errno.into() }
    }
}
