//! Segments: files as they will stand in a layer, twice: as tar, and as pieces of DEFLATE that
//! stand for the same bytes. A layer is made by copying runs of both, see [`crate::SplicedLayer`].
//!
//! Invariants: every file's slice ends on a byte in both forms, is no last block, and copies
//! nothing from outside, so that any selection in any order is a valid stream. What is taken over
//! from another compressor is inflated in the very form in which it will stand in the layer, and
//! the caller sees those bytes. Each slice has check sums of both forms, so nothing is synced to
//! the disk: damage shows when a slice is read, and the segment is made again from its source.

mod error;
mod joined;
mod tracked;
mod writer;

pub use error::SegmentError;
pub use joined::FileRange;
pub use writer::{FileHead, PieceSource, SegmentWriter};

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

/// The two files of a segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentFiles {
    /// Headers, contents and padding as tar.
    pub tar: PathBuf,
    /// The same as pieces of DEFLATE.
    pub packed: PathBuf,
}

/// Consecutive bytes of a file with their check sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Where they start.
    pub at: u64,
    /// How many they are.
    pub length: u64,
    /// Their CRC-32.
    pub crc32: u32,
}

/// Where one file lies in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Header, content and padding as tar.
    pub tar: Span,
    /// The same as pieces of DEFLATE.
    pub packed: Span,
    /// Length of the header in bytes: the content starts after it.
    pub head: u32,
    /// Length of the content in bytes.
    pub size: u64,
}

impl Span {
    /// The first byte after it.
    pub fn end(self) -> u64 {
        self.at.saturating_add(self.length)
    }
}

impl Slice {
    /// Where the content starts in the tar.
    pub fn content_at(&self) -> u64 {
        self.tar.at.saturating_add(u64::from(self.head))
    }
}

impl SegmentFiles {
    /// The content of one file, checked.
    ///
    /// # Errors
    /// A segment that cannot be read, or is damaged. The caller bounds `slice.size`.
    pub fn content(&self, slice: &Slice) -> Result<Vec<u8>, SegmentError> {
        let read = |source| SegmentError::Read { path: self.tar.clone(), source };
        let damaged = || SegmentError::Damaged { path: self.tar.clone() };
        let mut file = File::open(&self.tar).map_err(read)?;
        file.seek(SeekFrom::Start(slice.tar.at)).map_err(read)?;
        let mut bytes = Vec::new();
        file.take(slice.tar.length).read_to_end(&mut bytes).map_err(read)?;
        if crc32fast::hash(&bytes) != slice.tar.crc32 {
            return Err(damaged());
        }
        let end =
            usize::try_from(slice.size).ok().and_then(|size| size.checked_add(slice.head as usize));
        let end = end.filter(|end| *end <= bytes.len()).ok_or_else(damaged)?;
        bytes.truncate(end);
        bytes.drain(..slice.head as usize);
        Ok(bytes)
    }
}
