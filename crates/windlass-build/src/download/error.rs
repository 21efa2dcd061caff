//! Why a download failed.

use std::path::PathBuf;
use windlass_model::Digest;
use windlass_oci::http::AgentError;
pub(super) use windlass_oci::http::redacted;

/// A failed download. URLs are kept without user name and password.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Not a URL that can be fetched.
    #[error("{url} is neither an http nor an https URL")]
    Scheme {
        /// The URL.
        url: String,
    },
    /// The proxy that the settings name is not one.
    #[error("`{proxy}` is not a proxy URL")]
    Proxy {
        /// The setting.
        proxy: String,
    },
    /// The server answered something other than success.
    #[error("{url} answered {status}")]
    Status {
        /// The URL.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// No connection, a broken one, or a time-out.
    #[error("{url} could not be fetched")]
    Transport {
        /// The URL.
        url: String,
        /// What the transport met.
        source: Box<ureq::Error>,
    },
    /// The answer ended early.
    #[error("{url} was cut off after {received} bytes")]
    CutOff {
        /// The URL.
        url: String,
        /// Bytes on disk so far.
        received: u64,
        /// What reading met, when it met something.
        source: Option<std::io::Error>,
    },
    /// The file is not the one that was wanted.
    #[error("{url} has the digest {actual}, expected {expected}")]
    Digest {
        /// The URL.
        url: String,
        /// What was wanted.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// Every attempt failed.
    #[error("{url} failed {attempts} times")]
    GaveUp {
        /// The URL.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        source: Box<DownloadError>,
    },
    /// The cache folder could not be used.
    #[error("cannot write {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<AgentError> for DownloadError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Scheme { url } => Self::Scheme { url },
            AgentError::Proxy { proxy } => Self::Proxy { proxy },
        }
    }
}

impl DownloadError {
    pub(super) fn transport(url: &str, source: ureq::Error) -> Self {
        Self::Transport { url: redacted(url), source: Box::new(source) }
    }

    pub(super) fn after(url: &str, attempts: u32, source: Self) -> Self {
        if source.is_transient() && attempts > 1 {
            Self::GaveUp { url: redacted(url), attempts, source: Box::new(source) }
        } else {
            source
        }
    }

    /// Whether the server says that there is no such file.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }

    /// Whether the server could not be reached at all, as on a machine without network.
    pub(crate) fn is_unreachable(&self) -> bool {
        match self {
            Self::GaveUp { source, .. } => source.is_unreachable(),
            Self::Transport { .. } | Self::CutOff { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            Self::Scheme { .. } | Self::Proxy { .. } | Self::Digest { .. } | Self::Disk { .. } => {
                false
            }
        }
    }

    /// Whether another attempt may succeed: the network's moods, not the server's answer.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Transport { source, .. } => !matches!(
                **source,
                ureq::Error::BadUri(_) | ureq::Error::Tls(_) | ureq::Error::BodyExceedsLimit(_)
            ),
            Self::CutOff { .. } => true,
            Self::Scheme { .. }
            | Self::Proxy { .. }
            | Self::Digest { .. }
            | Self::GaveUp { .. }
            | Self::Disk { .. } => false,
        }
    }
}
