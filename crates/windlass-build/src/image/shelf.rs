//! Layers that were made before, by the hash of what they were made from.
//!
//! A layer is looked for by its inputs, never by its bytes: with nothing changed, nothing is read,
//! compiled or compressed again. What the shelf says counts only while the store holds the blob.

use super::config::NamedLayer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::PathBuf;
use windlass_model::{Compression, Digest};
use windlass_oci::{
    BlobWriter, ImageStore, LayerEntry, LayerError, LayerInfo, LayerWriter, SplicedLayer,
    StoreError,
};

/// Balanced: level 6 takes three times as long for 8 % less.
const GZIP_LEVEL: u32 = 4;

/// The layers of earlier builds.
#[derive(Debug)]
pub(crate) struct Shelf<'a> {
    pub(crate) store: &'a ImageStore,
    /// Folder of the notes: one per key and compression.
    notes: PathBuf,
    /// How layers are compressed.
    compression: Compression,
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

impl<'a> Shelf<'a> {
    /// A shelf whose notes are in the folder `notes`.
    pub(crate) fn new(store: &'a ImageStore, notes: PathBuf, compression: Compression) -> Self {
        Self { store, notes, compression }
    }

    /// The layer made from these inputs, if it was made before and is still there.
    pub(crate) fn find(&self, key: &Digest) -> Option<LayerInfo> {
        let info: LayerInfo = self.read(key)?;
        self.store.holds(&info.descriptor).then_some(info)
    }

    /// The layers noted together, if all of them are still there.
    pub(crate) fn find_set(&self, key: &Digest) -> Option<Vec<NamedLayer>> {
        let layers: Vec<NamedLayer> = self.read(key)?;
        layers.iter().all(|layer| self.store.holds(&layer.info.descriptor)).then_some(layers)
    }

    /// Notes layers that inputs lead to together.
    pub(crate) fn note_set(&self, key: &Digest, layers: &[NamedLayer]) -> Result<(), ShelfError> {
        self.note(key, &layers)
    }

    /// Makes a layer and notes it.
    pub(crate) fn make(
        &self,
        key: &Digest,
        entries: Vec<LayerEntry>,
    ) -> Result<LayerInfo, ShelfError> {
        let out = self.store.blob_writer()?;
        let writer = match self.compression {
            Compression::Gzip => LayerWriter::new(out, GZIP_LEVEL),
            Compression::Zstd => LayerWriter::zstd(out)?,
        };
        self.keep(key, writer.write(entries)?)
    }

    /// Joins a layer from segments and notes it.
    pub(crate) fn splice(
        &self,
        key: &Digest,
        layer: &SplicedLayer<'_>,
    ) -> Result<LayerInfo, ShelfError> {
        let out = self.store.blob_writer()?;
        self.keep(key, layer.write(out, self.compression)?)
    }

    fn keep(
        &self,
        key: &Digest,
        (out, info): (BlobWriter, LayerInfo),
    ) -> Result<LayerInfo, ShelfError> {
        if !self.store.holds(&info.descriptor) {
            out.commit(&info.descriptor.digest)?;
        }
        self.note(key, &info)?;
        Ok(info)
    }

    fn read<T: DeserializeOwned>(&self, key: &Digest) -> Option<T> {
        serde_json::from_slice(&std::fs::read(self.note_of(key)).ok()?).ok()
    }

    fn note_of(&self, key: &Digest) -> PathBuf {
        match self.compression {
            Compression::Gzip => self.notes.join(key.hex()),
            Compression::Zstd => self.notes.join(format!("{}-zstd", key.hex())),
        }
    }

    fn note(&self, key: &Digest, what: &impl Serialize) -> Result<(), ShelfError> {
        let path = self.note_of(key);
        let write = || {
            std::fs::create_dir_all(&self.notes)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.notes)?;
            file.write_all(&serde_json::to_vec(what).map_err(std::io::Error::other)?)?;
            file.as_file().sync_all()?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        };
        write().map_err(|source| ShelfError::Note { path: path.clone(), source })
    }
}
