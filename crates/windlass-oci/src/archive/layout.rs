//! The images of an archive that is an OCI layout.

use super::stage::{Stage, Staged};
use super::verify::{self, Layer};
use super::{ArchiveError, FULL_NAME, INDEX, names};
use crate::{Descriptor, ImageConfig, Index, Manifest};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Digest;

/// Docker's type of a layer (distribution's "Image Manifest V 2, Schema 2").
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// An image, or a list of images, that has been checked, and its blobs.
pub(super) struct Found<'a> {
    pub(super) names: Vec<String>,
    pub(super) manifest: Digest,
    pub(super) layers: usize,
    /// By digest, so that each is stored once.
    pub(super) blobs: BTreeMap<Digest, &'a Staged>,
}

/// Every image of the layout. Of a list for several machines all of it where the archive has all of
/// it, else the image for `architecture`.
pub(super) fn images<'a>(
    stage: &'a Stage,
    (architecture, limit): (&str, u64),
) -> Result<Vec<Found<'a>>, ArchiveError> {
    let index: Index = parse(INDEX, &stage.document(INDEX)?)?;
    let mut found: Vec<Found<'a>> = Vec::new();
    for entry in &index.manifests {
        let name = entry.annotations.get(FULL_NAME).map(String::as_str).or(entry.ref_name());
        let name = name.map(names::short);
        if let Some(name) = name.filter(|name| !names::is_valid(name)) {
            return Err(ArchiveError::Name { name: name.escape_debug().to_string() });
        }
        let image = stands_for(stage, entry, architecture)?;
        let Some(image) = image else { continue };
        let digest = image.digest();
        if let Some(known) = found.iter_mut().find(|known| known.manifest == digest) {
            known.names.extend(name.map(str::to_owned));
            continue;
        }
        let mut one = match image {
            Image::One(entry) => manifest(stage, &entry, limit)?,
            Image::All(entry, images) => all(stage, (&entry, &images), limit)?,
        };
        one.names.extend(name.map(str::to_owned));
        found.push(one);
    }
    Ok(found)
}

/// What an entry of the layout stands for.
enum Image {
    One(Descriptor),
    /// A list, and the images in it.
    All(Descriptor, Vec<Descriptor>),
}

impl Image {
    fn digest(&self) -> Digest {
        match self {
            Self::One(entry) | Self::All(entry, _) => entry.digest,
        }
    }
}

/// The image or list that an entry stands for; `None` for what is neither.
fn stands_for(
    stage: &Stage,
    entry: &Descriptor,
    architecture: &str,
) -> Result<Option<Image>, ArchiveError> {
    if entry.is_manifest() {
        return Ok(Some(Image::One(entry.clone())));
    }
    if !entry.is_index() {
        return Ok(None);
    }
    let path = check(stage, entry)?.0;
    let list: Index = parse(&path, &stage.document(&path)?)?;
    let is_linux =
        |entry: &Descriptor| entry.platform.as_ref().is_some_and(|found| found.os == "linux");
    // Some builders list what is about the images too, and some archives have one image of many.
    let is_here = |entry: &Descriptor| {
        entry.is_manifest() && is_linux(entry) && stage.has(&path_of(&entry.digest))
    };
    if !list.manifests.is_empty() && list.manifests.iter().all(is_here) {
        return Ok(Some(Image::All(entry.clone(), list.manifests)));
    }
    let fits = |entry: &Descriptor| {
        let platform = entry.platform.as_ref().filter(|_| is_linux(entry));
        platform.is_some_and(|platform| platform.architecture == architecture)
    };
    let missing = ArchiveError::Missing { path: format!("an image for {architecture}") };
    let found = list.manifests.into_iter().find(fits);
    found.map(|entry| Some(Image::One(entry))).ok_or(missing)
}

/// A list with all its images.
fn all<'a>(
    stage: &'a Stage,
    (list, images): (&Descriptor, &[Descriptor]),
    limit: u64,
) -> Result<Found<'a>, ArchiveError> {
    let blobs = BTreeMap::from([(list.digest, check(stage, list)?.1)]);
    let mut whole = Found { names: Vec::new(), manifest: list.digest, layers: 0, blobs };
    let mut seen = BTreeSet::new();
    for image in images.iter().filter(|image| seen.insert(image.digest)) {
        let one = manifest(stage, image, limit)?;
        whole.layers += one.layers;
        whole.blobs.extend(one.blobs);
    }
    Ok(whole)
}

fn manifest<'a>(
    stage: &'a Stage,
    entry: &Descriptor,
    limit: u64,
) -> Result<Found<'a>, ArchiveError> {
    let (path, staged) = check(stage, entry)?;
    let manifest: Manifest = parse(&path, &stage.document(&path)?)?;
    let mut blobs = BTreeMap::from([(entry.digest, staged)]);
    let (path, staged) = check(stage, &manifest.config)?;
    let config: ImageConfig = parse(&path, &stage.document(&path)?)?;
    blobs.insert(manifest.config.digest, staged);
    let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids.len());
    if layers != diff_ids {
        return Err(ArchiveError::Mismatch { layers, diff_ids });
    }
    let mut wanted = Vec::new();
    for (layer, diff_id) in manifest.layers.iter().zip(config.diff_ids) {
        let known =
            [Descriptor::LAYER_GZIP, Descriptor::LAYER_TAR, Descriptor::LAYER_ZSTD, DOCKER_LAYER];
        if !known.contains(&layer.media_type.as_str()) {
            let media_type = layer.media_type.escape_debug().to_string();
            return Err(ArchiveError::LayerType { media_type });
        }
        let (path, staged) = check(stage, layer)?;
        blobs.insert(layer.digest, staged);
        wanted.push(Layer { path, staged, diff_id });
    }
    verify::layers(&wanted, limit)?;
    Ok(Found { names: Vec::new(), manifest: entry.digest, layers, blobs })
}

fn path_of(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// The blob of a descriptor, if it is what the descriptor says.
fn check<'a>(stage: &'a Stage, blob: &Descriptor) -> Result<(String, &'a Staged), ArchiveError> {
    let path = path_of(&blob.digest);
    let staged = stage.file(&path)?;
    if staged.size != blob.size {
        return Err(ArchiveError::Size { path, expected: blob.size, actual: staged.size });
    }
    if staged.digest != blob.digest {
        let (expected, actual) = (blob.digest, staged.digest);
        return Err(ArchiveError::Damaged { path, expected, actual });
    }
    Ok((path, staged))
}

pub(super) fn parse<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, ArchiveError> {
    serde_json::from_slice(bytes)
        .map_err(|source| ArchiveError::Document { path: path.to_owned(), source })
}
