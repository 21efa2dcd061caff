//! Putting files and folders into a cache: complete or not there at all, with any number of
//! processes doing the same at once.

use sha2::{Digest as _, Sha256};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};
use windlass_model::Digest;

/// Writes a file by a temporary one, a sync and a rename. Parents are made.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = parent(path)?;
    std::fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A scratch folder beside `place`, on the same file system, removed unless it is put in place.
pub(super) fn scratch_for(place: &Path) -> io::Result<TempDir> {
    let folder = parent(place)?;
    std::fs::create_dir_all(folder)?;
    tempfile::Builder::new().prefix(".new-").tempdir_in(folder)
}

/// Renames a finished scratch folder into place. When another process was first, its folder
/// stays and ours goes: both hold the same.
pub(super) fn put_folder(scratch: TempDir, place: &Path) -> io::Result<()> {
    match std::fs::rename(scratch.path(), place) {
        Ok(()) => {
            // Its content moved away: there is nothing left to remove.
            let _ = scratch.keep();
            Ok(())
        }
        Err(_) if place.is_dir() => scratch.close(),
        Err(error) => Err(error),
    }
}

/// Removes `.` and resolves `..` by text alone.
pub(super) fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// A key for a cache: SHA-256 over texts, each with its length, so that no two lists are alike.
pub(super) fn digest_of<const N: usize>(parts: [&str; N]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Digest::from_bytes(hash.finalize().into())
}

/// SHA-256 of bytes.
pub(super) fn digest_of_bytes(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// Whether a path ends in `.` and that extension.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}
