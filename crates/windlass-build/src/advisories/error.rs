//! Why advisories cannot be read.

use crate::download::DownloadError;
use std::io;
use std::path::PathBuf;

/// A source of advisories that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A URL that gives nothing.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// Not JSON, or JSON of another form.
    #[error("{origin} is not an advisory, a list of them, or the tracker's data")]
    Invalid {
        /// The file, with its place in an archive.
        origin: String,
        /// What the parser says, with the place.
        source: serde_json::Error,
    },
    /// An archive that cannot be read.
    #[error("{origin} is not a readable zip archive")]
    Archive {
        /// The archive, with the place in it.
        origin: String,
        /// Why.
        source: zip::result::ZipError,
    },
    /// More than is read.
    #[error("{origin} is larger than {limit} {unit}")]
    TooLarge {
        /// The file, with its place in an archive.
        origin: String,
        /// The limit.
        limit: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// A source without a single advisory.
    #[error("{origin} holds no advisory")]
    Empty {
        /// The file, folder or URL.
        origin: String,
    },
}
