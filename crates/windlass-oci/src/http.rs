//! How servers are reached over HTTP and HTTPS: proxies, certificates and time-outs as data.
//!
//! Invariants: nothing here reads the environment, except that the machine's own root
//! certificates are found where its TLS configuration says; an agent is made once for each way
//! to the network. What is asked for, and what an answer means, is up to whoever asks.

mod names;
mod settings;

pub use settings::HttpSettings;

use names::KnownNames;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;

/// Why a URL cannot even be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
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
}

/// Who follows a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// The agent, ten times at most, without any credentials.
    Followed,
    /// The caller, who sees the answer as it came.
    Shown,
}

/// Whether this machine itself is asked through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loopback {
    /// As any other host.
    AsOthers,
    /// Never.
    Direct,
}

/// The agents of one client: each connects to nobody before it is asked.
pub struct Agents {
    settings: HttpSettings,
    redirects: Redirects,
    loopback: Loopback,
    plain: OnceLock<Agent>,
    secure: OnceLock<Agent>,
    direct: OnceLock<Agent>,
}

impl Agents {
    /// Agents that work by these settings.
    pub fn new(settings: HttpSettings, redirects: Redirects, loopback: Loopback) -> Self {
        let (plain, secure, direct) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { settings, redirects, loopback, plain, secure, direct }
    }

    /// The settings.
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    /// The agent for a URL: through the proxy that its scheme has, or directly.
    ///
    /// # Errors
    /// A URL of another scheme, and a proxy setting that is no URL.
    pub fn for_url(&self, url: &str) -> Result<&Agent, AgentError> {
        let settings = &self.settings;
        let (slot, proxy) = match url.split_once("://") {
            Some(("http", rest)) if !self.bypasses_proxy(rest) => {
                (&self.plain, &settings.http_proxy)
            }
            Some(("https", rest)) if !self.bypasses_proxy(rest) => {
                (&self.secure, &settings.https_proxy)
            }
            Some(("http" | "https", _)) => (&self.direct, &None),
            _ => return Err(AgentError::Scheme { url: redacted(url) }),
        };
        if let Some(agent) = slot.get() {
            return Ok(agent);
        }
        let agent = self.new_agent(proxy.as_deref())?;
        Ok(slot.get_or_init(|| agent))
    }

    /// Whether the host in `rest` (a URL after its scheme) is listed in `no_proxy`.
    fn bypasses_proxy(&self, rest: &str) -> bool {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        if self.loopback == Loopback::Direct && is_loopback(host) {
            return true;
        }
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.settings.no_proxy.iter().any(|entry| {
            let suffix = entry.trim_start_matches('.');
            entry == "*"
                || host == suffix
                || host.strip_suffix(suffix).is_some_and(|head| head.ends_with('.'))
        })
    }

    fn new_agent(&self, proxy: Option<&str>) -> Result<Agent, AgentError> {
        let proxy = proxy
            .map(|url| {
                ureq::Proxy::new(url).map_err(|_| AgentError::Proxy { proxy: redacted(url) })
            })
            .transpose()?;
        let roots = rustls_native_certs::load_native_certs();
        let roots: Vec<_> =
            roots.certs.iter().map(|c| Certificate::from_der(c.as_ref()).to_owned()).collect();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build();
        let idle = Some(Duration::from_millis(self.settings.idle_timeout_ms));
        let followed = match self.redirects {
            Redirects::Followed => 10,
            Redirects::Shown => 0,
        };
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(followed)
            .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_millis(self.settings.connect_timeout_ms)))
            .timeout_recv_response(idle)
            .timeout_per_read(idle)
            .timeout_per_write(idle)
            .build();
        Ok(Agent::with_parts(
            config,
            DefaultConnector::default(),
            KnownNames::<DefaultResolver>::default(),
        ))
    }
}

/// Whether a host, with or without its port, is this machine (RFC 6761, section 6.3).
pub fn is_loopback(host: &str) -> bool {
    let name = match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A URL without user name and password.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_in_a_message() {
        for (url, shown) in [
            ("https://me:secret@host/simple/a@b", "https://host/simple/a@b"),
            ("http://host/x?y=a@b", "http://host/x?y=a@b"),
            ("host", "host"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }

    #[test]
    fn listed_hosts_are_reached_without_a_proxy() {
        let no_proxy = vec![".inner.example".to_owned(), "one.example".to_owned()];
        let settings = HttpSettings { no_proxy, ..HttpSettings::default() };
        let agents = Agents::new(settings, Redirects::Shown, Loopback::Direct);
        for (rest, wanted) in [
            ("one.example/v2/", true),
            ("a.inner.example:5000/v2/", true),
            ("inner.example", true),
            ("two.example/one.example", false),
            ("127.65.1.2:5000/v2/", true),
            ("[::1]:5000/v2/", true),
            ("shop.localhost:8080", true),
            ("localhost.example", false),
        ] {
            assert_eq!(agents.bypasses_proxy(rest), wanted, "{rest}");
        }
    }
}
