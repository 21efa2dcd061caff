//! The image that a word on the command line stands for.

use super::super::At;
use super::{find, known};
use crate::error::CliError;
use std::fs::File;
use windlass_model::Digest;
use windlass_oci::explain::{explain_choice, explain_store};
use windlass_oci::{ImageStore, Platform};

/// An image that something is said about; no sweep removes it meanwhile.
pub(super) struct Subject {
    pub(super) store: ImageStore,
    /// Its manifest, or an index of several.
    pub(super) digest: Digest,
    /// What it is called: as it was asked for, unless that was a digest.
    pub(super) name: String,
    _held: File,
}

impl Subject {
    pub(super) async fn find(at: &At, word: &str) -> Result<Self, CliError> {
        let (store, images) = known(at).await?;
        let held = store.hold().map_err(|error| explain_store(&error))?;
        let digest = find(&store, word, &images)?;
        let names = images.into_iter().find(|image| image.summary.digest == digest);
        let mut names = names.map(|image| image.summary.names).unwrap_or_default();
        let name = match names.iter().position(|name| name == word) {
            Some(at) => names.swap_remove(at),
            None => names.into_iter().next().unwrap_or_else(|| digest.to_string()),
        };
        Ok(Self { store, digest, name, _held: held })
    }

    /// The image itself: of an index the one for `platform`, or for this machine.
    pub(super) fn image(&self, platform: Option<&Platform>) -> Result<Digest, CliError> {
        let machine = Platform::of_this_machine();
        let chosen = self.store.image_for(&self.digest, platform.unwrap_or(&machine));
        Ok(chosen.map_err(|error| explain_choice(&error))?)
    }
}
