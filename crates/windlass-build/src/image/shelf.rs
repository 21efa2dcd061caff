//! Layers that were made before, by the hash of what they were made from.
//!
//! A layer is looked for by its inputs, never by its bytes: with nothing changed, nothing is read,
//! compiled or compressed again. What the shelf says counts only while the store holds the blob.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::PathBuf;
use windlass_model::Digest;
use windlass_oci::{ImageStore, LayerEntry, LayerError, LayerInfo, LayerWriter, StoreError};

/// Balanced: level 6 takes three times as long for 8 % less.
const GZIP_LEVEL: u32 = 4;

/// The layers of earlier builds.
#[derive(Debug)]
pub(crate) struct Shelf<'a> {
    pub(crate) store: &'a ImageStore,
    /// Folder of the notes: one per key.
    pub(crate) notes: PathBuf,
}

/// Why a layer could not be made or noted.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The layer could not be written.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The note could not be written.
    #[error("cannot write {}", path.display())]
    Note {
        /// The note.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The key of a layer: a hash over everything that it is made from.
pub(crate) fn key_of(inputs: &impl Serialize) -> Digest {
    let json = serde_json::to_vec(inputs).expect("inputs are texts and numbers");
    Digest::from_bytes(Sha256::digest(json).into())
}

impl Shelf<'_> {
    /// The layer made from these inputs, if it was made before and is still there.
    pub(crate) fn find(&self, key: &Digest) -> Option<LayerInfo> {
        let note = std::fs::read(self.notes.join(key.hex())).ok()?;
        let info: LayerInfo = serde_json::from_slice(&note).ok()?;
        self.store.holds(&info.descriptor).then_some(info)
    }

    /// Makes a layer and notes it.
    pub(crate) fn make(
        &self,
        key: &Digest,
        entries: Vec<LayerEntry>,
    ) -> Result<LayerInfo, ShelfError> {
        let out = self.store.blob_writer()?;
        let (out, info) = LayerWriter::new(out, GZIP_LEVEL).write(entries)?;
        if !self.store.holds(&info.descriptor) {
            out.commit(&info.descriptor.digest)?;
        }
        let path = self.notes.join(key.hex());
        let write = || {
            std::fs::create_dir_all(&self.notes)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.notes)?;
            let json = serde_json::to_vec(&info).map_err(std::io::Error::other)?;
            file.write_all(&json)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map_err(|source| ShelfError::Note { path: path.clone(), source })?;
        Ok(info)
    }
}
