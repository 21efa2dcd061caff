//! Why a push or a pull failed: facts. The words for people are in [`super::explain`].

use super::credentials::CredentialsError;
use crate::StoreError;
use crate::document::DocumentError;
use crate::http::{AgentError, redacted};
use std::fmt;
use windlass_model::Digest;

/// What was being done to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Reading.
    Pull,
    /// Writing.
    Push,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pull => "pull from",
            Self::Push => "push to",
        })
    }
}

/// A failed push or pull. URLs are kept without user name, password and query.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The server could not be reached, or the connection broke.
    #[error("{url} could not be reached")]
    Transport {
        /// The URL.
        url: String,
        /// What the transport met.
        source: Box<ureq::Error>,
    },
    /// An answer ended early.
    #[error("{url} was cut off after {received} bytes")]
    CutOff {
        /// The URL.
        url: String,
        /// Bytes that came.
        received: u64,
        /// What reading met, when it met something.
        source: Option<std::io::Error>,
    },
    /// The server answered something other than success.
    #[error("{url} answered {status}{}", said.as_ref().map(|s| format!(": {s}")).unwrap_or_default())]
    Status {
        /// The URL.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the server said about it.
        said: Option<String>,
        /// How long it asked to be left alone, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// Nobody or the wrong one asked.
    #[error("{registry} does not accept {}", match user { Some(_) => "these credentials", None => "requests without credentials" })]
    Unauthorized {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// As whom it was asked; `None` when without credentials.
        user: Option<String>,
        /// What the server said about it.
        said: Option<String>,
    },
    /// It is known who asked, and that is not enough.
    #[error("not allowed to {action} {registry}/{repository}")]
    Denied {
        /// What was wanted.
        action: Action,
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What the server said about it.
        said: Option<String>,
    },
    /// There is no such image.
    #[error("there is no {reference}")]
    NotFound {
        /// What was asked for.
        reference: String,
    },
    /// Too many requests, and no end within the time that is waited.
    #[error("{registry} limits how often it is asked{}", match retry_after_ms { Some(ms) => format!(", and wants to be left alone for {} s", ms.div_ceil(1000)), None => String::new() })]
    RateLimited {
        /// The registry.
        registry: String,
        /// How long it asked to be left alone, in milliseconds.
        retry_after_ms: Option<u64>,
        /// What the server said about it.
        said: Option<String>,
    },
    /// The server says that the digest is another one.
    #[error("{url} says that its digest is {said}, and it must be {expected}")]
    WrongDigest {
        /// The URL.
        url: String,
        /// What it must be.
        expected: Digest,
        /// The header's value.
        said: String,
    },
    /// Other bytes came.
    #[error("{url} sent {received} bytes with the digest {actual}, and {expected} was asked for")]
    WrongContent {
        /// The URL.
        url: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        actual: Digest,
        /// How many bytes.
        received: u64,
    },
    /// More bytes came than there can be.
    #[error("{url} sends more than the {limit} bytes that it may have")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A manifest or an index cannot be understood.
    #[error("{url} is no manifest")]
    Document {
        /// The URL.
        url: String,
        /// Why.
        source: DocumentError,
    },
    /// The image is not there for this platform.
    #[error("{reference} is not there for {wanted}")]
    NoPlatform {
        /// What was asked for.
        reference: String,
        /// The platform.
        wanted: String,
        /// What there is.
        available: Vec<String>,
    },
    /// An index within an index within an index.
    #[error("{digest} is an index in too many others")]
    TooDeep {
        /// The innermost.
        digest: Digest,
    },
    /// The server sends on to somewhere that is not followed.
    #[error("{url} sends on to {to}, which is not followed")]
    Redirect {
        /// The URL.
        url: String,
        /// Where to.
        to: String,
    },
    /// The server broke the protocol.
    #[error("{url} broke the protocol: {what}")]
    Protocol {
        /// The URL.
        url: String,
        /// How.
        what: &'static str,
    },
    /// No token was given out.
    #[error("{realm} gave no token")]
    Token {
        /// Where tokens are given out.
        realm: String,
        /// Why.
        source: Box<RegistryError>,
    },
    /// Every attempt failed.
    #[error("failed {attempts} times")]
    GaveUp {
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        source: Box<RegistryError>,
    },
    /// Credentials cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// A URL that cannot be asked for.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The image store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RegistryError {
    pub(super) fn transport(url: &str, source: ureq::Error) -> Self {
        Self::Transport { url: shown(url), source: Box::new(source) }
    }

    /// Whether another attempt may succeed: the network's moods and the server's, not its answer.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Transport { source, .. } => !matches!(
                **source,
                ureq::Error::BadUri(_) | ureq::Error::Tls(_) | ureq::Error::BodyExceedsLimit(_)
            ),
            Self::CutOff { .. } => true,
            Self::Status { status, .. } => {
                matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599)
            }
            _ => false,
        }
    }

    /// The HTTP status, when that is what failed.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// A URL without what may be secret: user, password and query (upload sessions are in queries).
pub(super) fn shown(url: &str) -> String {
    let url = redacted(url);
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}
