//! Asking a target over its own address how it is, as a visitor would.
//!
//! A probe carries the app's public host, so that allowed-host checks are met, and says that the
//! visitor came by https, so that an app which redirects plain visits does not answer with a
//! redirect for ever. It uses a connection of its own, never one of the pools.

use crate::{Address, socket};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use windlass_model::ProbeAnswer;

/// What to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeRequest {
    /// The app's public host, with a port where it has one.
    pub host: String,
    /// Path and query, starting with `/`.
    pub path: String,
    /// How long the whole probe may take, in milliseconds.
    pub timeout_ms: u64,
    /// More headers; they replace those of the same name.
    pub headers: Vec<(String, String)>,
}

/// Asks once. Never fails: whatever comes of it is the answer.
pub async fn probe(address: &Address, request: &ProbeRequest) -> ProbeAnswer {
    let begun = Instant::now();
    let prepared = match prepare(request) {
        Ok(prepared) => prepared,
        Err(detail) => return ProbeAnswer::Broken { detail },
    };
    let limit = Duration::from_millis(request.timeout_ms);
    let asked = tokio::time::timeout(limit, ask(address, prepared, begun)).await;
    asked.unwrap_or(ProbeAnswer::TimedOut { after_ms: request.timeout_ms })
}

fn prepare(request: &ProbeRequest) -> Result<Request<Empty<Bytes>>, String> {
    let uri: Uri = request.path.parse().map_err(|_| format!("`{}` is no path", request.path))?;
    let mut prepared = Request::new(Empty::new());
    *prepared.uri_mut() = uri;
    let ours = [
        ("host", request.host.as_str()),
        ("user-agent", "windlass-probe"),
        ("accept", "*/*"),
        ("connection", "close"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", request.host.as_str()),
        ("x-forwarded-port", "443"),
    ];
    let theirs = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in ours.into_iter().chain(theirs) {
        let parsed =
            HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let (name, value) = parsed.ok_or_else(|| format!("`{name}: {value}` is no header"))?;
        prepared.headers_mut().insert(name, value);
    }
    Ok(prepared)
}

async fn ask(address: &Address, request: Request<Empty<Bytes>>, begun: Instant) -> ProbeAnswer {
    match address {
        Address::Unix(path) => match socket::connect(path).await {
            Ok(stream) => exchange(stream, request, begun).await,
            Err(error) => refused(&error),
        },
        Address::Tcp(address) => match TcpStream::connect(address).await {
            Ok(stream) => exchange(stream, request, begun).await,
            Err(error) => refused(&error),
        },
    }
}

async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>, begun: Instant) -> ProbeAnswer
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let broken = |error: &hyper::Error| ProbeAnswer::Broken { detail: chain(error) };
    let connected = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = match connected {
        Ok(connected) => connected,
        Err(error) => return broken(&error),
    };
    let answer = async {
        match sender.send_request(request).await {
            Ok(response) => {
                let elapsed_ms = begun.elapsed().as_millis() as u64;
                let status = response.status().as_u16();
                let text = beginning(response.into_body()).await;
                ProbeAnswer::Status { status, body: text, elapsed_ms }
            }
            Err(error) => broken(&error),
        }
    };
    // The answer may be known before the connection ends, or the other way round.
    let mut answer = std::pin::pin!(answer);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = answer.as_mut() => answer,
        _ = connection.as_mut() => answer.await,
    }
}

/// The first bytes of a body as text. A body that breaks off after a good head is cut short: the
/// status is what counts.
async fn beginning(mut body: Incoming) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ProbeAnswer::BODY_LIMIT {
        match body.frame().await {
            Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |d| d)),
            Some(Err(_)) | None => break,
        }
    }
    bytes.truncate(ProbeAnswer::BODY_LIMIT);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn refused(error: &io::Error) -> ProbeAnswer {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ProbeAnswer::NotListening,
        _ => ProbeAnswer::Broken { detail: error.to_string() },
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
