//! What an image holds: Debian packages, Python distributions, interpreters, the distribution.
//!
//! Read from the layers themselves, lowest first, so that it is true of an image from anywhere
//! and not only of what was built here. What one layer says is kept in a folder of the cache by
//! the layer's digest: a layer that was read once is never read again. A file that a higher layer
//! takes away or writes over is not held. What it does not do: judge (that is
//! [`crate::advisories`]), run anything, or believe a layer whose digest is wrong.

mod dpkg;
mod error;
mod interest;
mod layer;
mod merge;
mod metadata;
mod os_release;

pub use error::InventoryError;
pub use os_release::OsRelease;

use layer::LayerFacts;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use windlass_model::Digest;
use windlass_oci::{Expected, ImageStore};

/// What an image holds, each list sorted and without repetition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Processor architecture in Go's words.
    pub architecture: String,
    /// The distribution, when the image says it.
    pub distribution: Option<OsRelease>,
    /// Installed Debian packages.
    pub debian: Vec<DebianPackage>,
    /// Python distributions, vendored ones included.
    pub python: Vec<PythonPackage>,
    /// Versions of Pythons that no package manager installed.
    pub interpreters: Vec<String>,
    /// Paths of package databases that are not understood: what is in them is not listed.
    pub unread: Vec<String>,
}

/// An installed Debian package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DebianPackage {
    /// Name of the binary package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture: `amd64`, `all`.
    pub architecture: String,
    /// The source package that it was built from: advisories speak of these.
    pub source: String,
    /// That source package's version.
    pub source_version: String,
    /// Its home page.
    pub homepage: Option<String>,
}

/// A Python distribution (core metadata specification; PEP 566, PEP 639).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PythonPackage {
    /// The name as it is written.
    pub name: String,
    /// The version as it is written.
    pub version: String,
    /// `License-Expression`, an SPDX expression as the author states it.
    pub licence_expression: Option<String>,
    /// The first line of the older `License`, free text.
    pub licence_text: Option<String>,
    /// `Classifier`s about licences, without `License :: `.
    pub licence_classifiers: Vec<String>,
    /// Home page.
    pub homepage: Option<String>,
    /// Where its metadata lies in the image, one path for each copy.
    pub paths: Vec<String>,
}

/// Reads what the image holds. `cache` is the folder that layers' facts are kept in.
///
/// # Errors
/// An image that is incomplete or damaged, layers that hold more than any honest one, and what
/// the disk meets.
pub fn read(
    store: &ImageStore,
    manifest: &Digest,
    cache: &Path,
) -> Result<Inventory, InventoryError> {
    let manifest = store.read_manifest(manifest)?;
    let config = store.read_config(&manifest)?;
    if config.diff_ids.len() != manifest.layers.len() {
        let layers = manifest.layers.len();
        return Err(InventoryError::Mismatch { layers, diff_ids: config.diff_ids.len() });
    }
    let layers: Vec<Expected> = manifest
        .layers
        .iter()
        .zip(config.diff_ids)
        .map(|(layer, diff_id)| Expected { digest: layer.digest, diff_id })
        .collect();
    let facts = read_layers(store, &layers, cache)?;
    let mut inventory = merge::merge(&facts);
    inventory.architecture = config.architecture;
    Ok(inventory)
}

/// The facts of each layer, several layers at a time.
fn read_layers(
    store: &ImageStore,
    layers: &[Expected],
    cache: &Path,
) -> Result<Vec<LayerFacts>, InventoryError> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(layers.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(layer) = layers.get(number) else { return };
                    let facts = layer::cached(store, *layer, cache);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, facts));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, facts)| facts).collect()
}
