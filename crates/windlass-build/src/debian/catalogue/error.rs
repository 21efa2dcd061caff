//! Why the archive's indexes cannot be had.

use crate::debian::trust::TrustError;
use crate::download::DownloadError;
use std::io;
use std::path::PathBuf;

/// Why the archive's indexes cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Apt's configuration cannot be read.
    #[error("cannot read {}", path.display())]
    Sources {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No source leads to Debian's archive.
    #[error("{} names no Debian archive", apt_dir.display())]
    NoArchive {
        /// Apt's folder.
        apt_dir: PathBuf,
    },
    /// Something could not be fetched.
    #[error("the index of {suite} could not be fetched")]
    Fetch {
        /// The suite.
        suite: String,
        /// Why.
        source: Box<DownloadError>,
    },
    /// The release file is not trusted.
    #[error("the release file of {suite} is not to be trusted")]
    Untrusted {
        /// The suite.
        suite: String,
        /// Why.
        source: TrustError,
    },
    /// The release file does not say what every release file says, or is another suite's.
    #[error("the release file of {suite} is that of `{found}`, or incomplete")]
    Release {
        /// The suite.
        suite: String,
        /// The suite that it names.
        found: String,
    },
    /// The repository is not Debian's.
    #[error("{url} has {suite} of `{origin}`, not of Debian")]
    Foreign {
        /// URL of the repository.
        url: String,
        /// The suite.
        suite: String,
        /// Whose it says that it is.
        origin: String,
    },
    /// The release file is too old to be trusted.
    #[error("the release file of {suite} expired {} hours ago", expired_s / 3600)]
    Expired {
        /// The suite.
        suite: String,
        /// How long ago, in seconds.
        expired_s: u64,
    },
    /// The suite has no packages for this processor.
    #[error("{suite} has no index {path}")]
    NoIndex {
        /// The suite.
        suite: String,
        /// The index.
        path: String,
    },
    /// An index cannot be unpacked.
    #[error("the index of {suite} cannot be read")]
    Index {
        /// The suite.
        suite: String,
        /// Why.
        source: io::Error,
    },
    /// The cache folder cannot be used.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl CatalogueError {
    pub(super) fn fetch(suite: &str, source: DownloadError) -> Self {
        Self::Fetch { suite: suite.to_owned(), source: Box::new(source) }
    }
}
