//! Downloads: by digest into a content-addressed folder, or a small document into memory.
//!
//! Invariants: a file in the cache folder is complete and has the digest of its name; what is
//! only partly there ends in `.part` and is resumed. Two processes that want the same file at
//! once share one download. How servers are reached is up to [`windlass_oci::http`].

mod blob;
mod error;
mod fetch;

pub use error::DownloadError;
pub use windlass_oci::http::HttpSettings as DownloadSettings;

use std::path::{Path, PathBuf};
use std::time::Duration;
use windlass_model::Digest;
use windlass_oci::http::{Agents, Loopback, Redirects};

/// A file to have, known by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub url: String,
    /// What it must be.
    pub sha256: Digest,
    /// Its size in bytes, when it is known beforehand.
    pub size: Option<u64>,
}

/// Fetches files and documents over HTTP and HTTPS.
pub struct Downloader {
    agents: Agents,
}

impl Downloader {
    /// Prepares agents; connects to nobody yet.
    pub fn new(settings: DownloadSettings) -> Self {
        Self { agents: Agents::new(settings, Redirects::Followed, Loopback::AsOthers) }
    }

    /// Makes sure that `cache_dir` holds every wanted file, and gives their paths in the order
    /// asked for. `progress` hears the bytes done so far of the whole set, on this thread; what
    /// was there already counts as done.
    ///
    /// # Errors
    /// The first failure, once every file in flight has ended; what was complete stays cached.
    pub fn fetch_all(
        &self,
        wanted: &[Wanted],
        cache_dir: &Path,
        progress: &dyn Fn(u64),
    ) -> Result<Vec<PathBuf>, DownloadError> {
        fetch::fetch_all(self, wanted, cache_dir, progress)
    }

    /// Fetches a document of at most `limit` bytes.
    ///
    /// # Errors
    /// What the last attempt met.
    pub fn get(&self, url: &str, limit: u64) -> Result<Vec<u8>, DownloadError> {
        self.with_retries(url, &mut || {
            let mut answer = self.request(url, 0)?;
            answer
                .body_mut()
                .with_config()
                .limit(limit)
                .read_to_vec()
                .map_err(|source| DownloadError::transport(url, source))
        })
    }

    /// Sends one GET; `offset` above 0 asks for the rest of a file.
    fn request(&self, url: &str, offset: u64) -> Result<http::Response<ureq::Body>, DownloadError> {
        let mut request = self.agents.for_url(url)?.get(url).header("accept-encoding", "identity");
        if offset > 0 {
            request = request.header("range", format!("bytes={offset}-"));
        }
        let answer = request.call().map_err(|source| DownloadError::transport(url, source))?;
        match answer.status().as_u16() {
            200 | 206 | 416 => Ok(answer),
            status => Err(DownloadError::Status { url: error::redacted(url), status }),
        }
    }

    /// Runs `attempt` until it succeeds, fails for good, or the attempts are used up.
    fn with_retries<T>(
        &self,
        url: &str,
        attempt: &mut dyn FnMut() -> Result<T, DownloadError>,
    ) -> Result<T, DownloadError> {
        let mut pause = Duration::from_millis(self.settings().backoff_ms);
        for _ in 1..self.settings().attempts.max(1) {
            match attempt() {
                Err(error) if error.is_transient() => {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                other => return other,
            }
        }
        attempt().map_err(|error| DownloadError::after(url, self.settings().attempts, error))
    }

    fn settings(&self) -> &DownloadSettings {
        self.agents.settings()
    }
}
