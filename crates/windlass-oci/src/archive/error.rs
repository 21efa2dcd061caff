//! Why an archive was not written or not taken.

use crate::StoreError;
use std::io;
use windlass_model::Digest;

/// A failed export or load.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output cannot be written.
    #[error("the archive cannot be written")]
    Write {
        /// Why.
        source: io::Error,
    },
    /// The input is no tar, or ends too early.
    #[error("the archive cannot be read")]
    Read {
        /// Why.
        source: io::Error,
    },
    /// An entry that no honest tool writes.
    #[error("the archive holds `{path}`, which leads out of it")]
    Unsafe {
        /// The entry's path.
        path: String,
    },
    /// Two entries of one name: which is meant cannot be known.
    #[error("the archive holds `{path}` twice")]
    Twice {
        /// The entry's path.
        path: String,
    },
    /// More than is taken.
    #[error("the archive holds more than {limit} {unit}")]
    TooLarge {
        /// How many are taken.
        limit: u64,
        /// Of what: `bytes`, `files`, `images`.
        unit: &'static str,
    },
    /// Neither a layout nor Docker's form.
    #[error("the archive holds no image: neither `index.json` nor `manifest.json` is in it")]
    NoImage,
    /// A document that cannot be understood.
    #[error("`{path}` of the archive cannot be understood")]
    Document {
        /// Its path in the archive.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A document refers to something that is not there, or is a link.
    #[error("the archive lacks `{path}`, which its image needs")]
    Missing {
        /// The path in the archive.
        path: String,
    },
    /// A blob is not what its name or its descriptor says.
    #[error("`{path}` of the archive is damaged: it is {actual}, not {expected}")]
    Damaged {
        /// The path in the archive.
        path: String,
        /// What it should be.
        expected: Digest,
        /// What it is.
        actual: Digest,
    },
    /// A blob has another size than its descriptor says.
    #[error("`{path}` of the archive has {actual} bytes, and {expected} are announced")]
    Size {
        /// The path in the archive.
        path: String,
        /// What it should have.
        expected: u64,
        /// What it has.
        actual: u64,
    },
    /// A layer in a form that is not known.
    #[error("layers of the type `{media_type}` are not taken")]
    LayerType {
        /// The type as the manifest says it.
        media_type: String,
    },
    /// The config lists other layers than the manifest.
    #[error("the image has {layers} layers, and its config lists {diff_ids}")]
    Mismatch {
        /// Layers of the manifest.
        layers: usize,
        /// Layers of the config.
        diff_ids: usize,
    },
    /// A name that is none.
    #[error("an image of the archive is called `{name}`, which is not a name")]
    Name {
        /// The name, with what cannot be shown replaced.
        name: String,
    },
}
