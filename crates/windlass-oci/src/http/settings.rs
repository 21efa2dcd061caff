//! What a client is told about the network: proxies, time-outs, how much at a time.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How to reach servers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSettings {
    /// Proxy for `http` URLs, as a URL.
    pub http_proxy: Option<String>,
    /// Proxy for `https` URLs, as a URL.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without a proxy: names, or suffixes that start with a dot.
    pub no_proxy: Vec<String>,
    /// Files moved at the same time.
    pub parallel: usize,
    /// How often one file is tried before its failure is reported.
    pub attempts: u32,
    /// How long a connection may take to be made, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a server may send or take nothing, in milliseconds.
    pub idle_timeout_ms: u64,
    /// Pause before the second attempt, in milliseconds; doubled each time after.
    pub backoff_ms: u64,
}

impl Default for HttpSettings {
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
impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("http_proxy", &self.http_proxy.is_some())
            .field("https_proxy", &self.https_proxy.is_some())
            .field("parallel", &self.parallel)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
