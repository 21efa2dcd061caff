//! What the store's keepers need: everything that it lists, and files that become blobs.

use super::{ImageStore, StoreError};
use crate::Descriptor;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use windlass_model::Digest;

impl ImageStore {
    /// Every entry of the layout's index, with a name or without.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn entries(&self) -> Result<Vec<Descriptor>, StoreError> {
        Ok(self.index()?.manifests)
    }

    /// Takes entries out of the layout's index; those that are not in it are out already.
    ///
    /// # Errors
    /// An index that cannot be read, and what writing meets.
    pub fn forget(&self, entries: &[Descriptor]) -> Result<(), StoreError> {
        self.change_index(&mut |index| index.manifests.retain(|there| !entries.contains(there)))
    }

    /// The folder of the blobs.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.dir.join("blobs/sha256")
    }

    /// A folder for files that may become blobs; a sweep removes what a crash leaves of it.
    pub(crate) fn scratch(&self) -> Result<TempDir, StoreError> {
        let blobs = self.blobs();
        tempfile::Builder::new()
            .prefix(".tmp-")
            .tempdir_in(&blobs)
            .map_err(StoreError::disk(&blobs))
    }

    /// Makes a file of [`scratch`](Self::scratch) the blob of `digest`, which the caller has
    /// computed over its bytes.
    pub(crate) fn adopt(&self, file: &Path, digest: &Digest) -> Result<(), StoreError> {
        let place = self.blob_path(digest);
        let adopt = || {
            fs::set_permissions(file, fs::Permissions::from_mode(0o644))?;
            File::open(file)?.sync_all()?;
            fs::rename(file, &place)?;
            File::open(self.blobs())?.sync_all()
        };
        adopt().map_err(StoreError::disk(&place))
    }
}
