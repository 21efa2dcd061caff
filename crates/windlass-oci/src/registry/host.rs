//! URLs of a registry: scheme, origin, and where a `Location` leads. Pure.
//!
//! Invariant: a host that is not this machine is spoken to over TLS unless it was listed.

use super::Reference;
use crate::http::is_loopback;

/// Scheme, host and port, as `https://registry.example.org`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin(String);

impl Origin {
    /// Where the registry of a reference answers. `plain_http` lists hosts without TLS.
    pub(super) fn of(reference: &Reference, plain_http: &[String]) -> Self {
        let host = reference.server();
        let plain = is_loopback(host) || plain_http.iter().any(|listed| listed == host);
        Self(format!("{}://{host}", if plain { "http" } else { "https" }))
    }

    /// The origin of a URL, its default port left out.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let host = rest[..end].rsplit('@').next()?.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "http" => ":80",
            "https" => ":443",
            _ => return None,
        };
        let host = host.strip_suffix(default).unwrap_or(&host);
        (!host.is_empty()).then(|| Self(format!("{scheme}://{host}")))
    }

    /// A URL of the registry's API.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether a URL is at this origin.
    pub(super) fn holds(&self, url: &str) -> bool {
        let mine = Self::of_url(&self.0);
        mine.is_some() && mine == Self::of_url(url)
    }

    /// Whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.0.split_once("://").is_some_and(|(_, host)| is_loopback(host))
    }

    /// Whether what is sent can be read on the way.
    pub(super) fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }
}

/// Where a `Location` leads from `base` (RFC 3986, section 5.2, without dot segments, which no
/// registry sends).
pub(super) fn resolve(base: &str, location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    let Some((scheme, rest)) = base.split_once("://") else { return location.to_owned() };
    if let Some(rest) = location.strip_prefix("//") {
        return format!("{scheme}://{rest}");
    }
    let path_start = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if location.starts_with('/') {
        return format!("{scheme}://{}{location}", &rest[..path_start]);
    }
    let path = &rest[path_start..];
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
    format!("{scheme}://{}{folder}{location}", &rest[..path_start])
}

/// A URL with one more query parameter.
pub(super) fn with_query(url: &str, name: &str, value: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{name}={}", encoded(value))
}

/// A value for a query or a form (RFC 3986, section 2.3: what is not unreserved is escaped).
pub(super) fn encoded(value: &str) -> String {
    use std::fmt::Write as _;
    value.bytes().fold(String::with_capacity(value.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(byte as char);
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_listed_hosts_are_spoken_to_without_tls() {
        let listed = ["box.example:5000".to_owned()];
        for (name, wanted) in [
            ("localhost:5000/a", "http://localhost:5000"),
            ("127.0.0.1:1/a", "http://127.0.0.1:1"),
            ("[::1]:1/a", "http://[::1]:1"),
            ("hub.localhost:8080/a", "http://hub.localhost:8080"),
            ("box.example:5000/a", "http://box.example:5000"),
            ("box.example/a", "https://box.example"),
            ("127.0.0.1.example.org/a", "https://127.0.0.1.example.org"),
        ] {
            let reference: Reference = name.parse().expect(name);
            assert_eq!(Origin::of(&reference, &listed).0, wanted, "{name}");
        }
    }

    #[test]
    fn origins_are_compared_without_what_says_nothing() {
        let origin = Origin::of_url("https://Registry.Example:443/v2/").expect("a URL");
        for (url, holds) in [
            ("https://registry.example/v2/x?y=z", true),
            ("https://registry.example:443", true),
            ("http://registry.example/", false),
            ("https://registry.example:444/", false),
            ("https://registry.example.org/", false),
            ("https://registry.example@other.example/", false),
        ] {
            assert_eq!(origin.holds(url), holds, "{url}");
        }
    }

    #[test]
    fn locations_are_resolved_against_the_request() {
        let base = "http://h:1/v2/a/blobs/uploads/?x=1";
        for (location, wanted) in [
            ("http://other/x", "http://other/x"),
            ("/v2/b?c=d", "http://h:1/v2/b?c=d"),
            ("//other/x", "http://other/x"),
            ("id", "http://h:1/v2/a/blobs/uploads/id"),
        ] {
            assert_eq!(resolve(base, location), wanted);
        }
        assert_eq!(
            with_query("http://h/x?a=b", "digest", "sha256:0"),
            "http://h/x?a=b&digest=sha256%3A0"
        );
    }
}
