//! The store as a whole: its names, and who may remove what no name reaches.

use super::{ImageStore, StoreError};
use crate::Descriptor;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use windlass_model::Digest;

impl ImageStore {
    /// Every name, with the manifest that has it.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn tags(&self) -> Result<BTreeMap<String, Digest>, StoreError> {
        let named = |m: Descriptor| m.ref_name().map(|name| (name.to_owned(), m.digest));
        Ok(self.index()?.manifests.into_iter().filter_map(named).collect())
    }

    /// Takes names away; one that nothing has is away already. What they stood for stays until it
    /// is swept.
    ///
    /// # Errors
    /// An index that cannot be read, and what writing meets.
    pub fn untag(&self, names: &[&str]) -> Result<(), StoreError> {
        let goes = |there: &Descriptor| there.ref_name().is_some_and(|name| names.contains(&name));
        self.change_index(&mut |index| index.manifests.retain(|there| !goes(there)))
    }

    /// Keeps blobs and unpacked layers from being swept, until the file is dropped: what is being
    /// built is reached by no name yet. Waits for a sweep that is under way.
    ///
    /// # Errors
    /// A lock that cannot be made.
    pub fn hold(&self) -> Result<File, StoreError> {
        let (path, file) = self.in_use()?;
        file.lock_shared().map_err(StoreError::disk(&path))?;
        Ok(file)
    }

    /// The right to remove what nothing reaches, until the file is dropped; `None` while any
    /// process [holds](Self::hold) the store.
    ///
    /// # Errors
    /// A lock that cannot be made.
    pub fn hold_alone(&self) -> Result<Option<File>, StoreError> {
        let (path, file) = self.in_use()?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(StoreError::disk(&path)(source)),
        }
    }

    fn in_use(&self) -> Result<(PathBuf, File), StoreError> {
        let path = self.dir.join(".in-use");
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(StoreError::disk(&path))?;
        Ok((path, file))
    }
}
