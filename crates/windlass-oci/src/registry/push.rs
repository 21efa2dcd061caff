//! An image from the store into a registry.
//!
//! Invariants: blobs first, then the documents that name them, innermost first, tags last: whoever
//! reads from the registry meantime sees the old image or the new one. What the registry has is
//! not sent.

use super::attached::join_signatures;
use super::documents::Stands;
use super::mounts::Mounts;
use super::remote::Remote;
use super::transfer::{self, BlobReport, How, Transfer};
use super::upload::Upload;
use super::{Action, Reference, Registry, RegistryError, referrers};
use crate::document::Document;
use crate::{Descriptor, ImageStore, StoreError};
use std::path::Path;
use windlass_model::Digest;

/// How deep indexes may lie in one another.
const DEPTH: usize = 2;

/// What to push, and where to.
#[derive(Debug, Clone, Copy)]
pub struct PushRequest<'a> {
    /// Where the image is.
    pub store: &'a ImageStore,
    /// The image's manifest or index.
    pub image: &'a Digest,
    /// The repository; its own tag and digest are not looked at.
    pub to: &'a Reference,
    /// The tags that it gets; with none it is there by its digest alone.
    pub tags: &'a [String],
    /// Folder of notes on which repositories have which blobs, so that they can be mounted.
    pub notes: Option<&'a Path>,
}

/// An image that is in a registry now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The image's digest, which is the same here and there.
    pub digest: Digest,
    /// Every blob, in the order of the image.
    pub blobs: Vec<BlobReport>,
    /// Documents that are about the image, and were sent with it.
    pub attached: Vec<Digest>,
}

impl Registry {
    /// Pushes an image, with what the store has attached to it. Signatures that the registry has
    /// and the store has not are fetched, and stay.
    ///
    /// # Errors
    /// What the registry answers, what the network does, and what the store meets.
    pub fn push(
        &self,
        request: &PushRequest<'_>,
        hear: &dyn Fn(Transfer),
    ) -> Result<Pushed, RegistryError> {
        let remote = self.remote(request.to, Action::Push);
        let mut parts = Parts::default();
        parts.gather(request.store, request.image, 0)?;
        let attached = attached(&remote, request.store, &mut parts)?;
        let bytes = parts.blobs.iter().map(|blob| blob.size).sum();
        hear(Transfer::Total { bytes, blobs: parts.blobs.len() });

        let mounts = Mounts::read(request.notes, &request.to.registry);
        let bases = bases(request, &parts)?;
        let work = |blob: &Descriptor, count: &dyn Fn(i64)| {
            let mut from = mounts.of(&blob.digest, &request.to.repository);
            from.extend(
                bases.iter().filter(|base| !from.contains(base)).cloned().collect::<Vec<_>>(),
            );
            Upload { remote: &remote, store: request.store, blob, mounts: &from, count }.run()
        };
        let blobs = if is_complete(&remote, &parts)? {
            existed(&parts.blobs, hear)
        } else {
            transfer::each(&parts.blobs, self.settings().http.parallel, &work, hear)?
        };
        mounts.add(&request.to.repository, parts.blobs.iter().map(|blob| blob.digest));
        send_documents(&remote, request, &parts, &attached)?;
        let attached = attached.iter().map(|entry| entry.digest).collect();
        Ok(Pushed { digest: *request.image, blobs, attached })
    }
}

/// What an image consists of.
#[derive(Default)]
struct Parts {
    /// Innermost first.
    documents: Vec<StoredDocument>,
    /// Each once.
    blobs: Vec<Descriptor>,
}

struct StoredDocument {
    digest: Digest,
    bytes: Vec<u8>,
    document: Document,
}

impl Parts {
    fn gather(
        &mut self,
        store: &ImageStore,
        digest: &Digest,
        depth: usize,
    ) -> Result<(), RegistryError> {
        if self.documents.iter().any(|there| there.digest == *digest) {
            return Ok(());
        }
        if depth > DEPTH {
            return Err(RegistryError::TooDeep { digest: *digest });
        }
        let (bytes, document) = store.document(digest)?;
        match &document {
            Document::Manifest(manifest) => {
                for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
                    self.add_blob(store, blob)?;
                }
            }
            Document::Index(index) => {
                for listed in &index.manifests {
                    self.gather(store, &listed.digest, depth + 1)?;
                }
            }
        }
        self.documents.push(StoredDocument { digest: *digest, bytes, document });
        Ok(())
    }

    fn add_blob(&mut self, store: &ImageStore, blob: &Descriptor) -> Result<(), RegistryError> {
        if self.blobs.iter().any(|there| there.digest == blob.digest) {
            return Ok(());
        }
        if !store.holds(blob) {
            let path = store.blob_path(&blob.digest);
            let source = std::io::ErrorKind::NotFound.into();
            return Err(StoreError::Disk { path, source }.into());
        }
        self.blobs.push(blob.clone());
        Ok(())
    }
}

/// Other repositories of the registry that the images' bases come from, as their labels say.
fn bases(request: &PushRequest<'_>, parts: &Parts) -> Result<Vec<String>, RegistryError> {
    let mut bases = Vec::new();
    for part in &parts.documents {
        let Document::Manifest(manifest) = &part.document else { continue };
        if manifest.config.media_type != Descriptor::CONFIG {
            continue;
        }
        let config = request.store.read_config(manifest)?;
        let named = config.labels.get("org.opencontainers.image.base.name");
        let Some(Ok(base)) = named.map(|name| name.parse::<Reference>()) else { continue };
        let here = base.registry == request.to.registry;
        if here && base.repository != request.to.repository && !bases.contains(&base.repository) {
            bases.push(base.repository);
        }
    }
    Ok(bases)
}

/// Adds what the store has attached to the image and to the images of an index.
fn attached(
    remote: &Remote<'_>,
    store: &ImageStore,
    parts: &mut Parts,
) -> Result<Vec<Descriptor>, RegistryError> {
    let images: Vec<Digest> = parts.documents.iter().map(|part| part.digest).collect();
    let mut attached = Vec::new();
    for image in &images {
        // Signatures have one name: others' that are there already must not go.
        for name in store.attachments(image)?.iter().filter_map(Descriptor::ref_name) {
            join_signatures(remote, store, name)?;
        }
        attached.extend(store.attachments(image)?);
    }
    for entry in &attached {
        parts.gather(store, &entry.digest, 0)?;
    }
    Ok(attached)
}

/// Whether the repository has every document already, and with them every blob.
fn is_complete(remote: &Remote<'_>, parts: &Parts) -> Result<bool, RegistryError> {
    for part in parts.documents.iter().rev() {
        match remote.stands(&part.digest, part.document.media_type())? {
            Stands::Something => {}
            Stands::Nothing => return Ok(false),
        }
    }
    Ok(true)
}

fn existed(blobs: &[Descriptor], hear: &dyn Fn(Transfer)) -> Vec<BlobReport> {
    let report =
        |blob: &Descriptor| BlobReport { digest: blob.digest, size: blob.size, how: How::Existed };
    let reports: Vec<_> = blobs.iter().map(report).collect();
    let mut bytes = 0;
    for report in &reports {
        bytes += report.size;
        hear(Transfer::Moved { bytes });
        hear(Transfer::Blob(report.clone()));
    }
    reports
}

/// The image by its digest, what is about it, and the tags at last.
fn send_documents(
    remote: &Remote<'_>,
    request: &PushRequest<'_>,
    parts: &Parts,
    attached: &[Descriptor],
) -> Result<(), RegistryError> {
    let tags = request.tags;
    // Sent with its first tag instead, unless something else must come between.
    let by_tag_alone = |part: &StoredDocument| {
        part.digest == *request.image && attached.is_empty() && !tags.is_empty()
    };
    for part in parts.documents.iter().filter(|part| !by_tag_alone(part)) {
        let listed = send(remote, part, &part.digest.to_string())?;
        for entry in attached.iter().filter(|entry| entry.digest == part.digest) {
            match entry.ref_name() {
                Some(name) => drop(send(remote, part, name)?),
                None if listed => {}
                None => {
                    referrers::list_by_tag(remote, &part.digest, &part.bytes, &part.document)?;
                }
            }
        }
    }
    let image = parts.documents.iter().find(|part| part.digest == *request.image);
    for (tag, part) in tags.iter().filter_map(|tag| Some((tag, image?))) {
        send(remote, part, tag)?;
    }
    Ok(())
}

/// Gives whether the registry keeps the list of referrers itself.
fn send(remote: &Remote<'_>, part: &StoredDocument, name: &str) -> Result<bool, RegistryError> {
    remote.put_document(name, &part.bytes, (&part.digest, part.document.media_type()))
}
