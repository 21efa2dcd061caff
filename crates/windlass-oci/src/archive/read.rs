//! Taking an archive's images into the store.

use super::layout::Found;
use super::stage::{Stage, Staged};
use super::{ArchiveError, DOCKER_LIST, INDEX, docker, layout};
use crate::{Descriptor, ImageStore};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use windlass_model::Digest;

/// The most images that one archive may hold.
const IMAGES: u64 = 256;

/// What is taken of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of all files, and of what the layers of one image decompress to.
    pub bytes: u64,
    /// Entries of the tar.
    pub files: u64,
}

impl Default for ArchiveLimits {
    /// 64 GiB, of 10,000 files: several times the largest images that people build.
    fn default() -> Self {
        Self { bytes: 64 << 30, files: 10_000 }
    }
}

/// An image that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// Its names in the store, as short as possible.
    pub names: Vec<String>,
    /// Its manifest, or its index where it is for several machines.
    pub manifest: Digest,
    /// How many layers it has, or its images have together.
    pub layers: usize,
    /// Size of its blobs, in bytes.
    pub bytes: u64,
}

/// Takes every image of an archive, an OCI layout or Docker's form, and names it as the archive
/// does. An image for several machines is taken with its index where the archive has all of it;
/// else the one for `architecture` (Go's word) alone.
///
/// # Errors
/// An archive that is unsafe, damaged or incomplete, and what the disk meets; the store then has
/// no name that it had not before.
pub fn load(
    store: &ImageStore,
    input: &mut dyn Read,
    architecture: &str,
    limits: ArchiveLimits,
) -> Result<Vec<Loaded>, ArchiveError> {
    // What is stored has a name only at the end: nobody may sweep it away before that.
    let _held = store.hold()?;
    let stage = Stage::read(store, input, limits)?;
    let loaded = if stage.has(INDEX) {
        let found = layout::images(&stage, (architecture, limits.bytes))?;
        at_most(found.len())?;
        found.iter().map(|found| keep(store, found)).collect::<Result<Vec<_>, _>>()?
    } else if stage.has(DOCKER_LIST) {
        let made = docker::images(&stage, limits.bytes)?;
        at_most(made.len())?;
        let mut loaded = Vec::new();
        for image in made {
            put(store, &image.blobs)?;
            let manifest = store.put_manifest(&image.manifest)?;
            loaded.push(Loaded {
                names: image.names,
                manifest: manifest.digest,
                layers: image.manifest.layers.len(),
                bytes: size(&image.blobs) + manifest.size,
            });
        }
        loaded
    } else {
        return Err(ArchiveError::NoImage);
    };
    for image in &loaded {
        for name in &image.names {
            store.tag(name, &image.manifest)?;
        }
    }
    Ok(loaded)
}

fn at_most(images: usize) -> Result<(), ArchiveError> {
    match images as u64 {
        0 => Err(ArchiveError::NoImage),
        count if count > IMAGES => Err(ArchiveError::TooLarge { limit: IMAGES, unit: "images" }),
        _ => Ok(()),
    }
}

fn keep(store: &ImageStore, found: &Found<'_>) -> Result<Loaded, ArchiveError> {
    put(store, &found.blobs)?;
    Ok(Loaded {
        names: found.names.clone(),
        manifest: found.manifest,
        layers: found.layers,
        bytes: size(&found.blobs),
    })
}

fn put(store: &ImageStore, blobs: &BTreeMap<Digest, &Staged>) -> Result<(), ArchiveError> {
    for (digest, staged) in blobs {
        let blob = Descriptor::new(Descriptor::LAYER_TAR, *digest, staged.size);
        if !store.holds(&blob) {
            store.adopt(&staged.place, digest)?;
        }
    }
    Ok(())
}

fn size(blobs: &BTreeMap<Digest, &Staged>) -> u64 {
    blobs.values().map(|staged| staged.size).sum()
}
