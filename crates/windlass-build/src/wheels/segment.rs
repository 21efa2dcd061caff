//! The wheels' segments in the cache: made once, read by every image that has the wheel.
//!
//! Invariants: a segment has its name only when it is complete; its index is told from a damaged
//! one by a digest, its files by their sizes when it is opened and by check sums whenever they are
//! read (see [`windlass_oci::segment`]). So nothing is synced: what a power cut spoils is noticed,
//! and made again. Any number of processes may make the same one at once.

use super::place;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use windlass_model::Digest;
use windlass_oci::{FileHead, PieceSource, SegmentError, SegmentFiles, SegmentWriter, Slice};

/// A segment in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What it was made from, as one digest.
    pub key: Digest,
    /// Its two files.
    pub files: SegmentFiles,
    /// What is in them.
    pub index: SegmentIndex,
}

/// What a segment holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentIndex {
    /// Path of the wheel's `.dist-info` folder in the image.
    pub dist_info: String,
    /// Its files, in the order in which they lie in it.
    pub files: Vec<SegmentFile>,
}

/// One file of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFile {
    /// Path in the image, without a leading slash.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// SHA-256 of its bytes as RECORD writes it; of bytecode, what it was compiled from.
    pub sha256: String,
    /// Whether it starts as an ELF file does: a program or a library.
    pub elf: bool,
    /// Where it lies.
    pub slice: Slice,
}

const INDEX: &str = "index";
const TAR: &str = "tar";
const PACKED: &str = "packed";

impl Segment {
    /// The segment of that key, when it is there and as long as it was written.
    pub(super) fn open(key: Digest, cache: &Path) -> Option<Self> {
        let folder = folder_of(key, cache);
        let index: SegmentIndex = read_checked(&folder.join(INDEX))?;
        let files = files_of(&folder);
        let (tar, packed) = index.lengths();
        let has = |path: &Path, length| path.metadata().is_ok_and(|found| found.len() == length);
        (has(&files.tar, tar) && has(&files.packed, packed)).then_some(Self { key, files, index })
    }

    /// What was found out about the segment once and kept beside it, or `find` now.
    ///
    /// For facts that need its contents and depend on nothing else, such as what the ELF files ask
    /// the loader for. A form of them that cannot be read is found anew; `name` is a file's name.
    ///
    /// # Errors
    /// What `find` meets; that the facts cannot be kept is no failure.
    pub fn facts<T: Serialize + for<'a> Deserialize<'a>, E>(
        &self,
        name: &str,
        find: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.files.tar.with_file_name(format!("facts-{name}"));
        if let Some(known) = read_checked(&path) {
            return Ok(known);
        }
        let found = find(self)?;
        // The next build finds it out again.
        let _ = write_checked(&path, &found);
        Ok(found)
    }

    /// Length of its pieces, which is about what they add to a layer, in bytes.
    pub fn packed_bytes(&self) -> u64 {
        self.index.lengths().1
    }
}

impl SegmentIndex {
    /// Lengths of the two files.
    fn lengths(&self) -> (u64, u64) {
        self.files.last().map_or((0, 0), |last| (last.slice.tar.end(), last.slice.packed.end()))
    }
}

/// A segment being made.
pub(super) struct SegmentDraft {
    key: Digest,
    cache: PathBuf,
    scratch: TempDir,
    writer: SegmentWriter<BufWriter<File>, BufWriter<File>>,
    files: Vec<SegmentFile>,
}

impl SegmentDraft {
    pub(super) fn new(key: Digest, cache: &Path) -> io::Result<Self> {
        let scratch = place::scratch_for(&folder_of(key, cache))?;
        let files = files_of(scratch.path());
        let open =
            |path| Ok::<_, io::Error>(BufWriter::with_capacity(1 << 18, File::create(path)?));
        let writer = SegmentWriter::new(open(files.tar)?, open(files.packed)?);
        Ok(Self { key, cache: cache.to_owned(), scratch, writer, files: Vec::new() })
    }

    /// Adds a file. Its hash is known once its content was seen: [`SegmentDraft::set_hash`] must
    /// follow.
    pub(super) fn add(
        &mut self,
        head: FileHead<'_>,
        content: PieceSource<'_>,
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), SegmentError> {
        let mut start = Vec::with_capacity(4);
        let slice = self.writer.append(head, content, &mut |part| {
            let missing = 4 - start.len();
            start.extend_from_slice(&part[..missing.min(part.len())]);
            seen(part);
        })?;
        self.files.push(SegmentFile {
            path: head.path.to_owned(),
            mode: head.mode,
            sha256: String::new(),
            elf: start == b"\x7fELF",
            slice,
        });
        Ok(())
    }

    /// Says what the hash of the file added last is.
    pub(super) fn set_hash(&mut self, sha256: String) {
        if let Some(last) = self.files.last_mut() {
            last.sha256 = sha256;
        }
    }

    /// Puts the segment into its place.
    pub(super) fn finish(self, dist_info: &str) -> Result<Segment, SegmentError> {
        let Self { key, cache, scratch, writer, files } = self;
        writer.finish()?;
        let index = SegmentIndex { dist_info: dist_info.to_owned(), files };
        let place = folder_of(key, &cache);
        let put = || {
            write_checked(&scratch.path().join(INDEX), &index)?;
            if place.exists() && Segment::open(key, &cache).is_none() {
                discard(&place)?;
            }
            place::put_folder(scratch, &place)
        };
        put().map_err(|source| SegmentError::Write { source })?;
        Ok(Segment { key, files: files_of(&place), index })
    }
}

/// Removes a segment by one of its files, or its folder: it is made again when it is needed.
pub(super) fn discard(path: &Path) -> io::Result<()> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn folder_of(key: Digest, cache: &Path) -> PathBuf {
    cache.join("segments").join(key.hex())
}

fn files_of(folder: &Path) -> SegmentFiles {
    SegmentFiles { tar: folder.join(TAR), packed: folder.join(PACKED) }
}

/// A document whose first line is the SHA-256 of the rest; `None` where it is not whole.
fn read_checked<T: for<'a> Deserialize<'a>>(path: &Path) -> Option<T> {
    let bytes = std::fs::read(path).ok()?;
    let (digest, json) = bytes.split_at_checked(64)?;
    let json = json.strip_prefix(b"\n")?;
    (digest == place::digest_of_bytes(json).hex().as_bytes()).then_some(())?;
    serde_json::from_slice(json).ok()
}

fn write_checked(path: &Path, document: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_vec(document).map_err(io::Error::other)?;
    let mut bytes = place::digest_of_bytes(&json).hex().into_bytes();
    bytes.push(b'\n');
    bytes.extend(json);
    let scratch = place::scratch_for(path)?;
    let unfinished = scratch.path().join("document");
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(unfinished, path)
}
