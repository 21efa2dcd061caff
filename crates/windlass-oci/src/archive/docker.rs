//! The images of an archive in Docker's own form: a list, configs, and layers as plain tars.
//!
//! That form knows no manifest: one is made from the config and the layers, the same every time.

use super::layout::parse;
use super::stage::Stage;
use super::verify::{self, Layer};
use super::{ArchiveError, DOCKER_LIST, DockerImage, names};
use crate::{Descriptor, ImageConfig, Manifest};
use std::collections::BTreeMap;
use windlass_model::Digest;

/// An image whose manifest is still to be stored.
pub(super) struct Made<'a> {
    pub(super) names: Vec<String>,
    pub(super) manifest: Manifest,
    pub(super) blobs: BTreeMap<Digest, &'a super::stage::Staged>,
}

/// Every image of the list.
pub(super) fn images(stage: &Stage, limit: u64) -> Result<Vec<Made<'_>>, ArchiveError> {
    let list: Vec<DockerImage> = parse(DOCKER_LIST, &stage.document(DOCKER_LIST)?)?;
    list.iter().map(|image| make(stage, image, limit)).collect()
}

fn make<'a>(stage: &'a Stage, image: &DockerImage, limit: u64) -> Result<Made<'a>, ArchiveError> {
    let config: ImageConfig = parse(&image.config, &stage.document(&image.config)?)?;
    let (layers, diff_ids) = (image.layers.len(), config.diff_ids.len());
    if layers != diff_ids {
        return Err(ArchiveError::Mismatch { layers, diff_ids });
    }
    let staged = stage.file(&image.config)?;
    let mut blobs = BTreeMap::from([(staged.digest, staged)]);
    let of_config = Descriptor::new(Descriptor::CONFIG, staged.digest, staged.size);
    let (mut descriptors, mut wanted) = (Vec::new(), Vec::new());
    for (path, diff_id) in image.layers.iter().zip(config.diff_ids) {
        let staged = stage.file(path)?;
        let media_type = verify::media_type(staged)?;
        descriptors.push(Descriptor::new(media_type, staged.digest, staged.size));
        blobs.insert(staged.digest, staged);
        wanted.push(Layer { path: path.clone(), staged, diff_id });
    }
    verify::layers(&wanted, limit)?;
    let names: Vec<String> = image.repo_tags.iter().map(|n| names::short(n).to_owned()).collect();
    if let Some(name) = names.iter().find(|name| !names::is_valid(name)) {
        return Err(ArchiveError::Name { name: name.escape_debug().to_string() });
    }
    Ok(Made { names, manifest: Manifest::new(of_config, descriptors), blobs })
}
