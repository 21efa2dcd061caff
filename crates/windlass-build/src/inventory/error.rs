//! Why it cannot be said what an image holds.

use std::io;
use std::path::PathBuf;
use windlass_model::Digest;
use windlass_oci::{StoreError, UnpackError};

/// An image whose contents cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The image's documents cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A layer cannot be read, or is damaged.
    #[error(transparent)]
    Layer(#[from] UnpackError),
    /// The config names another number of layers than the manifest.
    #[error("the image has {layers} layers and {diff_ids} diff-ids")]
    Mismatch {
        /// Layers of the manifest.
        layers: usize,
        /// Diff-ids of the config.
        diff_ids: usize,
    },
    /// A layer with more of something than any honest layer has.
    #[error("the layer {layer} holds more than {limit} {what}")]
    TooMuch {
        /// The layer.
        layer: Digest,
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The folder of what is known about layers cannot be used.
    #[error("cannot use {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
