//! A base, brought from its registry into the image store.
//!
//! Invariant: what is asked for is a digest wherever the lock says one. The names that a pull gives
//! to images are taken back: what is built on a base keeps its layers, and the note of what it is
//! keeps the rest.

use super::{BaseError, BaseOrder, LockedBase};
use crate::image::NamedLayer;
use crate::meter::{Meter, Part};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use windlass_model::Digest;
use windlass_oci::http::HttpSettings;
use windlass_oci::registry::{
    Keychain, Platforms, Reference, Registry, RegistryError, RegistrySettings, Transfer,
};
use windlass_oci::{Descriptor, ImageConfig, LayerInfo, Manifest, Platform};

/// Blobs moved at a time: more make registries slow down.
const PARALLEL: usize = 4;
/// What Docker calls the media types of OCI's layers.
const DOCKER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const DOCKER_TAR: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// Where credentials of registries are on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialFiles {
    /// Docker's and podman's files, the one that counts most first.
    pub files: Vec<PathBuf>,
    /// Folders of the programs that such files name.
    pub helper_folders: Vec<PathBuf>,
}

/// An image that is here now.
#[derive(Debug)]
pub(super) struct Pulled {
    /// Digest of what the name stands for in the registry.
    pub(super) source: Digest,
    /// Lowest first.
    pub(super) layers: Vec<NamedLayer>,
    pub(super) config: ImageConfig,
}

/// Pulls a base: at its locked digest, or what its name stands for now.
pub(super) fn pull(
    order: &BaseOrder<'_>,
    (name, locked): (&str, Option<&LockedBase>),
    part: &Part,
    meter: &Meter<'_>,
) -> Result<Pulled, BaseError> {
    let reference: Reference =
        name.parse().map_err(|source| BaseError::Name { name: name.to_owned(), source })?;
    let reference = locked.map_or(reference.clone(), |locked| reference.at(locked.digest));
    let failed = |source: RegistryError| BaseError::Registry {
        name: name.to_owned(),
        source: Box::new(source),
    };
    let store = order.store;
    let called = reference.to_string();
    let before = store.resolve(&called)?;
    let platforms = Platforms::One(Platform::linux(order.architecture));
    let hear = |transfer| {
        if let Transfer::Moved { bytes } = transfer {
            meter.bytes(part, bytes);
        }
    };
    let pulled = client(order).pull(&reference, &platforms, store, &hear).map_err(failed)?;
    match before {
        Some(before) => store.tag(&called, &before)?,
        None => store.untag(&[&called])?,
    }
    let manifest = store.read_manifest(&pulled.digest)?;
    let config = store.read_config(&manifest)?;
    let layers = layers(name, &manifest, &config)?;
    Ok(Pulled { source: pulled.source, layers, config })
}

fn client(order: &BaseOrder<'_>) -> Registry {
    Registry::new(RegistrySettings {
        http: HttpSettings { parallel: PARALLEL, ..order.http.clone() },
        plain_http: Vec::new(),
        keychain: Keychain {
            // Those of the environment are meant for the registry that is pushed to.
            given: BTreeMap::new(),
            files: order.credentials.files.clone(),
            helper_folders: order.credentials.helper_folders.clone(),
            environment: order.environment.clone(),
        },
    })
}

/// The layers as an image of ours names them: the same blobs, by OCI's media types.
fn layers(
    name: &str,
    manifest: &Manifest,
    config: &ImageConfig,
) -> Result<Vec<NamedLayer>, BaseError> {
    let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids.len());
    if layers != diff_ids {
        return Err(BaseError::Mismatch { name: name.to_owned(), layers, diff_ids });
    }
    let lines: Vec<&str> = config
        .history
        .iter()
        .filter(|line| !line.empty_layer)
        .map(|line| line.created_by.as_str())
        .collect();
    let made_by = |number: usize| match lines.get(number) {
        Some(line) if lines.len() == layers => (*line).to_owned(),
        _ => format!("{name}: layer {}", number + 1),
    };
    let layer = |(number, (blob, diff_id)): (usize, (&Descriptor, &Digest))| {
        let kind = match blob.media_type.as_str() {
            DOCKER_GZIP => Descriptor::LAYER_GZIP,
            DOCKER_TAR => Descriptor::LAYER_TAR,
            kind @ (Descriptor::LAYER_GZIP | Descriptor::LAYER_ZSTD | Descriptor::LAYER_TAR) => {
                kind
            }
            other => {
                return Err(BaseError::Layer { name: name.to_owned(), kind: other.to_owned() });
            }
        };
        let descriptor = Descriptor::new(kind, blob.digest, blob.size);
        let info = LayerInfo { descriptor, diff_id: *diff_id };
        Ok(NamedLayer { info, made_by: made_by(number) })
    };
    manifest.layers.iter().zip(&config.diff_ids).enumerate().map(layer).collect()
}
