//! What is said about an image beside it: bills of materials, provenance, signatures.
//!
//! Two forms. A referrer is a manifest whose `subject` is the image (image-spec 1.1,
//! `manifest.md`, "subject"); in a layout it is an entry of `index.json` without a name. A
//! signature in cosign's form is a manifest whose name is made of the image's digest. Invariant:
//! of one artifact type an image has one referrer made here, so that saying something again
//! replaces what was said. What is in the documents is the caller's business.

use crate::{Descriptor, ImageConfig, ImageStore, Manifest, StoreError};
use std::collections::BTreeMap;
use windlass_model::Digest;

/// Something to say about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub artifact_type: String,
    /// What it says.
    pub payloads: Vec<Payload>,
    /// Notes on the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Notes on the document.
    pub annotations: BTreeMap<String, String>,
}

impl Payload {
    /// A document without notes.
    pub fn new(media_type: &str, bytes: Vec<u8>) -> Self {
        Self { media_type: media_type.to_owned(), bytes, annotations: BTreeMap::new() }
    }
}

impl ImageStore {
    /// Attaches a document to the manifest `subject`, in the place of an earlier one of its type.
    ///
    /// # Errors
    /// A subject that is not there, and what writing meets.
    pub fn attach(
        &self,
        subject: &Digest,
        attachment: &Attachment,
    ) -> Result<Descriptor, StoreError> {
        let empty = self.put_blob(Descriptor::EMPTY, &mut b"{}".as_slice())?;
        let mut manifest = Manifest::new(empty, self.put_payloads(&attachment.payloads)?);
        manifest.artifact_type = Some(attachment.artifact_type.clone());
        manifest.subject = Some(self.descriptor_of(subject)?);
        manifest.annotations.clone_from(&attachment.annotations);
        let mut entry = self.put_manifest(&manifest)?;
        entry.artifact_type = Some(attachment.artifact_type.clone());
        let replaced = self.referrers(subject)?;
        self.change_index(&mut |index| {
            let same_type = |there: &Descriptor| there.artifact_type == entry.artifact_type;
            index.manifests.retain(|there| {
                !(there.ref_name().is_none()
                    && same_type(there)
                    && replaced.iter().any(|old| old.digest == there.digest))
            });
            index.manifests.push(entry.clone());
        })?;
        Ok(entry)
    }

    /// What is attached to the manifest, in the order of the layout's index: referrers without a
    /// name, and in cosign's form with [`Descriptor::ref_name`]. A push takes these along, each
    /// with its own blobs.
    ///
    /// # Errors
    /// An index that cannot be read. An entry whose manifest is gone or damaged is passed over:
    /// it says nothing about this image.
    pub fn attachments(&self, subject: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let named = [signature_name(subject), attestation_name(subject)];
        let found = self.index()?.manifests.into_iter().filter(|entry| match entry.ref_name() {
            Some(name) => named.iter().any(|wanted| wanted == name),
            None => entry.artifact_type.is_some() && self.is_about(&entry.digest, subject),
        });
        Ok(found.collect())
    }

    /// The referrers of a manifest alone.
    ///
    /// # Errors
    /// As [`ImageStore::attachments`].
    pub fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let mut found = self.attachments(subject)?;
        found.retain(|entry| entry.ref_name().is_none());
        Ok(found)
    }

    /// The documents of a manifest's referrer of that type; empty when there is none.
    ///
    /// # Errors
    /// A blob that is missing, damaged or too large.
    pub fn attached(
        &self,
        subject: &Digest,
        artifact_type: &str,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let all = self.referrers(subject)?;
        let Some(entry) = all.iter().find(|it| it.artifact_type.as_deref() == Some(artifact_type))
        else {
            return Ok(Vec::new());
        };
        let manifest = self.read_manifest(&entry.digest)?;
        manifest.layers.iter().map(|layer| self.read_document(&layer.digest)).collect()
    }

    /// Stores documents; their descriptors carry their notes.
    ///
    /// # Errors
    /// What writing meets.
    pub fn put_payloads(&self, payloads: &[Payload]) -> Result<Vec<Descriptor>, StoreError> {
        let put = |payload: &Payload| {
            let stored = self.put_blob(&payload.media_type, &mut payload.bytes.as_slice())?;
            Ok(Descriptor { annotations: payload.annotations.clone(), ..stored })
        };
        payloads.iter().map(put).collect()
    }

    /// Puts signed documents under a name, in the place of what has it. The config is that of an
    /// image whose layers they are: registries that check configs want one.
    ///
    /// # Errors
    /// What writing meets.
    pub fn put_signatures(
        &self,
        name: &str,
        layers: Vec<Descriptor>,
        subject: Option<Descriptor>,
    ) -> Result<Digest, StoreError> {
        let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.digest).collect();
        let config = serde_json::json!({
            "architecture": "",
            "config": {},
            "created": ImageConfig::EPOCH,
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.put_blob(Descriptor::CONFIG, &mut config.to_string().as_bytes())?;
        let mut manifest = Manifest::new(config, layers);
        manifest.subject = subject;
        let stored = self.put_manifest(&manifest)?;
        self.tag(name, &stored.digest)?;
        Ok(stored.digest)
    }

    fn is_about(&self, manifest: &Digest, subject: &Digest) -> bool {
        let manifest = self.read_manifest(manifest);
        manifest.is_ok_and(|it| it.subject.is_some_and(|about| about.digest == *subject))
    }
}

/// The name that cosign looks for an image's signatures under, in the image's repository.
pub fn signature_name(subject: &Digest) -> String {
    format!("sha256-{}.sig", subject.hex())
}

/// The name that cosign looks for an image's signed attestations under.
pub fn attestation_name(subject: &Digest) -> String {
    format!("sha256-{}.att", subject.hex())
}

/// The image that a name made of its digest is about, as cosign's signatures have them:
/// `sha256-<hex>.sig`.
pub fn subject_of(name: &str) -> Option<Digest> {
    let tag = name.rsplit(['/', ':']).next()?;
    let (hex, _) = tag.strip_prefix("sha256-")?.split_once('.')?;
    Digest::from_hex(hex).ok()
}
