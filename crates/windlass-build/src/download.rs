//! Downloads: by digest into a content-addressed folder, or a small document into memory.
//!
//! Invariants: a file in the cache folder is complete and has the digest of its name; what is
//! only partly there ends in `.part` and is resumed. Two processes that want the same file at
//! once share one download. Nothing here reads the environment, except that the machine's own
//! root certificates are found where its TLS configuration says.

mod blob;
mod error;
mod fetch;
mod names;

pub use error::DownloadError;

use names::KnownNames;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;
use windlass_model::Digest;

/// How to reach servers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadSettings {
    /// Proxy for `http` URLs, as a URL.
    pub http_proxy: Option<String>,
    /// Proxy for `https` URLs, as a URL.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without a proxy: names, or suffixes that start with a dot.
    pub no_proxy: Vec<String>,
    /// Files fetched at the same time.
    pub parallel: usize,
    /// How often one file is tried before its failure is reported.
    pub attempts: u32,
    /// How long a connection may take to be made, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a server may send nothing, in milliseconds.
    pub idle_timeout_ms: u64,
    /// Pause before the second attempt, in milliseconds; doubled each time after.
    pub backoff_ms: u64,
}

impl Default for DownloadSettings {
    fn default() -> Self {
        Self {
            http_proxy: None,
            https_proxy: None,
            no_proxy: Vec::new(),
            parallel: 8,
            attempts: 4,
            connect_timeout_ms: 15_000,
            idle_timeout_ms: 30_000,
            backoff_ms: 250,
        }
    }
}

/// Proxies may hold a password, so only whether there is one is shown.
impl fmt::Debug for DownloadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadSettings")
            .field("http_proxy", &self.http_proxy.is_some())
            .field("https_proxy", &self.https_proxy.is_some())
            .field("parallel", &self.parallel)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

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
    settings: DownloadSettings,
    plain: OnceLock<Agent>,
    secure: OnceLock<Agent>,
    direct: OnceLock<Agent>,
}

impl Downloader {
    /// Prepares agents; connects to nobody yet.
    pub fn new(settings: DownloadSettings) -> Self {
        Self { settings, plain: OnceLock::new(), secure: OnceLock::new(), direct: OnceLock::new() }
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
        let mut request = self.agent(url)?.get(url).header("accept-encoding", "identity");
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
        let mut pause = Duration::from_millis(self.settings.backoff_ms);
        for _ in 1..self.settings.attempts.max(1) {
            match attempt() {
                Err(error) if error.is_transient() => {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                other => return other,
            }
        }
        attempt().map_err(|error| DownloadError::after(url, self.settings.attempts, error))
    }

    fn agent(&self, url: &str) -> Result<&Agent, DownloadError> {
        let settings = &self.settings;
        let (slot, proxy) = match url.split_once("://") {
            Some(("http", rest)) if !self.bypasses_proxy(rest) => {
                (&self.plain, &settings.http_proxy)
            }
            Some(("https", rest)) if !self.bypasses_proxy(rest) => {
                (&self.secure, &settings.https_proxy)
            }
            Some(("http" | "https", _)) => (&self.direct, &None),
            _ => return Err(DownloadError::Scheme { url: error::redacted(url) }),
        };
        if let Some(agent) = slot.get() {
            return Ok(agent);
        }
        let agent = new_agent(settings, proxy.as_deref())?;
        Ok(slot.get_or_init(|| agent))
    }

    /// Whether the host in `rest` (a URL after its scheme) is listed in `no_proxy`.
    fn bypasses_proxy(&self, rest: &str) -> bool {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.settings.no_proxy.iter().any(|entry| {
            let suffix = entry.trim_start_matches('.');
            entry == "*"
                || host == suffix
                || host.strip_suffix(suffix).is_some_and(|head| head.ends_with('.'))
        })
    }
}

fn new_agent(settings: &DownloadSettings, proxy: Option<&str>) -> Result<Agent, DownloadError> {
    let proxy = proxy
        .map(|url| {
            ureq::Proxy::new(url).map_err(|_| DownloadError::Proxy { proxy: error::redacted(url) })
        })
        .transpose()?;
    let roots = rustls_native_certs::load_native_certs();
    let roots: Vec<_> =
        roots.certs.iter().map(|c| Certificate::from_der(c.as_ref()).to_owned()).collect();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build();
    let idle = Some(Duration::from_millis(settings.idle_timeout_ms));
    let config = Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy)
        .http_status_as_error(false)
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_millis(settings.connect_timeout_ms)))
        .timeout_recv_response(idle)
        .timeout_per_read(idle)
        .build();
    Ok(Agent::with_parts(
        config,
        DefaultConnector::default(),
        KnownNames::<DefaultResolver>::default(),
    ))
}
