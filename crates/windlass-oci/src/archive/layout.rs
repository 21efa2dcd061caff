//! The images of an archive that is an OCI layout.

use super::stage::{Stage, Staged};
use super::verify::{self, Layer};
use super::{ArchiveError, FULL_NAME, INDEX, names};
use crate::{Descriptor, ImageConfig, Index, Manifest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use windlass_model::Digest;

/// Docker's types of the same documents (distribution's "Image Manifest V 2, Schema 2").
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// An image that has been checked, and its blobs.
pub(super) struct Found<'a> {
    pub(super) names: Vec<String>,
    pub(super) manifest: Digest,
    pub(super) layers: usize,
    /// By digest, so that each is stored once.
    pub(super) blobs: BTreeMap<Digest, &'a Staged>,
}

/// The part of a list's entry that says for which machine it is.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(flatten)]
    descriptor: Descriptor,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Debug, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

#[derive(Debug, Deserialize)]
struct List {
    manifests: Vec<Entry>,
}

/// Every image of the layout. Of a list for several machines, the one for `architecture`.
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
        let image = of_machine(stage, entry, architecture)?;
        let Some(image) = image else { continue };
        if let Some(known) = found.iter_mut().find(|known| known.manifest == image.digest) {
            known.names.extend(name.map(str::to_owned));
            continue;
        }
        let mut one = manifest(stage, &image, limit)?;
        one.names.extend(name.map(str::to_owned));
        found.push(one);
    }
    Ok(found)
}

/// The image that an entry stands for; `None` for what is no image (an attestation, say).
fn of_machine(
    stage: &Stage,
    entry: &Descriptor,
    architecture: &str,
) -> Result<Option<Descriptor>, ArchiveError> {
    match entry.media_type.as_str() {
        Descriptor::MANIFEST | DOCKER_MANIFEST => Ok(Some(entry.clone())),
        Descriptor::INDEX | DOCKER_INDEX => {
            let path = check(stage, entry)?.0;
            let list: List = parse(&path, &stage.document(&path)?)?;
            let fits = |entry: &Entry| {
                entry.platform.as_ref().is_some_and(|platform| {
                    platform.os == "linux" && platform.architecture == architecture
                })
            };
            let found = list.manifests.into_iter().find(fits);
            let missing = ArchiveError::Missing { path: format!("an image for {architecture}") };
            found.map(|entry| Some(entry.descriptor)).ok_or(missing)
        }
        _ => Ok(None),
    }
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

/// The blob of a descriptor, if it is what the descriptor says.
fn check<'a>(stage: &'a Stage, blob: &Descriptor) -> Result<(String, &'a Staged), ArchiveError> {
    let path = format!("blobs/sha256/{}", blob.digest.hex());
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
