//! Descriptors: how one blob refers to another (image-spec, `descriptor.md`).

use crate::Platform;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use windlass_model::Digest;

/// A blob's type, digest and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// One of the constants below, or what a foreign image says.
    pub media_type: String,
    /// Digest of the blob's bytes.
    pub digest: Digest,
    /// Size of the blob in bytes.
    pub size: u64,
    /// What kind of thing it is, when it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Which machines it is for; entries of an index say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Notes on the reference; the index keeps tag names here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// An image manifest.
    pub const MANIFEST: &'static str = "application/vnd.oci.image.manifest.v1+json";
    /// An image index.
    pub const INDEX: &'static str = "application/vnd.oci.image.index.v1+json";
    /// Docker's image manifest, version 2 schema 2.
    pub const DOCKER_MANIFEST: &'static str =
        "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's list of manifests.
    pub const DOCKER_INDEX: &'static str =
        "application/vnd.docker.distribution.manifest.list.v2+json";
    /// An image config.
    pub const CONFIG: &'static str = "application/vnd.oci.image.config.v1+json";
    /// A layer: tar, compressed with gzip.
    pub const LAYER_GZIP: &'static str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// A layer: tar, compressed with Zstandard.
    pub const LAYER_ZSTD: &'static str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// A layer: plain tar.
    pub const LAYER_TAR: &'static str = "application/vnd.oci.image.layer.v1.tar";
    /// The config of what needs none: the two bytes `{}` (`manifest.md`, "empty descriptor").
    pub const EMPTY: &'static str = "application/vnd.oci.empty.v1+json";
    /// The annotation that holds a tag's name in a layout's index (`annotations.md`).
    pub const REF_NAME: &'static str = "org.opencontainers.image.ref.name";

    /// A descriptor without annotations.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The tag's name, when this is an entry of a layout's index.
    pub fn ref_name(&self) -> Option<&str> {
        self.annotations.get(Self::REF_NAME).map(String::as_str)
    }

    /// The same, for one platform.
    #[must_use]
    pub fn for_platform(self, platform: Platform) -> Self {
        Self { platform: Some(platform), ..self }
    }

    /// Whether it refers to an index, OCI's or Docker's.
    pub fn is_index(&self) -> bool {
        self.media_type == Self::INDEX || self.media_type == Self::DOCKER_INDEX
    }

    /// Whether it refers to an image manifest, OCI's or Docker's.
    pub fn is_manifest(&self) -> bool {
        self.media_type == Self::MANIFEST || self.media_type == Self::DOCKER_MANIFEST
    }
}
