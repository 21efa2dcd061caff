//! Everything that there is to see of one image.

use crate::document::Document;
use crate::{ImageConfig, ImageStore, StoreError};
use serde::Serialize;
use windlass_model::Digest;

/// The label with the Python of an image made by Windlass.
const PYTHON: &str = "windlass.python";

/// An image in detail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageDetail {
    /// Its manifest.
    pub digest: Digest,
    /// Which machines it is for: `linux/amd64`.
    pub platform: String,
    /// Its Python, when it says so.
    pub python: Option<String>,
    /// Size of its layers as they are stored, in bytes.
    pub bytes: u64,
    /// The layers, lowest first.
    pub layers: Vec<LayerDetail>,
    /// How a container of it starts.
    pub config: ImageConfig,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerDetail {
    /// The blob.
    pub digest: Digest,
    /// The blob, decompressed.
    pub diff_id: Digest,
    /// How it is compressed.
    pub media_type: String,
    /// Size of the blob, in bytes.
    pub bytes: u64,
    /// What made it; empty where nothing says so.
    pub made_by: String,
}

impl ImageStore {
    /// The same for every image that a digest stands for: of an index those that it lists, without
    /// what is only about them.
    ///
    /// # Errors
    /// An image that cannot be read.
    pub fn details(&self, digest: &Digest) -> Result<Vec<ImageDetail>, StoreError> {
        let (_, document) = self.document(digest)?;
        let Document::Index(index) = document else { return Ok(vec![self.detail(digest)?]) };
        index.images().map(|image| self.detail(&image.digest)).collect()
    }

    /// What an image holds and how it runs.
    ///
    /// # Errors
    /// An image that cannot be read.
    pub fn detail(&self, digest: &Digest) -> Result<ImageDetail, StoreError> {
        let manifest = self.read_manifest(digest)?;
        let config = self.read_config(&manifest)?;
        // Lines that made no layer (a changed setting) are between those that did.
        let mut history = config.history.iter().filter(|line| !line.empty_layer);
        let layers: Vec<_> = manifest
            .layers
            .iter()
            .zip(&config.diff_ids)
            .map(|(layer, diff_id)| LayerDetail {
                digest: layer.digest,
                diff_id: *diff_id,
                media_type: layer.media_type.clone(),
                bytes: layer.size,
                made_by: history.next().map(|line| line.created_by.clone()).unwrap_or_default(),
            })
            .collect();
        Ok(ImageDetail {
            digest: *digest,
            platform: format!("linux/{}", config.architecture),
            python: config.labels.get(PYTHON).cloned(),
            bytes: layers.iter().map(|layer| layer.bytes).sum(),
            layers,
            config,
        })
    }
}
