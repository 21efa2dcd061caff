//! Reading a wheel's archive, with everything about it checked.
//!
//! Invariants: every path is relative, without `..`, once; every content that is given out or taken
//! over has the size and the check sum of its entry and the hash that RECORD gives, over the bytes
//! that it really inflates to. It does not know where files go in an image.

mod paths;

use super::dist_info::{self, EntryPoint};
use super::record::{self, RecordHash, Recorded};
use super::wheel_error::WheelError;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use windlass_oci::{FileRange, PieceSource};
use zip::{CompressionMethod, ZipArchive};

/// A wheel, opened.
pub(super) struct WheelArchive {
    zip: ZipArchive<BufReader<File>>,
    /// The same file, for reading without a position.
    file: File,
    /// What it holds.
    pub(super) listing: WheelListing,
}

/// What a wheel holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WheelListing {
    /// Name of its `.dist-info` folder.
    pub(super) dist_info: String,
    /// Its files, sorted by path, without RECORD and its signatures.
    pub(super) entries: Vec<WheelEntry>,
    /// Commands to make.
    pub(super) commands: Vec<EntryPoint>,
}

/// One file of a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WheelEntry {
    /// Path in the archive.
    pub(super) path: String,
    /// Size in bytes, as the archive says.
    pub(super) size: u64,
    /// Whether the archive marks it executable.
    pub(super) executable: bool,
    index: usize,
    recorded: Recorded,
}

/// What the bytes of one entry turned out to be, as they passed.
pub(super) struct EntryCheck {
    hash: RecordHash,
    crc32: crc32fast::Hasher,
    expected_crc32: u32,
}

const MAX_METADATA_BYTES: u64 = 64 << 20;

impl WheelArchive {
    /// Opens a wheel and checks all that can be checked without its contents.
    pub(super) fn open(wheel: &Path) -> Result<Self, WheelError> {
        let io = |source| WheelError::Io { path: wheel.to_owned(), source };
        let file = File::open(wheel).map_err(io)?;
        let zip = BufReader::new(file.try_clone().map_err(io)?);
        let mut zip = ZipArchive::new(zip).map_err(|source| WheelError::Archive { source })?;
        let listing = list(&mut zip)?;
        Ok(Self { zip, file, listing })
    }

    /// The whole content of an entry, which the caller found small.
    pub(super) fn content(&mut self, entry: &WheelEntry) -> Result<Vec<u8>, WheelError> {
        let mut bytes = Vec::new();
        self.pass(entry, &mut |part| bytes.extend_from_slice(part))?;
        Ok(bytes)
    }

    /// Reads an entry through to its end, and checks it.
    pub(super) fn pass(
        &mut self,
        entry: &WheelEntry,
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), WheelError> {
        let mut reader =
            self.zip.by_index(entry.index).map_err(|source| WheelError::Archive { source })?;
        let mut check = EntryCheck::new(entry, reader.crc32());
        let mut buffer = vec![0; entry.size.clamp(64, 128 << 10) as usize];
        loop {
            let count = reader
                .read(&mut buffer)
                .map_err(|source| WheelError::Entry { entry: entry.path.clone(), source })?;
            if count == 0 {
                break;
            }
            check.update(&buffer[..count]);
            seen(&buffer[..count]);
        }
        check.finish(entry).map(drop)
    }

    /// Lends an entry's content to `use_it`: as the DEFLATE stream that it is where it is one and
    /// `as_it_is`, else to be compressed. Who uses it shows [`EntryCheck`] every byte.
    pub(super) fn lend<T>(
        &mut self,
        entry: &WheelEntry,
        as_it_is: bool,
        use_it: impl FnOnce(PieceSource<'_>, EntryCheck) -> T,
    ) -> Result<T, WheelError> {
        let mut reader =
            self.zip.by_index(entry.index).map_err(|source| WheelError::Archive { source })?;
        let check = EntryCheck::new(entry, reader.crc32());
        let deflated = reader.compression() == CompressionMethod::Deflated;
        Ok(match reader.data_start().filter(|_| as_it_is && deflated) {
            Some(start) => {
                let range = FileRange::new(&self.file, start, reader.compressed_size());
                use_it(PieceSource::Deflated(range), check)
            }
            None => use_it(PieceSource::Plain(&mut reader), check),
        })
    }
}

impl EntryCheck {
    fn new(entry: &WheelEntry, expected_crc32: u32) -> Self {
        let hash = RecordHash::for_record(&entry.recorded.hash);
        Self { hash, crc32: crc32fast::Hasher::new(), expected_crc32 }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.crc32.update(bytes);
    }

    /// The SHA-256 as RECORD writes it, when all was as it must be.
    pub(super) fn finish(self, entry: &WheelEntry) -> Result<String, WheelError> {
        if self.crc32.finalize() != self.expected_crc32 {
            let source = io::Error::new(io::ErrorKind::InvalidData, "its check sum is wrong");
            return Err(WheelError::Entry { entry: entry.path.clone(), source });
        }
        match self.hash.finish(&entry.recorded) {
            Some((sha256, _)) => Ok(sha256),
            None => Err(WheelError::Altered { entry: entry.path.clone() }),
        }
    }
}

fn list(zip: &mut ZipArchive<BufReader<File>>) -> Result<WheelListing, WheelError> {
    let paths = paths::check_paths(zip)?;
    let dist_info = dist_info::find(paths.iter().map(|(_, path)| path.as_str()))?;
    let record_path = format!("{dist_info}/RECORD");
    dist_info::check_format(&read_text(zip, &format!("{dist_info}/WHEEL"))?)?;
    let mut recorded = record::read(&record_path, &read_text(zip, &record_path)?)?;
    let commands_path = format!("{dist_info}/entry_points.txt");
    let commands = if paths.iter().any(|(_, path)| *path == commands_path) {
        dist_info::read_entry_points(&read_text(zip, &commands_path)?)?
    } else {
        Vec::new()
    };
    let mut entries = Vec::with_capacity(paths.len());
    for (index, path) in paths {
        if is_record(&path, &record_path) {
            continue;
        }
        let Some(recorded) = recorded.remove(&path) else {
            return Err(WheelError::Unrecorded { entry: path });
        };
        let entry = zip.by_index_raw(index).map_err(|source| WheelError::Archive { source })?;
        let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        entries.push(WheelEntry { path, size: entry.size(), executable, index, recorded });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(WheelListing { dist_info, entries, commands })
}

/// RECORD cannot hold its own hash, nor those of its signatures (PEP 427).
fn is_record(path: &str, record: &str) -> bool {
    path.strip_prefix(record).is_some_and(|rest| matches!(rest, "" | ".jws" | ".p7s"))
}

fn read_text(archive: &mut ZipArchive<BufReader<File>>, path: &str) -> Result<String, WheelError> {
    let Some(index) = archive.index_for_name(path) else {
        return Err(WheelError::Missing { file: path.to_owned() });
    };
    let entry = archive.by_index(index).map_err(|source| WheelError::Archive { source })?;
    let mut text = String::new();
    entry
        .take(MAX_METADATA_BYTES)
        .read_to_string(&mut text)
        .map_err(|source| WheelError::Entry { entry: path.to_owned(), source })?;
    Ok(text)
}
