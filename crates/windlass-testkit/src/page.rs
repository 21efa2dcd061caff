//! One page, fetched once: for what a page says. [`crate::Load`] is for whether it comes.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// Header fields, names in lower case; of several with one name the last.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
}

impl Page {
    /// Asks for a page; panics with the reason when there is no whole answer within 30 s.
    pub fn get(address: SocketAddr, host: &str, path: &str) -> Self {
        Self::try_get(address, host, path)
            .unwrap_or_else(|reason| panic!("GET {path} of {host} at {address}: {reason}"))
    }

    /// Asks for a page.
    pub fn try_get(address: SocketAddr, host: &str, path: &str) -> Result<Self, String> {
        let fail = |e: std::io::Error| e.to_string();
        let mut stream = TcpStream::connect(address).map_err(fail)?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(fail)?;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).map_err(fail)?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).map_err(fail)?;
        parse(&raw).ok_or_else(|| format!("not a whole answer: {}", String::from_utf8_lossy(&raw)))
    }
}

fn parse(raw: &[u8]) -> Option<Page> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &raw[end + 4..];
    let body = match (headers.get("content-length"), headers.get("transfer-encoding")) {
        (Some(length), _) => rest.get(..length.parse().ok()?)?.to_vec(),
        (None, Some(_)) => joined(rest)?,
        (None, None) => rest.to_vec(),
    };
    Some(Page { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// The chunks of a body joined (RFC 9112, section 7.1); `None` when the last one is missing.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_answers_are_read_and_cut_ones_refused() {
        for (raw, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Some("ok")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", None),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                Some("ok"),
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", None),
            ("HTTP/1.1 200", None),
        ] {
            assert_eq!(parse(raw.as_bytes()).map(|page| page.body).as_deref(), body, "{raw}");
        }
    }
}
