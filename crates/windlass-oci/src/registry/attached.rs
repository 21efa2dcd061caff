//! What a repository has about an image, fetched into the store: bills of materials, provenance,
//! signatures.
//!
//! Invariant: signatures are only ever added. The registry's and the store's become one list, in
//! both directions, so that nobody's is lost by somebody else's push. Large things that are about
//! an image, and what is about another one, are left where they are.

use super::remote::Remote;
use super::{Action, Reference, Registry, RegistryError, download};
use crate::attachment::{attestation_name, signature_name};
use crate::document::Document;
use crate::{Descriptor, ImageStore, Manifest};
use windlass_model::Digest;

/// Referrers that are fetched.
const LIMIT: usize = 100;
/// Largest that one may be, in bytes.
const BYTES: u64 = 64 << 20;

impl Registry {
    /// Fetches what the repository of `from` has about an image, beside what the store has; gives
    /// the documents.
    ///
    /// # Errors
    /// What the registry answers, what the network does, and what the store meets.
    pub fn pull_attached(
        &self,
        from: &Reference,
        image: &Digest,
        store: &ImageStore,
    ) -> Result<Vec<Digest>, RegistryError> {
        let remote = self.remote(from, Action::Pull);
        let mut taken = Vec::new();
        for listed in self.referrers(from, image)?.into_iter().take(LIMIT) {
            taken.extend(referrer(&remote, store, image, &listed.digest)?);
        }
        for name in [signature_name(image), attestation_name(image)] {
            taken.extend(join_signatures(&remote, store, &name)?);
        }
        Ok(taken)
    }
}

/// Fetches one document that is said to be about the image; `None` when it is not, or is gone.
fn referrer(
    remote: &Remote<'_>,
    store: &ImageStore,
    image: &Digest,
    digest: &Digest,
) -> Result<Option<Digest>, RegistryError> {
    let at = remote.reference.at(*digest);
    let fetched = match remote.document(&at, Some(digest)) {
        Err(RegistryError::NotFound { .. }) => return Ok(None),
        fetched => fetched?,
    };
    let Document::Manifest(manifest) = &fetched.document else { return Ok(None) };
    let about = manifest.subject.as_ref().map(|subject| subject.digest);
    // Signatures in cosign's form look like images, and come by their names.
    let untyped =
        manifest.artifact_type.is_none() && manifest.config.media_type == Descriptor::CONFIG;
    if untyped || about != Some(*image) || !blobs(remote, store, manifest)? {
        return Ok(None);
    }
    let mut entry = store.put_blob(&fetched.media_type, &mut fetched.bytes.as_slice())?;
    let kind = manifest.artifact_type.as_ref().unwrap_or(&manifest.config.media_type);
    entry.artifact_type = Some(kind.clone());
    store.change_index(&mut |index| {
        if !index.manifests.iter().any(|there| there.digest == entry.digest) {
            index.manifests.push(entry.clone());
        }
    })?;
    Ok(Some(entry.digest))
}

/// Makes the signatures under a name the registry's and the store's together; `None` when the
/// registry has none.
pub(super) fn join_signatures(
    remote: &Remote<'_>,
    store: &ImageStore,
    name: &str,
) -> Result<Option<Digest>, RegistryError> {
    let tag = Some(name.to_owned());
    let at = Reference { tag, digest: None, ..remote.reference.clone() };
    let fetched = match remote.document(&at, None) {
        Err(RegistryError::NotFound { .. }) => return Ok(None),
        fetched => fetched?,
    };
    let Document::Manifest(manifest) = &fetched.document else { return Ok(None) };
    if !blobs(remote, store, manifest)? {
        return Ok(None);
    }
    let ours = match store.resolve(name)? {
        Some(there) => store.read_manifest(&there)?.layers,
        None => Vec::new(),
    };
    // One text signed by two keys is one blob with two notes.
    let more: Vec<Descriptor> =
        ours.into_iter().filter(|layer| !manifest.layers.contains(layer)).collect();
    if more.is_empty() {
        let stored = store.put_blob(&fetched.media_type, &mut fetched.bytes.as_slice())?;
        store.tag(name, &stored.digest)?;
        return Ok(Some(stored.digest));
    }
    let layers = manifest.layers.iter().cloned().chain(more).collect();
    Ok(Some(store.put_signatures(name, layers, manifest.subject.clone())?))
}

/// Fetches the blobs of something small; says whether it is.
fn blobs(
    remote: &Remote<'_>,
    store: &ImageStore,
    manifest: &Manifest,
) -> Result<bool, RegistryError> {
    let all = || std::iter::once(&manifest.config).chain(&manifest.layers);
    let bytes = all().fold(0_u64, |sum, blob| sum.saturating_add(blob.size));
    if bytes > BYTES {
        return Ok(false);
    }
    for blob in all() {
        download::ensure(remote, store, blob, &|_| ())?;
    }
    Ok(true)
}
