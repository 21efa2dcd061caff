//! Image manifests and indexes (image-spec, `manifest.md` and `image-index.md`).
//!
//! Docker's schema 2 documents have the same members and are read as the same types; what is
//! written here is OCI's.

use crate::{Descriptor, Platform};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An image: its config and its layers, lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// [`Descriptor::MANIFEST`]; foreign images may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What this is when it is no image: a bill of materials, a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The config blob.
    pub config: Descriptor,
    /// The layer blobs, lowest first.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes on the image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A list of manifests: one image for several platforms, or what a layout has in `index.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// [`Descriptor::INDEX`]; foreign layouts may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this index is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes on the index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// A manifest without annotations.
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(Descriptor::MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }
}

impl Index {
    /// An index of these manifests, each with its platform in its descriptor.
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self { manifests, ..Self::default() }
    }

    /// The first entry for a platform: the exact variant before a compatible one.
    pub fn choose(&self, wanted: &Platform) -> Option<&Descriptor> {
        let serving = || {
            let listed = self.manifests.iter();
            listed.filter(|listed| listed.platform.as_ref().is_some_and(|has| has.serves(wanted)))
        };
        let exact = serving().find(|listed| listed.platform.as_ref() == Some(wanted));
        exact.or_else(|| serving().next())
    }

    /// The platforms that it lists, sorted.
    pub fn platforms(&self) -> Vec<String> {
        let real: BTreeSet<String> =
            self.images().filter_map(|it| Some(it.platform.as_ref()?.to_string())).collect();
        real.into_iter().collect()
    }

    /// The entries that are images, and not only about one.
    pub fn images(&self) -> impl Iterator<Item = &Descriptor> {
        // What builders attach to images says that it is for no platform.
        self.manifests.iter().filter(|it| it.platform.as_ref().is_none_or(|it| it.os != "unknown"))
    }
}

impl Default for Index {
    fn default() -> Self {
        Self {
            schema_version: 2,
            media_type: Some(Descriptor::INDEX.to_owned()),
            manifests: Vec::new(),
            subject: None,
            annotations: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::Digest;

    #[test]
    fn the_exact_variant_is_chosen_before_a_compatible_one() {
        let digest = |n: u8| Digest::from_bytes([n; 32]);
        let entry = |n: u8, platform: &str| {
            Descriptor::new(Descriptor::MANIFEST, digest(n), 1)
                .for_platform(platform.parse().expect(platform))
        };
        let index = Index::new(vec![
            Descriptor::new(Descriptor::MANIFEST, digest(0), 1),
            entry(1, "linux/amd64"),
            entry(2, "linux/arm/v6"),
            entry(3, "linux/arm/v7"),
            entry(4, "linux/arm64/v8"),
            entry(5, "unknown/unknown"),
        ]);
        for (wanted, found) in [
            ("linux/amd64", Some(1)),
            ("linux/arm/v7", Some(3)),
            ("linux/arm", Some(2)),
            ("linux/arm64", Some(4)),
            ("linux/riscv64", None),
        ] {
            let chosen = index.choose(&wanted.parse().expect(wanted));
            assert_eq!(chosen.map(|chosen| chosen.digest), found.map(digest), "{wanted}");
        }
        let all = ["linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8"];
        assert_eq!(index.platforms(), all);
    }
}
