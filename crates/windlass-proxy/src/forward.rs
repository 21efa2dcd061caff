//! One request from a client to an app and the answer back: the order of the steps.

use crate::access::Exchange;
use crate::body::EdgeBody;
use crate::connection::Client;
use crate::fault::Fault;
use crate::headers::{self, X_REQUEST_ID};
use crate::held::Held;
use crate::lease::Lease;
use crate::request_body::RequestBody;
use crate::rules::{self, BodyKind, Shape};
use crate::send::{Outbound, send};
use crate::worker::Worker;
use crate::{page, tunnel};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Serves one request. Always has an answer; an answer that cannot be completed breaks off.
pub(crate) async fn forward(
    worker: Rc<Worker>,
    client: Rc<Client>,
    request: Request<Incoming>,
) -> Result<Response<EdgeBody>, Infallible> {
    let begun = Instant::now();
    let framing = rules::body_kind(request.headers());
    // The record of heads is blind from here on: nothing may follow.
    let last = !matches!(framing, Ok(BodyKind::None | BodyKind::Sized(_)));
    // A connection whose framing is refused is closed; what comes after is not looked at.
    let two_lengths = client.pulse().head_done(framing.unwrap_or(BodyKind::Chunked), begun);
    let id = worker.ids.keep_or_make(request.headers().get(X_REQUEST_ID));
    let mut exchange = Exchange::begin(&worker, &client, &request, &id, begun);
    let accepts_html = page::accepts_html(request.headers());
    let outcome = match rules::inspect(&request, two_lengths, worker.limits()) {
        Ok(shape) => ask(&worker, &client, request, shape, &id).await,
        Err(fault) => Err(fault),
    };
    Ok(match outcome {
        Ok(answer) => pass_on(answer, &id, (exchange, last)),
        Err(fault) => {
            exchange.answered(fault.status(), Some(fault));
            let mut page = page::answer(fault, accepts_html, id.to_str().unwrap_or(""));
            page.headers_mut().insert(X_REQUEST_ID, id);
            if last {
                close_after(page.headers_mut());
            }
            page.map(|bytes: Bytes| EdgeBody::page(bytes, exchange))
        }
    })
}

/// An app's answer with everything that is needed to pass it on.
struct Answer {
    response: Response<Held>,
    lease: Lease,
    body_patience: Duration,
    upgrade: Option<Upgrade>,
}

/// The client's side of the tunnel that it asked for.
struct Upgrade {
    client_side: OnUpgrade,
    client: Rc<Client>,
    farewell: Duration,
}

async fn ask(
    worker: &Rc<Worker>,
    client: &Rc<Client>,
    mut request: Request<Incoming>,
    shape: Shape,
    id: &HeaderValue,
) -> Result<Answer, Fault> {
    let upgrade = shape.websocket.then(|| Upgrade {
        client_side: hyper::upgrade::on(&mut request),
        client: client.clone(),
        farewell: Duration::from_millis(worker.limits().farewell_ms),
    });
    let (mut parts, incoming) = request.into_parts();
    let (pool, claim) = worker.claim(&parts.headers, &parts.uri, &[])?;
    headers::to_app(&mut parts.headers, shape, &client.origin, id);
    parts.uri = origin_form(parts.uri);
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    let body_patience = Duration::from_millis(pool.options.body_idle_timeout_ms);
    let (body, upload) = match shape.body {
        BodyKind::None => (RequestBody::Empty, None),
        BodyKind::Sized(_) | BodyKind::Chunked => {
            let (body, upload) = RequestBody::stream(incoming, body_patience);
            (body, Some(upload))
        }
    };
    let outbound = Outbound { request: Request::from_parts(parts, body), upload };
    let (response, lease) = send(worker, outbound, (pool, claim)).await?;
    Ok(Answer { response, lease, body_patience, upgrade })
}

fn pass_on(
    answer: Answer,
    id: &HeaderValue,
    (mut exchange, last): (Exchange, bool),
) -> Response<EdgeBody> {
    let Answer { mut response, mut lease, body_patience, upgrade } = answer;
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    exchange.answered(response.status(), None);
    exchange.served_by(&lease.claim.upstream.state);
    headers::to_client(response.headers_mut(), upgraded, id);
    *response.version_mut() = Version::HTTP_11;
    if last {
        close_after(response.headers_mut());
    }
    if upgraded && let Some(Upgrade { client_side, client, farewell }) = upgrade {
        client.pulse().upgraded();
        let app_side = hyper::upgrade::on(&mut response);
        tunnel::open(client_side, app_side, lease.into_tunnel(), farewell);
        return response.map(|_| EdgeBody::page(Bytes::new(), exchange));
    }
    let patience = if is_event_stream(response.headers()) {
        // It has no end of its own: nobody waits for it, and it may be silent.
        lease.promote();
        None
    } else {
        Some(body_patience)
    };
    response.map(|incoming| EdgeBody::app(incoming, lease, patience, exchange))
}

/// The connection must not carry another request.
fn close_after(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    const KIND: &[u8] = b"text/event-stream";
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.len() >= KIND.len() && kind[..KIND.len()].eq_ignore_ascii_case(KIND)
    })
}

/// Path and query only (RFC 9112 section 3.2.1); the authority is in `Host`.
fn origin_form(uri: Uri) -> Uri {
    if uri.authority().is_none() {
        return uri;
    }
    let path = uri.into_parts().path_and_query;
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}
