//! Why a segment could not be made or read.

use crate::deflate::DeflateError;
use std::io;
use std::path::PathBuf;

/// A failed operation on a segment.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// A path that must not be in a layer: absolute, empty, or with `.` or `..`.
    #[error("`{path}` is not a path that a layer can hold")]
    Path {
        /// The path.
        path: String,
    },
    /// The compressed data of a file is malformed.
    #[error("the compressed data is invalid")]
    Deflate(#[from] DeflateError),
    /// A content that is not as long as was said.
    #[error("the content has {found} bytes instead of {expected}")]
    Length {
        /// What was said.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// The content cannot be read from where it comes.
    #[error("the content cannot be read")]
    Content {
        /// Why.
        source: io::Error,
    },
    /// The segment cannot be written.
    #[error("the segment cannot be written")]
    Write {
        /// Why.
        source: io::Error,
    },
    /// The segment cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The segment is not what was written.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}
