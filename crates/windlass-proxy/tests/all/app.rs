//! Apps: small servers on Unix sockets, written for one test each.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

pub(crate) type Body = BoxBody<Bytes, io::Error>;

/// A running app; it ends when dropped.
pub(crate) struct App(JoinHandle<()>);

impl Drop for App {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves requests by a function.
pub(crate) fn serve<F, A>(path: &Path, answer: F) -> App
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    each_connection(path, move |stream| {
        let answer = answer.clone();
        async move {
            let service = service_fn(move |request| {
                let answer = answer(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            let _ = connection.with_upgrades().await;
        }
    })
}

/// Answers every request with one text.
pub(crate) fn say(path: &Path, text: &'static str) -> App {
    serve(path, move |_| async move { text_of(text) })
}

/// Runs a function for each connection, on the bytes themselves.
pub(crate) fn each_connection<F, A>(path: &Path, run: F) -> App
where
    F: Fn(UnixStream) -> A + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = UnixListener::bind(path).unwrap();
    App(tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.spawn(run(stream));
        }
    }))
}

/// What arrived at an app, all connections in one.
pub(crate) type Record = Arc<Mutex<Vec<u8>>>;

/// Records every byte, and answers each read that ends a request with 200.
pub(crate) fn record(path: &Path) -> (App, Record) {
    let record = Record::default();
    let shared = record.clone();
    let app = each_connection(path, move |mut stream| {
        let record = shared.clone();
        async move {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                record.lock().unwrap().extend_from_slice(&buffer[..count]);
                let all = record.lock().unwrap().clone();
                if is_whole(&all) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    (app, record)
}

/// Whether the last request among the bytes is complete, by its own framing.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) =
        text.rsplit_once("http/1.1\r\n").and_then(|(_, r)| r.split_once("\r\n\r\n"))
    else {
        return false;
    };
    let value = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().to_owned())
    };
    match (value("transfer-encoding:"), value("content-length:")) {
        (Some(_), _) => body.ends_with("0\r\n\r\n"),
        (None, Some(length)) => body.len() >= length.parse().unwrap_or(0),
        (None, None) => true,
    }
}

pub(crate) fn text_of(text: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(text.into()).map_err(|never: Infallible| match never {}).boxed())
}
