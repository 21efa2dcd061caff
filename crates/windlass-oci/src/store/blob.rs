//! Files that are whole or not there: temporary name, sync, rename, sync of the folder.

use super::StoreError;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use windlass_model::Digest;

/// A blob being written; gone unless it is committed.
#[derive(Debug)]
pub struct BlobWriter {
    out: BufWriter<NamedTempFile>,
    dir: PathBuf,
}

impl BlobWriter {
    pub(super) fn new(dir: &Path) -> Result<Self, StoreError> {
        let file = temporary(dir).map_err(StoreError::disk(dir))?;
        Ok(Self { out: BufWriter::with_capacity(128 * 1024, file), dir: dir.to_owned() })
    }

    pub(super) fn file(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// Makes the bytes the blob of `digest`, which the caller computed while writing.
    ///
    /// # Errors
    /// What syncing and renaming meet.
    pub fn commit(self, digest: &Digest) -> Result<(), StoreError> {
        let place = self.dir.join(digest.hex());
        let file = self.out.into_inner().map_err(|error| StoreError::Disk {
            path: place.clone(),
            source: error.into_error(),
        })?;
        persist(file, &place)
    }
}

/// Replaces a small file as a whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = temporary(dir).map_err(StoreError::disk(dir))?;
    file.write_all(bytes).map_err(StoreError::disk(path))?;
    persist(file, path)
}

fn temporary(dir: &Path) -> std::io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    // Readable by all whatever the umask is: other tools read the layout, and containers of
    // an unprivileged engine may be another user.
    let file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(dir)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    Ok(file)
}

fn persist(file: NamedTempFile, place: &Path) -> Result<(), StoreError> {
    let dir = place.parent().unwrap_or(Path::new("."));
    file.as_file().sync_all().map_err(StoreError::disk(place))?;
    file.persist(place)
        .map_err(|error| StoreError::Disk { path: place.to_owned(), source: error.error })?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(StoreError::disk(dir))
}
