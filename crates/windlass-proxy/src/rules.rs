//! The rules in front of the parser: what is refused before anything is forwarded.
//!
//! hyper already refuses malformed lengths, codings that do not end in `chunked`, spaces before
//! colons, folded lines, control characters and unknown versions. It passes on what two parsers
//! can still read differently; that is refused here. Pure.

use crate::fault::Fault;
use crate::{ClientLimits, host};
use http::header::{self, HeaderMap};
use http::{Method, Request, Version};

/// What a request that passed is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How its body is framed.
    pub(crate) body: BodyKind,
    /// Whether it asks to become a WebSocket; nothing else is upgraded.
    pub(crate) websocket: bool,
}

/// How a request's body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    None,
    /// So many bytes, more than none.
    Sized(u64),
    Chunked,
}

/// Framing first: [`inspect`] and the record of the head both need it.
pub(crate) fn body_kind(headers: &HeaderMap) -> Result<BodyKind, Fault> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        let exact = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
        return if exact && codings.next().is_none() {
            Ok(BodyKind::Chunked)
        } else {
            Err(Fault::TransferCoding)
        };
    }
    match headers.get(header::CONTENT_LENGTH) {
        None => Ok(BodyKind::None),
        Some(value) => {
            let length = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            match length.ok_or(Fault::ClientBody)? {
                0 => Ok(BodyKind::None),
                length => Ok(BodyKind::Sized(length)),
            }
        }
    }
}

/// Checks a head. `two_lengths` says that the bytes held both a length and a transfer coding,
/// which the parser has already resolved.
pub(crate) fn inspect<B>(
    request: &Request<B>,
    two_lengths: bool,
    limits: &ClientLimits,
) -> Result<Shape, Fault> {
    let headers = request.headers();
    let body = body_kind(headers)?;
    if two_lengths {
        return Err(Fault::TwoLengths);
    }
    check_size(request, limits)?;
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Fault::Method);
    }
    check_host(request)?;
    if let Some(expectation) = headers.get(header::EXPECT)
        && !expectation.as_bytes().eq_ignore_ascii_case(b"100-continue")
    {
        return Err(Fault::Expectation);
    }
    Ok(Shape { body, websocket: body == BodyKind::None && asks_for_websocket(request) })
}

/// The request's host, without its port; valid once [`inspect`] has passed it.
pub(crate) fn host_of(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|value| host::parse(value.as_bytes()));
    host.and_then(|host| std::str::from_utf8(host).ok()).unwrap_or("")
}

/// Whether a list-valued header holds a token, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(token)))
}

fn check_size<B>(request: &Request<B>, limits: &ClientLimits) -> Result<(), Fault> {
    let headers = request.headers();
    // `: ` and the line's end are the 4.
    let lines: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > limits.headers_max || lines > limits.head_max_bytes {
        return Err(Fault::HeadTooLarge);
    }
    Ok(())
}

fn check_host<B>(request: &Request<B>) -> Result<(), Fault> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(named), None) = (hosts.next(), hosts.next()) else { return Err(Fault::Host) };
    host::parse(named.as_bytes()).ok_or(Fault::Host)?;
    let uri = request.uri();
    let Some(authority) = uri.authority() else { return Ok(()) };
    let scheme = uri.scheme_str().unwrap_or("");
    let same = authority.as_str().as_bytes().eq_ignore_ascii_case(named.as_bytes());
    if same && matches!(scheme, "http" | "https") { Ok(()) } else { Err(Fault::HostDiffers) }
}

fn asks_for_websocket<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && request.headers().contains_key(header::UPGRADE)
        && has_token(request.headers(), header::UPGRADE, "websocket")
        && has_token(request.headers(), header::CONNECTION, "upgrade")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        let h = ("host", "a");
        type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], Option<Fault>);
        let cases: &[Case<'_>] = &[
            ("GET", "/", &[h], None),
            ("GET", "http://a/x", &[h], None),
            ("GET", "http://A/x", &[h], None),
            ("GET", "http://b/x", &[h], Some(Fault::HostDiffers)),
            ("GET", "ftp://a/x", &[h], Some(Fault::HostDiffers)),
            ("GET", "/", &[], Some(Fault::Host)),
            ("GET", "/", &[h, h], Some(Fault::Host)),
            ("GET", "/", &[("host", "a/b@c")], Some(Fault::Host)),
            ("CONNECT", "a:80", &[h], Some(Fault::Method)),
            ("TRACE", "/", &[h], Some(Fault::Method)),
            ("POST", "/", &[h, ("transfer-encoding", "Chunked")], None),
            (
                "POST",
                "/",
                &[h, ("transfer-encoding", "identity, chunked")],
                Some(Fault::TransferCoding),
            ),
            (
                "POST",
                "/",
                &[h, ("transfer-encoding", "chunked, chunked")],
                Some(Fault::TransferCoding),
            ),
            (
                "POST",
                "/",
                &[h, ("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")],
                Some(Fault::TransferCoding),
            ),
            ("POST", "/", &[h, ("expect", "100-Continue")], None),
            ("POST", "/", &[h, ("expect", "200-ok")], Some(Fault::Expectation)),
        ];
        for (method, uri, headers, fault) in cases {
            let outcome = inspect(&request(method, uri, headers), false, &ClientLimits::default());
            assert_eq!(outcome.err(), *fault, "{method} {uri} {headers:?}");
        }
        let both = inspect(&request("POST", "/", &[h]), true, &ClientLimits::default());
        assert_eq!(both, Err(Fault::TwoLengths));
    }

    #[test]
    fn sizes_are_limited() {
        let long = "x".repeat(16 << 10);
        let outcome = |headers: &[(&str, &str)]| {
            inspect(&request("GET", "/", headers), false, &ClientLimits::default()).err()
        };
        assert_eq!(outcome(&[("host", "a"), ("x", &long)]), Some(Fault::HeadTooLarge));
        assert_eq!(outcome(&[("host", "a"), ("x", &long[..16_000])]), None);
        let names: Vec<String> = (0..100).map(|n| format!("x-{n}")).collect();
        let mut many: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "1")).collect();
        many[0] = ("host", "a");
        assert_eq!(outcome(&many), None);
        many.push(("one-more", "1"));
        assert_eq!(outcome(&many), Some(Fault::HeadTooLarge));
    }

    #[test]
    fn only_websockets_are_upgraded() {
        let shape = |upgrade, connection, more: &[(&str, &str)]| {
            let mut headers = vec![("host", "a"), ("upgrade", upgrade), ("connection", connection)];
            headers.extend_from_slice(more);
            inspect(&request("GET", "/", &headers), false, &ClientLimits::default()).unwrap()
        };
        assert!(shape("websocket", "keep-alive, Upgrade", &[]).websocket);
        assert!(!shape("websocket", "keep-alive", &[]).websocket);
        assert!(!shape("h2c", "Upgrade", &[]).websocket);
        assert!(!shape("websocket", "Upgrade", &[("content-length", "5")]).websocket);
    }
}
