//! Which headers are passed on, in both directions, and which are ours to set. Pure.

use crate::rules::{BodyKind, Shape};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers that concern one connection only (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// What apps believe about their visitor when it comes from a proxy, besides `X-Forwarded-*`.
const CLAIMS: [&str; 7] = [
    "forwarded",
    "x-real-ip",
    "x-scheme",
    "x-url-scheme",
    "x-script-name",
    "front-end-https",
    "x-original-url",
];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is true of a client's connection, ready to be set as headers.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) address: HeaderValue,
    pub(crate) scheme: HeaderValue,
    pub(crate) port: HeaderValue,
    /// It is a proxy whose own `X-Forwarded-*` are believed.
    pub(crate) trusted: bool,
}

/// Makes a client's headers those of the request to the app.
pub(crate) fn to_app(headers: &mut HeaderMap, shape: Shape, origin: &Origin, id: &HeaderValue) {
    remove_hop_by_hop(headers);
    headers.remove(header::EXPECT);
    remove_unwelcome(headers, origin.trusted);
    if shape.body == BodyKind::Chunked {
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    if shape.websocket {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    let host = headers.get(header::HOST).cloned();
    if origin.trusted {
        append_address(headers, &origin.address);
        headers.entry(X_FORWARDED_PROTO).or_insert_with(|| origin.scheme.clone());
        headers.entry(X_FORWARDED_PORT).or_insert_with(|| origin.port.clone());
        if let Some(host) = host {
            headers.entry(X_FORWARDED_HOST).or_insert(host);
        }
    } else {
        headers.insert(X_FORWARDED_FOR, origin.address.clone());
        headers.insert(X_FORWARDED_PROTO, origin.scheme.clone());
        headers.insert(X_FORWARDED_PORT, origin.port.clone());
        if let Some(host) = host {
            headers.insert(X_FORWARDED_HOST, host);
        }
    }
    headers.insert(X_REQUEST_ID, id.clone());
}

/// Makes an app's headers those of the answer to the client.
pub(crate) fn to_client(headers: &mut HeaderMap, upgraded: bool, id: &HeaderValue) {
    remove_hop_by_hop(headers);
    if upgraded {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    headers.insert(X_REQUEST_ID, id.clone());
}

/// Removes what `Connection` names, then what is known to concern one connection.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&b| b == b','))
            .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
            // Framing and routing are not the client's to remove.
            .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Removes names with `_`, which WSGI cannot tell from `-`, and what only a trusted proxy may say.
fn remove_unwelcome(headers: &mut HeaderMap, trusted: bool) {
    let unwelcome = |name: &str| {
        name.contains('_')
            || name == "proxy"
            || !trusted && (name.starts_with("x-forwarded-") || CLAIMS.contains(&name))
    };
    let named: Vec<HeaderName> =
        headers.keys().filter(|name| unwelcome(name.as_str())).cloned().collect();
    for name in named {
        headers.remove(name);
    }
}

fn append_address(headers: &mut HeaderMap, address: &HeaderValue) {
    let mut chain: Vec<u8> = Vec::new();
    for value in headers.get_all(X_FORWARDED_FOR).iter().chain([address]) {
        if !chain.is_empty() {
            chain.extend_from_slice(b", ");
        }
        chain.extend_from_slice(value.as_bytes());
    }
    let chain = HeaderValue::from_bytes(&chain).unwrap_or_else(|_| address.clone());
    headers.insert(X_FORWARDED_FOR, chain);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(trusted: bool, shape: Shape, given: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let value = HeaderValue::from_static;
        let (address, scheme, port) = (value("192.0.2.1"), value("http"), value("80"));
        to_app(&mut headers, shape, &Origin { address, scheme, port, trusted }, &value("id"));
        headers
    }

    const PLAIN: Shape = Shape { body: BodyKind::None, websocket: false };

    #[test]
    fn a_stranger_cannot_speak_for_others() {
        let headers = passed_on(
            false,
            PLAIN,
            &[
                ("host", "shop.example:8080"),
                ("x-forwarded-for", "10.0.0.1"),
                ("x-forwarded-for", "10.0.0.2"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-prefix", "/admin"),
                ("forwarded", "for=10.0.0.1"),
                ("x-real-ip", "10.0.0.1"),
                ("content_length", "5"),
                ("proxy", "http://evil"),
                ("cookie", "a=b"),
                ("expect", "100-continue"),
                ("te", "trailers"),
                ("keep-alive", "timeout=5"),
                ("x-secret", "1"),
                ("connection", "close, X-Secret, x-forwarded-proto, host"),
            ],
        );
        let mut seen: Vec<String> =
            headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        seen.sort();
        assert_eq!(
            seen,
            [
                "cookie: a=b",
                "host: shop.example:8080",
                "x-forwarded-for: 192.0.2.1",
                "x-forwarded-host: shop.example:8080",
                "x-forwarded-port: 80",
                "x-forwarded-proto: http",
                "x-request-id: id",
            ]
        );
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_added_to_the_chain() {
        let headers = passed_on(
            true,
            PLAIN,
            &[
                ("host", "a"),
                ("x-forwarded-for", "10.0.0.1, 10.0.0.2"),
                ("x-forwarded-proto", "https"),
            ],
        );
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1, 10.0.0.2, 192.0.2.1");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "a");
    }

    #[test]
    fn framing_and_upgrades_are_restated() {
        let chunked = Shape { body: BodyKind::Chunked, websocket: false };
        let headers = passed_on(false, chunked, &[("host", "a"), ("transfer-encoding", "CHUNKED")]);
        assert_eq!(headers["transfer-encoding"], "chunked");
        let websocket = Shape { body: BodyKind::None, websocket: true };
        let headers = passed_on(
            false,
            websocket,
            &[("host", "a"), ("connection", "Upgrade, keep-alive"), ("upgrade", "WebSocket")],
        );
        assert_eq!(headers["upgrade"], "websocket");
        assert_eq!(headers["connection"], "upgrade");
        let headers = passed_on(
            false,
            PLAIN,
            &[
                ("host", "a"),
                ("connection", "Upgrade, HTTP2-Settings"),
                ("upgrade", "h2c"),
                ("http2-settings", "x"),
            ],
        );
        assert!(!headers.contains_key("upgrade") && !headers.contains_key("connection"));
        assert!(!headers.contains_key("http2-settings"));
    }
}
