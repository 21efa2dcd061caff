//! An OCI image layout on disk (image-spec, `image-layout.md`).
//!
//! Invariants: a blob is written to a temporary file, synced, and renamed to its digest, so what
//! is in `blobs/sha256` is whole; documents are checked against their digest on every read (layers
//! while they are unpacked). `index.json` changes by rename, under a lock.

mod blob;
mod choice;
mod documents;
mod error;
mod intact;
mod names;
mod upkeep;

pub use blob::BlobWriter;
pub use choice::ChoiceError;
pub use error::StoreError;

use crate::{Descriptor, ImageConfig, Index, Manifest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use windlass_model::Digest;

/// Largest manifest or config that is read, in bytes.
const DOCUMENT_LIMIT: u64 = 8 << 20;

/// Images and layers below one folder.
#[derive(Debug, Clone)]
pub struct ImageStore {
    dir: PathBuf,
}

impl ImageStore {
    /// Opens the layout at `dir`, and makes an empty one when there is none.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self { dir: dir.into() };
        let blobs = store.dir.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(StoreError::disk(&blobs))?;
        let layout = store.dir.join("oci-layout");
        if !layout.exists() {
            blob::replace(&layout, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        }
        let _lock = store.lock()?;
        if !store.index_path().exists() {
            blob::replace(&store.index_path(), &json(&Index::default()))?;
        }
        Ok(store)
    }

    /// Where the blob is or would be.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.dir.join("blobs/sha256").join(digest.hex())
    }

    /// Whether the blob is there with the size that its descriptor says.
    pub fn holds(&self, descriptor: &Descriptor) -> bool {
        fs::metadata(self.blob_path(&descriptor.digest))
            .is_ok_and(|there| there.is_file() && there.len() == descriptor.size)
    }

    /// A temporary file for a blob whose digest is known only at its end.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn blob_writer(&self) -> Result<BlobWriter, StoreError> {
        BlobWriter::new(&self.dir.join("blobs/sha256"))
    }

    /// Stores what `reader` gives.
    ///
    /// # Errors
    /// What reading and writing meet.
    pub fn put_blob(
        &self,
        media_type: &str,
        reader: &mut dyn Read,
    ) -> Result<Descriptor, StoreError> {
        let mut writer = crate::hashing::Hashing::new(self.blob_writer()?);
        io::copy(reader, &mut writer).map_err(StoreError::disk(&self.dir))?;
        let (writer, digest, size) = writer.finish();
        writer.commit(&digest)?;
        Ok(Descriptor::new(media_type, digest, size))
    }

    /// Stores a config.
    ///
    /// # Errors
    /// What writing meets.
    pub fn put_config(&self, config: &ImageConfig) -> Result<Descriptor, StoreError> {
        self.put_blob(Descriptor::CONFIG, &mut json(config).as_slice())
    }

    /// Stores a manifest.
    ///
    /// # Errors
    /// What writing meets.
    pub fn put_manifest(&self, manifest: &Manifest) -> Result<Descriptor, StoreError> {
        self.put_blob(Descriptor::MANIFEST, &mut json(manifest).as_slice())
    }

    /// Reads a manifest, checked against its digest.
    ///
    /// # Errors
    /// A blob that is missing, damaged, too large, or not a manifest.
    pub fn read_manifest(&self, digest: &Digest) -> Result<Manifest, StoreError> {
        self.read_json(digest)
    }

    /// Reads a manifest's config, checked against its digest.
    ///
    /// # Errors
    /// A blob that is missing, damaged, too large, or not a config.
    pub fn read_config(&self, manifest: &Manifest) -> Result<ImageConfig, StoreError> {
        self.read_json(&manifest.config.digest)
    }

    /// Gives the manifest a name; whatever had the name loses it.
    ///
    /// # Errors
    /// A manifest that is not there, and what writing meets.
    pub fn tag(&self, name: &str, manifest: &Digest) -> Result<(), StoreError> {
        let mut entry = self.descriptor_of(manifest)?;
        entry.annotations.insert(Descriptor::REF_NAME.to_owned(), name.to_owned());
        self.change_index(&mut |index| {
            if !index.manifests.contains(&entry) {
                index.manifests.retain(|there| there.ref_name() != Some(name));
                index.manifests.push(entry.clone());
            }
        })
    }

    /// The manifest that has the name.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn resolve(&self, name: &str) -> Result<Option<Digest>, StoreError> {
        let index = self.index()?;
        Ok(index.manifests.iter().find(|m| m.ref_name() == Some(name)).map(|m| m.digest))
    }

    /// Reads a small document, checked against its digest.
    ///
    /// # Errors
    /// A blob that is missing, damaged or too large.
    pub fn read_document(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.blob_path(digest);
        let bytes = read_limited(&path)?;
        let actual = Digest::from_bytes(Sha256::digest(&bytes).into());
        if actual != *digest {
            return Err(StoreError::Damaged { path, expected: *digest, actual });
        }
        Ok(bytes)
    }

    /// The descriptor of a manifest or an index that is there, with the type that it says it has.
    ///
    /// # Errors
    /// What is not there, or is neither.
    pub fn descriptor_of(&self, manifest: &Digest) -> Result<Descriptor, StoreError> {
        let (bytes, document) = self.document(manifest)?;
        Ok(Descriptor::new(document.media_type(), *manifest, bytes.len() as u64))
    }

    /// Changes the index under its lock; it is written only when it became another.
    pub(crate) fn change_index(
        &self,
        change: &mut dyn FnMut(&mut Index),
    ) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let before = self.index()?;
        let mut index = before.clone();
        change(&mut index);
        if index == before {
            return Ok(());
        }
        blob::replace(&self.index_path(), &json(&index))
    }

    pub(crate) fn index(&self) -> Result<Index, StoreError> {
        let path = self.index_path();
        let bytes = fs::read(&path).map_err(StoreError::disk(&path))?;
        serde_json::from_slice(&bytes).map_err(|source| StoreError::Index { path, source })
    }

    fn index_path(&self) -> PathBuf {
        self.dir.join("index.json")
    }

    /// Held while the index changes; other processes wait.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.dir.join(".lock");
        let lock = || {
            let file = File::options().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(StoreError::disk(&path))
    }

    pub(crate) fn read_json<T: DeserializeOwned>(&self, digest: &Digest) -> Result<T, StoreError> {
        let bytes = self.read_document(digest)?;
        serde_json::from_slice(&bytes)
            .map_err(|source| StoreError::Document { digest: *digest, source })
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(StoreError::disk(path))?;
    file.take(DOCUMENT_LIMIT + 1).read_to_end(&mut bytes).map_err(StoreError::disk(path))?;
    if bytes.len() as u64 > DOCUMENT_LIMIT {
        return Err(StoreError::TooLarge { path: path.to_owned(), limit: DOCUMENT_LIMIT });
    }
    Ok(bytes)
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("the documents' maps have text keys")
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}
