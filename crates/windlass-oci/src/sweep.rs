//! What of a store is needed, and removing what is not.
//!
//! Needed is what can be reached from a root: a document, what it lists, and what is about it.
//! Invariants: a name always has its image, at any moment (names go first, documents before what
//! they list); a folder of an unpacked layer is whole until it has another name. Who sweeps holds
//! the store alone ([`ImageStore::hold_alone`]) and says which roots there are besides names.

mod disk;

pub use disk::used;

use crate::attachment::subject_of;
use crate::{Descriptor, ImageStore, StoreError};
use disk::entries;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use windlass_model::Digest;

/// What is reached from roots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reachable {
    /// Documents, configs and layers.
    pub blobs: BTreeSet<Digest>,
    /// Diff-ids of the layers of images.
    pub diff_ids: BTreeSet<Digest>,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many things.
    pub count: u64,
    /// Their space on the disk, in bytes.
    pub bytes: u64,
}

/// Removes a folder with all that is in it.
pub type RemoveFolder<'a> = &'a dyn Fn(&Path) -> io::Result<()>;

/// The types of an image's config: OCI's and Docker's.
const CONFIGS: [&str; 2] = [Descriptor::CONFIG, "application/vnd.docker.container.image.v1+json"];

/// The members of a manifest and of an index, whichever a document has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    config: Option<Descriptor>,
    layers: Vec<Descriptor>,
    manifests: Vec<Descriptor>,
    subject: Option<Descriptor>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    rootfs: RootFs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RootFs {
    diff_ids: Vec<Digest>,
}

impl Reachable {
    /// Adds everything below an image or an index. Of an index for several platforms only those
    /// that the store has.
    ///
    /// # Errors
    /// A document that is missing or damaged: what it reaches is not known.
    pub fn add(&mut self, store: &ImageStore, root: &Digest) -> Result<(), StoreError> {
        if !self.blobs.insert(*root) {
            return Ok(());
        }
        let node: Node = match store.read_json(root) {
            Ok(node) => node,
            Err(error) => {
                self.blobs.remove(root);
                return Err(error);
            }
        };
        for child in &node.manifests {
            if store.blob_path(&child.digest).exists() {
                self.add(store, &child.digest)?;
            }
        }
        self.blobs.extend(node.layers.iter().map(|layer| layer.digest));
        if let Some(config) = &node.config {
            self.blobs.insert(config.digest);
            // The config of what is no image (a signature, say) is any blob.
            if CONFIGS.contains(&config.media_type.as_str()) {
                let config: Config = store.read_json(&config.digest)?;
                self.diff_ids.extend(config.rootfs.diff_ids);
            }
        }
        Ok(())
    }

    /// Adds what the store's index names, and what is about anything that is reached. Gives the
    /// entries that stand for nothing any more: names of documents that are gone, and documents
    /// about such.
    ///
    /// # Errors
    /// An index or a document that cannot be read.
    pub fn add_named(&mut self, store: &ImageStore) -> Result<Vec<Descriptor>, StoreError> {
        let (mut gone, mut about) = (Vec::new(), Vec::new());
        for entry in store.entries()? {
            if !store.blob_path(&entry.digest).exists() {
                gone.push(entry);
            } else if entry.ref_name().is_some_and(|name| subject_of(name).is_none()) {
                self.add(store, &entry.digest)?;
            } else {
                about.push(entry);
            }
        }
        // A signature may be about a bill of materials that is about an image.
        loop {
            let before = about.len();
            let mut left = Vec::new();
            for entry in about {
                let subject = match entry.ref_name().and_then(subject_of) {
                    Some(subject) => Some(subject),
                    None => store.read_json::<Node>(&entry.digest)?.subject.map(|s| s.digest),
                };
                // What is listed without a name and is about nothing was put there by somebody else.
                match subject {
                    Some(subject) if !self.blobs.contains(&subject) => left.push(entry),
                    _ => self.add(store, &entry.digest)?,
                }
            }
            about = left;
            if about.len() == before || about.is_empty() {
                break;
            }
        }
        gone.extend(about);
        Ok(gone)
    }
}

/// Removes the blobs that are not reached, and what broken writes left.
///
/// # Errors
/// What the disk meets.
pub fn sweep_blobs(
    store: &ImageStore,
    kept: &Reachable,
    dry_run: bool,
) -> Result<Freed, StoreError> {
    let folder = store.blobs();
    let mut doomed: Vec<(u64, PathBuf)> = Vec::new();
    for path in entries(&folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Whoever has the store alone knows that nobody writes these any more.
        let broken = name.starts_with(".tmp-");
        let unreached = Digest::from_hex(name).is_ok_and(|digest| !kept.blobs.contains(&digest));
        if broken || unreached {
            doomed.push((used(&path), path));
        }
    }
    // Documents are small: they go before the layers that they list.
    doomed.sort();
    let mut freed = Freed::default();
    for (bytes, path) in doomed {
        if !dry_run {
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(StoreError::disk(&path))?;
        }
        freed = freed.and(bytes);
    }
    Ok(freed)
}

/// Removes the unpacked layers that are not reached, and what broken unpacking left.
///
/// # Errors
/// What the disk meets.
pub fn sweep_layers(
    folder: &Path,
    kept: &BTreeSet<Digest>,
    (dry_run, remove): (bool, RemoveFolder<'_>),
) -> Result<Freed, StoreError> {
    let mut freed = Freed::default();
    for path in entries(folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (hex, extension) = name.split_once('.').unwrap_or((name, ""));
        let Ok(digest) = Digest::from_hex(hex) else { continue };
        if extension.is_empty() && kept.contains(&digest) {
            continue;
        }
        // The lock of a layer that is kept is somebody's to wait on.
        if extension == "lock" && kept.contains(&digest) {
            continue;
        }
        let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
        if is_folder {
            freed = freed.and(used(&path));
        }
        if !dry_run {
            remove_entry(&path, is_folder, remove).map_err(StoreError::disk(&path))?;
        }
    }
    Ok(freed)
}

/// A folder is renamed first, so that a crash in the middle leaves no layer that looks whole.
fn remove_entry(path: &Path, is_folder: bool, remove: RemoveFolder<'_>) -> io::Result<()> {
    if !is_folder {
        return fs::remove_file(path);
    }
    let doomed = path.with_extension("doomed");
    let path = if fs::rename(path, &doomed).is_ok() { doomed.as_path() } else { path };
    remove(path)
}

impl Freed {
    /// One more thing.
    #[must_use]
    pub fn and(self, bytes: u64) -> Self {
        Self { count: self.count + 1, bytes: self.bytes + bytes }
    }
}
