//! The image that is meant where a digest stands for several.

use super::{ImageStore, StoreError};
use crate::Platform;
use crate::document::Document;
use windlass_model::Digest;

/// Why an index has no image to look into.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// A document cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is none for that machine.
    #[error("the image is not there for {wanted}")]
    NoPlatform {
        /// What was asked for.
        wanted: String,
        /// What there is.
        available: Vec<String>,
    },
}

impl ImageStore {
    /// The image of an index that is for a platform; an image itself is what it is, whatever
    /// machine it is for.
    ///
    /// # Errors
    /// An index without such an image, or whose image is not in the store.
    pub fn image_for(&self, root: &Digest, wanted: &Platform) -> Result<Digest, ChoiceError> {
        let Document::Index(index) = self.document(root)?.1 else { return Ok(*root) };
        let here = index.manifests.into_iter().filter(|it| self.holds(it)).collect();
        let here = crate::Index::new(here);
        let chosen = here.choose(wanted).map(|chosen| chosen.digest);
        chosen.ok_or_else(|| ChoiceError::NoPlatform {
            wanted: wanted.to_string(),
            available: here.platforms(),
        })
    }
}
