//! Manifests and indexes of a layout, told apart, and what they reach.

use super::{ImageStore, StoreError, json};
use crate::document::Document;
use crate::{Descriptor, Index};
use std::collections::BTreeSet;
use windlass_model::Digest;

impl ImageStore {
    /// Stores an index.
    ///
    /// # Errors
    /// What writing meets.
    pub fn put_index(&self, index: &Index) -> Result<Descriptor, StoreError> {
        self.put_blob(Descriptor::INDEX, &mut json(index).as_slice())
    }

    /// Reads an index, checked against its digest.
    ///
    /// # Errors
    /// A blob that is missing, damaged, too large, or not an index.
    pub fn read_index(&self, digest: &Digest) -> Result<Index, StoreError> {
        self.read_json(digest)
    }

    /// Reads a manifest or an index with its exact bytes, checked against its digest.
    ///
    /// # Errors
    /// A blob that is missing, damaged, too large, or neither.
    pub fn document(&self, digest: &Digest) -> Result<(Vec<u8>, Document), StoreError> {
        let bytes = self.read_document(digest)?;
        let document = Document::parse(&bytes, None)
            .map_err(|source| StoreError::Ambiguous { digest: *digest, source })?;
        Ok((bytes, document))
    }

    /// The images that a digest stands for: itself, or those that its index lists, in its order.
    ///
    /// # Errors
    /// A document that cannot be read. An index in an index is read as an image, which it is not.
    pub fn images_of(&self, root: &Digest) -> Result<Vec<Digest>, StoreError> {
        Ok(match self.document(root)?.1 {
            Document::Manifest(_) => vec![*root],
            Document::Index(index) => index.manifests.iter().map(|listed| listed.digest).collect(),
        })
    }

    /// Everything that an image or an index needs, itself included, and what is about it.
    ///
    /// # Errors
    /// A document that cannot be read: what it reaches is not known.
    pub fn reached(&self, root: &Digest) -> Result<BTreeSet<Digest>, StoreError> {
        let mut found = BTreeSet::new();
        let mut next = vec![*root];
        while let Some(digest) = next.pop() {
            if !found.insert(digest) {
                continue;
            }
            match self.document(&digest)?.1 {
                Document::Index(index) => next.extend(index.manifests.iter().map(|m| m.digest)),
                Document::Manifest(manifest) => {
                    let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
                    found.extend(blobs.map(|blob| blob.digest));
                }
            }
            next.extend(self.attachments(&digest)?.iter().map(|entry| entry.digest));
        }
        Ok(found)
    }
}
