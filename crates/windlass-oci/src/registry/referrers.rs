//! What is about an image: bills of materials, provenance, signatures (distribution spec,
//! "Listing Referrers" and "Pushing Manifests with Subject").
//!
//! A registry that keeps no such list gets one from its clients: an index at a tag that is made
//! of the subject's digest. Who writes it reads it first; two who do so at once lose an entry, as
//! the specification says, and find it again when they push again.

use super::remote::{Call, Remote};
use super::{Action, Reference, Registry, RegistryError};
use crate::document::Document;
use crate::{Descriptor, Index};
use sha2::{Digest as _, Sha256};
use ureq::http::Method;
use windlass_model::Digest;

/// Largest list that is read, in bytes.
const LIMIT: u64 = 4 << 20;

impl Registry {
    /// What a repository has that is about the image `subject`.
    ///
    /// # Errors
    /// What the registry answers, and what the network does.
    pub fn referrers(
        &self,
        repository: &Reference,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let remote = self.remote(repository, Action::Pull);
        let call = Call::new(Method::GET, remote.url(&format!("/referrers/{subject}")))
            .header("accept", Descriptor::INDEX);
        let listed = remote.tried(&mut || {
            let answer = remote.send(&call)?;
            if answer.status() == 404 {
                return Ok(None);
            }
            let mut answer = remote.expect(answer, &[200])?;
            let bytes = answer.bytes(LIMIT)?;
            match Document::parse(&bytes, None) {
                Ok(Document::Index(index)) => Ok(Some(*index)),
                _ => Err(answer.protocol("its list of referrers is no index")),
            }
        })?;
        match listed {
            Some(index) => Ok(index.manifests),
            None => Ok(by_tag(&remote, subject)?.manifests),
        }
    }
}

/// Adds a document to the list at the tag of its subject.
pub(super) fn list_by_tag(
    remote: &Remote<'_>,
    digest: &Digest,
    bytes: &[u8],
    document: &Document,
) -> Result<(), RegistryError> {
    let Some(subject) = document.subject() else { return Ok(()) };
    let mut index = by_tag(remote, &subject.digest)?;
    if index.manifests.iter().any(|there| there.digest == *digest) {
        return Ok(());
    }
    index.manifests.push(descriptor(digest, bytes, document));
    let text = serde_json::to_vec(&index).expect("an index has text keys");
    let digest = Digest::from_bytes(Sha256::digest(&text).into());
    remote.put_document(&tag(&subject.digest), &text, (&digest, Descriptor::INDEX))?;
    Ok(())
}

/// The list at the subject's tag; an empty one where there is none.
fn by_tag(remote: &Remote<'_>, subject: &Digest) -> Result<Index, RegistryError> {
    let at = Reference { tag: Some(tag(subject)), digest: None, ..remote.reference.clone() };
    match remote.document(&at, None) {
        Ok(fetched) => match fetched.document {
            Document::Index(index) => Ok(*index),
            Document::Manifest(_) => Ok(Index::default()),
        },
        Err(RegistryError::NotFound { .. }) => Ok(Index::default()),
        Err(error) => Err(error),
    }
}

/// "Referrers Tag Schema": the algorithm, a hyphen, the digits.
fn tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

fn descriptor(digest: &Digest, bytes: &[u8], document: &Document) -> Descriptor {
    let mut listed = Descriptor::new(document.media_type(), *digest, bytes.len() as u64);
    match document {
        Document::Manifest(manifest) => {
            // An artifact without a type of its own is known by its config's.
            let kind = manifest.artifact_type.as_ref();
            listed.artifact_type = Some(kind.unwrap_or(&manifest.config.media_type).clone());
            listed.annotations.clone_from(&manifest.annotations);
        }
        Document::Index(index) => listed.annotations.clone_from(&index.annotations),
    }
    listed
}
