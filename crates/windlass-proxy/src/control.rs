//! The edge's control API: HTTP/1.1 with JSON on a Unix socket that only its owner may use.
//!
//! `GET /status` answers an [`EdgeStatus`]; `PUT /table` takes a [`RouteTable`] and answers its
//! generation once the table is durable and in use; `POST /drain` takes a [`DrainRequest`] and
//! answers a [`DrainReport`] once the drain has ended. A refusal is a [`Refusal`], typed.

use crate::drain::{DrainError, PublishError, drain};
use crate::explain::{explain_snapshot, explain_table};
use crate::shared::Shared;
use crate::{DrainRequest, RouteTable};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use socket2::{Domain, SockAddr, Socket, Type};
use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

const BODY_LIMIT: usize = 64 << 20;

/// Why the edge refused a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "kebab-case")]
pub(crate) enum Refusal {
    BadTable { reason: String },
    Stale { current: u64, given: u64 },
    NotDurable { reason: String },
    StillRouted { id: String },
    BadRequest { reason: String },
}

/// What a table that was taken up answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) generation: u64,
}

/// Makes the socket, mode 0600 before anybody can connect. The caller holds the edge's lock, so
/// what is at `path` is what a dead edge left.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(128)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Answers calls until `ended` is dropped.
pub(crate) async fn serve(
    listener: UnixListener,
    shared: Arc<Shared>,
    mut ended: oneshot::Receiver<()>,
) {
    let Ok(listener) = tokio::net::UnixListener::from_std(listener) else { return };
    loop {
        let accepted = tokio::select! {
            _ = &mut ended => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(shared.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_mins(1))
                .serve_connection(TokioIo::new(stream), service);
            // A caller that goes away is its own affair.
            let _ = connection.await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match (request.method(), path.as_str()) {
        (&Method::GET, "/status") => json(StatusCode::OK, &shared.status()),
        (&Method::PUT, "/table") => match read(request).await {
            Ok(table) => publish(shared, table).await,
            Err(refusal) => json(StatusCode::BAD_REQUEST, &refusal),
        },
        (&Method::POST, "/drain") => match read::<DrainRequest>(request).await {
            Ok(wanted) => match drain(&shared, &wanted).await {
                Ok(report) => json(StatusCode::OK, &report),
                Err(DrainError::StillRouted { id }) => {
                    json(StatusCode::CONFLICT, &Refusal::StillRouted { id })
                }
            },
            Err(refusal) => json(StatusCode::BAD_REQUEST, &refusal),
        },
        _ => {
            let reason = format!("there is no {} {path}", request.method());
            json(StatusCode::NOT_FOUND, &Refusal::BadRequest { reason })
        }
    })
}

async fn publish(shared: Arc<Shared>, table: RouteTable) -> Response<Full<Bytes>> {
    // The disk may take its time; status and drains go on meanwhile.
    let outcome = tokio::task::spawn_blocking(move || shared.publish(table)).await;
    let (status, refusal) = match outcome {
        Ok(Ok(generation)) => return json(StatusCode::OK, &Taken { generation }),
        Ok(Err(PublishError::Table(error))) => {
            let reason = explain_table(&error).message;
            (StatusCode::UNPROCESSABLE_ENTITY, Refusal::BadTable { reason })
        }
        Ok(Err(PublishError::Stale { current, given })) => {
            (StatusCode::CONFLICT, Refusal::Stale { current, given })
        }
        Ok(Err(PublishError::Snapshot(error))) => {
            let problem = explain_snapshot(&error);
            let reason = [vec![problem.message], problem.causes].concat().join(": ");
            (StatusCode::INSUFFICIENT_STORAGE, Refusal::NotDurable { reason })
        }
        Err(panic) => {
            let reason = panic.to_string();
            (StatusCode::INTERNAL_SERVER_ERROR, Refusal::NotDurable { reason })
        }
    };
    json(status, &refusal)
}

async fn read<T: serde::de::DeserializeOwned>(request: Request<Incoming>) -> Result<T, Refusal> {
    let body = Limited::new(request.into_body(), BODY_LIMIT).collect().await;
    let body = body.map_err(|error| Refusal::BadRequest { reason: error.to_string() })?.to_bytes();
    serde_json::from_slice(&body).map_err(|error| Refusal::BadRequest { reason: error.to_string() })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Full<Bytes>> {
    let text = serde_json::to_vec(value)
        .unwrap_or_else(|error| unreachable!("answers have only plain fields: {error}"));
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
