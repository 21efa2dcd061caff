//! An image from a registry into the store.
//!
//! Invariants: whatever is stored was checked against its digest while it was read; documents
//! are stored, byte for byte, after all that they name; the name comes last. So an interrupted
//! pull leaves blobs that the next one finds, and nothing that looks like an image.

use super::documents::Fetched;
use super::remote::Remote;
use super::transfer::{self, BlobReport, Transfer};
use super::{Reference, Registry, RegistryError, download};
use crate::document::Document;
use crate::{Descriptor, ImageStore, Manifest, Platform};
use std::collections::BTreeSet;
use windlass_model::Digest;

/// Docker's media type of an image's config.
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// How deep indexes may lie in one another.
const DEPTH: usize = 2;

/// Which of an image's platforms are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platforms {
    /// The image for one, without the index that it is in.
    One(Platform),
    /// Everything: the index and all its images.
    All,
}

/// An image that is in the store now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// What was asked for stands at this digest in the registry: an index's where there is one.
    pub source: Digest,
    /// Digest of what was stored and named: an image's, or an index's when all were wanted.
    pub digest: Digest,
    /// Every blob, in the order of the image.
    pub blobs: Vec<BlobReport>,
}

impl Registry {
    /// Pulls an image, and names it in the store as the reference says.
    ///
    /// # Errors
    /// What the registry answers, what the network does, and what the store meets.
    pub fn pull(
        &self,
        reference: &Reference,
        platforms: &Platforms,
        store: &ImageStore,
        hear: &dyn Fn(Transfer),
    ) -> Result<Pulled, RegistryError> {
        let remote = self.remote(reference, super::Action::Pull);
        let root = remote.document(reference, None)?;
        let source = root.digest;
        let mut gathered = Gathered { remote: &remote, documents: Vec::new(), blobs: Vec::new() };
        match platforms {
            Platforms::One(wanted) => gathered.one(root, wanted, 0)?,
            Platforms::All => gathered.all(root, 0)?,
        }
        let Gathered { documents, blobs, .. } = gathered;
        if let Platforms::One(wanted) = platforms {
            for fetched in &documents {
                check_platform(&remote, store, fetched, wanted)?;
            }
        }
        // Sizes are what a stranger wrote.
        let bytes = blobs.iter().fold(0_u64, |sum, blob| sum.saturating_add(blob.size));
        hear(Transfer::Total { bytes, blobs: blobs.len() });
        let work =
            |blob: &Descriptor, count: &dyn Fn(i64)| download::ensure(&remote, store, blob, count);
        let reports = transfer::each(&blobs, self.settings().http.parallel, &work, hear)?;
        let mut digest = source;
        for fetched in &documents {
            digest = store.put_blob(&fetched.media_type, &mut fetched.bytes.as_slice())?.digest;
        }
        store.tag(&reference.to_string(), &digest)?;
        Ok(Pulled { source, digest, blobs: reports })
    }
}

/// What an image consists of: documents, the outermost last, and blobs, each once.
struct Gathered<'a> {
    remote: &'a Remote<'a>,
    documents: Vec<Fetched>,
    blobs: Vec<Descriptor>,
}

impl Gathered<'_> {
    fn one(&mut self, root: Fetched, wanted: &Platform, depth: usize) -> Result<(), RegistryError> {
        match &root.document {
            Document::Manifest(manifest) => {
                self.add_blobs(manifest);
                self.documents.push(root);
                Ok(())
            }
            Document::Index(index) => {
                let chosen = index.choose(wanted).ok_or_else(|| RegistryError::NoPlatform {
                    reference: self.remote.reference.to_string(),
                    wanted: wanted.to_string(),
                    available: index.platforms(),
                })?;
                let inner = self.inner(chosen, depth)?;
                self.one(inner, wanted, depth + 1)
            }
        }
    }

    fn all(&mut self, root: Fetched, depth: usize) -> Result<(), RegistryError> {
        match &root.document {
            Document::Manifest(manifest) => self.add_blobs(manifest),
            Document::Index(index) => {
                let mut seen = BTreeSet::new();
                for listed in index.manifests.iter().filter(|listed| seen.insert(listed.digest)) {
                    let inner = self.inner(listed, depth)?;
                    self.all(inner, depth + 1)?;
                }
            }
        }
        self.documents.push(root);
        Ok(())
    }

    fn inner(&self, listed: &Descriptor, depth: usize) -> Result<Fetched, RegistryError> {
        if depth >= DEPTH {
            return Err(RegistryError::TooDeep { digest: listed.digest });
        }
        self.remote.document(&self.remote.reference.at(listed.digest), Some(&listed.digest))
    }

    fn add_blobs(&mut self, manifest: &Manifest) {
        for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
            if !self.blobs.iter().any(|there| there.digest == blob.digest) {
                self.blobs.push(blob.clone());
            }
        }
    }
}

/// An image that is in no index says in its config what it is for.
fn check_platform(
    remote: &Remote<'_>,
    store: &ImageStore,
    fetched: &Fetched,
    wanted: &Platform,
) -> Result<(), RegistryError> {
    let Document::Manifest(manifest) = &fetched.document else { return Ok(()) };
    let kind = manifest.config.media_type.as_str();
    if kind != Descriptor::CONFIG && kind != DOCKER_CONFIG {
        return Ok(());
    }
    download::ensure(remote, store, &manifest.config, &|_| ())?;
    let config = store.read_config(manifest)?;
    if config.architecture == wanted.architecture {
        return Ok(());
    }
    Err(RegistryError::NoPlatform {
        reference: remote.reference.to_string(),
        wanted: wanted.to_string(),
        available: vec![Platform::linux(&config.architecture).to_string()],
    })
}
