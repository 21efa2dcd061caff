//! An archive's files, put aside until it is known what they are.
//!
//! Every regular file goes to a folder of its own under a number, hashed on the way; nothing gets
//! the name that the archive gives it. The folder is in the store, so that a file that proves to be
//! a blob only needs another name; it is gone with this value, and what a crash leaves is told by
//! its name.

use super::{ArchiveError, ArchiveLimits};
use crate::hashing::Hashing;
use crate::{ImageStore, StoreError};
use flate2::bufread::MultiGzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::PathBuf;
use tar::EntryType;
use tempfile::TempDir;
use windlass_model::Digest;

/// Largest document that is read, in bytes.
const DOCUMENT: u64 = 8 << 20;
/// Longest path of an entry, in bytes.
const PATH: usize = 512;

/// The files of an archive.
pub(super) struct Stage {
    folder: TempDir,
    files: BTreeMap<String, Staged>,
}

/// One file, with what it turned out to be.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) place: PathBuf,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

impl Stage {
    /// Reads the whole archive.
    pub(super) fn read(
        store: &ImageStore,
        input: &mut dyn Read,
        limits: ArchiveLimits,
    ) -> Result<Self, ArchiveError> {
        let read = |source| ArchiveError::Read { source };
        let mut input = BufReader::with_capacity(128 * 1024, input);
        let gzip = input.fill_buf().map_err(read)?.starts_with(&[0x1f, 0x8b]);
        let plain: &mut dyn Read = if gzip { &mut MultiGzDecoder::new(input) } else { &mut input };
        let folder = store.scratch()?;
        let mut stage = Self { folder, files: BTreeMap::new() };
        let mut left = limits;
        // One byte more than is taken: where it comes, there is too much.
        let mut archive = tar::Archive::new(plain.take(limits.bytes.saturating_add(1)));
        for entry in archive.entries().map_err(read)? {
            let mut entry = entry.map_err(read)?;
            stage.entry(&mut entry, &mut left, limits)?;
        }
        Ok(stage)
    }

    fn entry(
        &mut self,
        entry: &mut tar::Entry<'_, impl Read>,
        left: &mut ArchiveLimits,
        limits: ArchiveLimits,
    ) -> Result<(), ArchiveError> {
        let path = clean(&entry.path_bytes())?;
        let too_many = ArchiveError::TooLarge { limit: limits.files, unit: "files" };
        left.files = left.files.checked_sub(1).ok_or(too_many)?;
        // Links stand for layers in older forms, whose list names the files themselves.
        if !matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
            return Ok(());
        }
        let too_large = ArchiveError::TooLarge { limit: limits.bytes, unit: "bytes" };
        left.bytes = left.bytes.checked_sub(entry.size()).ok_or(too_large)?;
        if self.files.contains_key(&path) {
            return Err(ArchiveError::Twice { path });
        }
        let place = self.folder.path().join(self.files.len().to_string());
        let mut out = File::create_new(&place).map_err(StoreError::disk(&place))?;
        let mut hashing = Hashing::new(entry);
        copy(&mut hashing, &mut out).map_err(|error| match error {
            Failed::Read(source) => ArchiveError::Read { source },
            Failed::Write(source) => StoreError::disk(&place)(source).into(),
        })?;
        let (entry, digest, size) = hashing.finish();
        if size != entry.size() {
            let source = io::ErrorKind::UnexpectedEof.into();
            return Err(ArchiveError::Read { source });
        }
        self.files.insert(path, Staged { place, digest, size });
        Ok(())
    }

    /// The file at a path, which an archive's documents name.
    pub(super) fn file(&self, path: &str) -> Result<&Staged, ArchiveError> {
        let clean = clean(path.as_bytes())?;
        self.files.get(&clean).ok_or(ArchiveError::Missing { path: clean })
    }

    /// The bytes of a document.
    pub(super) fn document(&self, path: &str) -> Result<Vec<u8>, ArchiveError> {
        let staged = self.file(path)?;
        if staged.size > DOCUMENT {
            return Err(ArchiveError::TooLarge { limit: DOCUMENT, unit: "bytes in a document" });
        }
        Ok(std::fs::read(&staged.place).map_err(StoreError::disk(&staged.place))?)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }
}

enum Failed {
    Read(io::Error),
    Write(io::Error),
}

/// Copies; an archive that breaks off is told from a disk that is full.
fn copy(from: &mut impl Read, to: &mut impl io::Write) -> Result<(), Failed> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count]).map_err(Failed::Write)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failed::Read(error)),
        }
    }
}

/// A path below the archive's root, without `.` components.
fn clean(raw: &[u8]) -> Result<String, ArchiveError> {
    let shown = || String::from_utf8_lossy(&raw[..raw.len().min(PATH)]).into_owned();
    let refuse = || ArchiveError::Unsafe { path: shown() };
    let text =
        std::str::from_utf8(raw).ok().filter(|text| text.len() <= PATH).ok_or_else(refuse)?;
    if text.starts_with('/') || text.split('/').any(|part| part == "..") {
        return Err(refuse());
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok(parts.join("/"))
}
