//! What is on the disk, counted.

use crate::StoreError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The space that a file or folder has on the disk, in bytes; what cannot be read counts nothing.
pub fn used(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let (mut total, mut folders) = (0, Vec::new());
    let mut add = |path: &Path, folders: &mut Vec<PathBuf>| {
        let Ok(found) = path.symlink_metadata() else { return };
        total += found.blocks() * 512;
        if found.is_dir() {
            folders.push(path.to_owned());
        }
    };
    add(path, &mut folders);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            add(&entry.path(), &mut folders);
        }
    }
    total
}

pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(StoreError::disk(folder)(source)),
    }
}
