//! Unpacked layers, one folder per diff-id, shared by every image that has the layer.
//!
//! Invariants: a folder whose name is a diff-id is whole, checked and on disk; it appears by
//! rename. Two processes that want one layer at the same time share the work through a lock file.

use crate::{Expected, ImageStore, UnpackError, unpack_layer};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use windlass_model::Digest;

/// The folder of unpacked layers.
#[derive(Debug, Clone)]
pub struct LayerCache {
    dir: PathBuf,
}

impl LayerCache {
    /// Opens the folder, making it if it is missing.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, UnpackError> {
        let dir = dir.into();
        fs::create_dir_all(&dir).map_err(disk(&dir))?;
        Ok(Self { dir })
    }

    /// Makes sure that every layer of the image is unpacked; gives their folders, lowest first.
    ///
    /// # Errors
    /// An image that is incomplete, damaged or unsafe, and what the disk meets.
    pub fn ensure(
        &self,
        store: &ImageStore,
        manifest: &Digest,
    ) -> Result<Vec<PathBuf>, UnpackError> {
        let manifest = store.read_manifest(manifest)?;
        let diff_ids = store.read_config(&manifest)?.diff_ids;
        if diff_ids.len() != manifest.layers.len() {
            let layers = manifest.layers.len();
            return Err(UnpackError::Mismatch { layers, diff_ids: diff_ids.len() });
        }
        let wanted: Vec<_> = manifest
            .layers
            .iter()
            .zip(diff_ids)
            .map(|(layer, diff_id)| Expected { digest: layer.digest, diff_id })
            .collect();
        self.ensure_layers(store, &wanted)
    }

    /// The same for layers that are no image yet.
    ///
    /// # Errors
    /// A layer that is missing, damaged or unsafe, and what the disk meets.
    pub fn ensure_layers(
        &self,
        store: &ImageStore,
        wanted: &[Expected],
    ) -> Result<Vec<PathBuf>, UnpackError> {
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                wanted.iter().map(|layer| scope.spawn(|| self.layer(store, *layer))).collect();
            threads.into_iter().map(|t| t.join().expect("unpacking does not panic")).collect()
        });
        results.into_iter().collect()
    }

    /// The folder of one layer, unpacked now if it is not there.
    fn layer(&self, store: &ImageStore, layer: Expected) -> Result<PathBuf, UnpackError> {
        let place = self.dir.join(layer.diff_id.hex());
        if place.is_dir() {
            return Ok(place);
        }
        let lock_path = self.dir.join(format!("{}.lock", layer.diff_id.hex()));
        let lock =
            File::options().create(true).append(true).open(&lock_path).map_err(disk(&lock_path))?;
        lock.lock().map_err(disk(&lock_path))?;
        if place.is_dir() {
            return Ok(place);
        }
        // Only the holder of the lock makes this folder: what is there is left of a crash.
        let unfinished = self.dir.join(format!("{}.unfinished", layer.diff_id.hex()));
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(disk(&unfinished)(error));
            }
            _ => {}
        }
        fs::create_dir(&unfinished).map_err(disk(&unfinished))?;
        set_mode(&unfinished).map_err(disk(&unfinished))?;
        unpack_layer(&store.blob_path(&layer.digest), layer, &unfinished)?;
        // One call for all files of the layer: thousands of single syncs take seconds.
        let folder = File::open(&unfinished).map_err(disk(&unfinished))?;
        rustix::fs::syncfs(&folder).map_err(|errno| disk(&unfinished)(errno.into()))?;
        fs::rename(&unfinished, &place).map_err(disk(&place))?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(disk(&self.dir))?;
        Ok(place)
    }
}

/// The layer's own root: readable by all, whatever the umask is.
fn set_mode(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> UnpackError {
    let path = path.to_owned();
    |source| UnpackError::Disk { path, source }
}
