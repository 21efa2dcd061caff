//! Whether an image is, byte for byte, what its digest says.

use super::{ImageStore, StoreError};
use crate::document::Document;
use crate::hashing::Hashing;
use std::fs::File;
use std::io;
use windlass_model::Digest;

impl ImageStore {
    /// Reads every byte of an image: its documents and its layers. Of an index that is every image
    /// that is here; what is not here cannot be run.
    ///
    /// # Errors
    /// What is missing or damaged.
    pub fn check(&self, root: &Digest) -> Result<(), StoreError> {
        match self.document(root)?.1 {
            Document::Manifest(manifest) => {
                let mut blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
                blobs.try_for_each(|blob| self.check_blob(&blob.digest))
            }
            Document::Index(index) => {
                let here = index.manifests.iter();
                let mut here = here.filter(|listed| self.blob_path(&listed.digest).exists());
                here.try_for_each(|listed| self.check_image(&listed.digest))
            }
        }
    }

    /// An image of an index: an index in an index is none.
    fn check_image(&self, digest: &Digest) -> Result<(), StoreError> {
        self.read_manifest(digest)?;
        self.check(digest)
    }

    fn check_blob(&self, expected: &Digest) -> Result<(), StoreError> {
        let path = self.blob_path(expected);
        let mut file = Hashing::new(File::open(&path).map_err(StoreError::disk(&path))?);
        io::copy(&mut file, &mut io::sink()).map_err(StoreError::disk(&path))?;
        let (_, actual, _) = file.finish();
        if actual == *expected {
            return Ok(());
        }
        Err(StoreError::Damaged { path, expected: *expected, actual })
    }
}
