//! What a store holds, for people: one line for each image.

mod detail;

pub use detail::{ImageDetail, LayerDetail};

use crate::attachment::subject_of;
use crate::document::Document;
use crate::{ImageConfig, ImageStore, Manifest, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::UNIX_EPOCH;
use windlass_model::Digest;

/// The fewest hexadecimal digits that stand for a digest.
const PREFIX: usize = 6;

/// An image in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSummary {
    /// Its names, sorted.
    pub names: Vec<String>,
    /// Its manifest, or the index of its manifests.
    pub digest: Digest,
    /// Which machines it is for: `linux/amd64`. Empty when it cannot be read.
    pub platforms: Vec<String>,
    /// Size of its documents and layers as they are stored, in bytes; layers are shared.
    pub bytes: u64,
    /// How many layers it has; for several machines, all that are different.
    pub layers: usize,
    /// When it was last stored, in milliseconds since the Unix epoch.
    pub stored_at_ms: Option<u64>,
    /// Why it cannot be used.
    pub damage: Option<String>,
}

/// Why a word stands for no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoImage {
    /// Nothing has this name or digest.
    #[error("there is no image `{word}`")]
    Unknown {
        /// The word.
        word: String,
    },
    /// Several digests begin so.
    #[error("`{word}` is the beginning of {count} digests")]
    Ambiguous {
        /// The word.
        word: String,
        /// How many.
        count: usize,
    },
}

impl ImageStore {
    /// Every image that has a name, and those of `others`: by name, then by digest.
    ///
    /// # Errors
    /// An index that cannot be read. An image that cannot be read is listed with its damage.
    pub fn list(&self, others: &[Digest]) -> Result<Vec<ImageSummary>, StoreError> {
        let mut names: BTreeMap<Digest, Vec<String>> =
            others.iter().map(|digest| (*digest, Vec::new())).collect();
        // What is only about an image has a name made of that image's digest.
        let tags = self.tags()?.into_iter().filter(|(name, _)| subject_of(name).is_none());
        for (name, digest) in tags {
            names.entry(digest).or_default().push(name);
        }
        let mut found: Vec<_> =
            names.into_iter().map(|(digest, names)| self.summary(digest, names)).collect();
        found.sort_by(|a, b| (a.names.is_empty(), &a.names).cmp(&(b.names.is_empty(), &b.names)));
        Ok(found)
    }

    /// The image that a word stands for: a name, a digest, or the beginning of one's hexadecimal
    /// digits among `known`.
    pub fn find(&self, word: &str, known: &[ImageSummary]) -> Result<Digest, NoImage> {
        let named = known.iter().find(|image| image.names.iter().any(|name| name == word));
        if let Some(image) = named {
            return Ok(image.digest);
        }
        let hex = word.strip_prefix("sha256:").unwrap_or(word);
        if let Ok(digest) = Digest::from_hex(hex)
            && self.blob_path(&digest).exists()
        {
            return Ok(digest);
        }
        let begins = |image: &&ImageSummary| {
            hex.len() >= PREFIX && image.digest.hex().starts_with(&hex.to_ascii_lowercase())
        };
        let found: BTreeSet<Digest> = known.iter().filter(begins).map(|i| i.digest).collect();
        match found.len() {
            0 => Err(NoImage::Unknown { word: word.to_owned() }),
            1 => Ok(*found.first().expect("there is one")),
            count => Err(NoImage::Ambiguous { word: word.to_owned(), count }),
        }
    }

    fn summary(&self, digest: Digest, names: Vec<String>) -> ImageSummary {
        let place = self.blob_path(&digest).metadata().ok();
        let stored = place.as_ref().and_then(|found| found.modified().ok());
        let stored = stored.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let mut summary = ImageSummary {
            names,
            digest,
            platforms: Vec::new(),
            bytes: 0,
            layers: 0,
            stored_at_ms: stored.map(|since| since.as_millis() as u64),
            damage: None,
        };
        let mut parts = Parts::default();
        match parts.read(self, &digest) {
            Ok(platforms) => summary.platforms = platforms,
            Err(error) => summary.damage = Some(error.to_string()),
        }
        if !parts.missing.is_empty() {
            summary.damage = Some(format!("missing: {}", parts.missing.join(", ")));
        }
        summary.bytes = parts.blobs.values().sum();
        summary.layers = parts.layers.len();
        summary
    }
}

/// What an image consists of, each part once.
#[derive(Default)]
struct Parts {
    /// Sizes in bytes.
    blobs: BTreeMap<Digest, u64>,
    layers: BTreeSet<Digest>,
    /// What should be there.
    missing: Vec<String>,
}

impl Parts {
    /// Adds a manifest, or all that an index lists; gives the platforms.
    fn read(&mut self, store: &ImageStore, digest: &Digest) -> Result<Vec<String>, StoreError> {
        let (bytes, document) = store.document(digest)?;
        self.blobs.insert(*digest, bytes.len() as u64);
        let index = match document {
            Document::Manifest(manifest) => return self.image(store, &manifest),
            Document::Index(index) => index,
        };
        for listed in index.images() {
            if store.holds(listed) {
                let manifest = store.read_manifest(&listed.digest)?;
                self.blobs.insert(listed.digest, listed.size);
                self.image(store, &manifest)?;
            } else {
                let platform = listed.platform.as_ref().map(ToString::to_string);
                self.missing.push(platform.unwrap_or_else(|| listed.digest.short()));
            }
        }
        Ok(index.platforms())
    }

    fn image(
        &mut self,
        store: &ImageStore,
        manifest: &Manifest,
    ) -> Result<Vec<String>, StoreError> {
        let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
        self.blobs.extend(blobs.map(|blob| (blob.digest, blob.size)));
        self.layers.extend(manifest.layers.iter().map(|layer| layer.digest));
        let missing = manifest.layers.iter().filter(|layer| !store.holds(layer)).count();
        if missing > 0 {
            self.missing.push(format!("{missing} of its layers"));
        }
        let config: ImageConfig = store.read_config(manifest)?;
        Ok(vec![format!("linux/{}", config.architecture)])
    }
}
