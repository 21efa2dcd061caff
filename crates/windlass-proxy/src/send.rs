//! Sending a request to a target, and trying again where that is safe.
//!
//! Again means: another target, where one accepts no connection; the same pool on a fresh
//! connection, where hyper gives the request back because not a byte of it was written; and the
//! same for a GET or HEAD without a body whose connection broke before the head of an answer, if
//! the connection was reused, since a server may close an idle one in the very moment in which we
//! use it, or if another release stands by; then also before the end of a small answer, of which
//! nothing was passed on. Nothing else is ever sent twice.

use crate::fault::Fault;
use crate::held::Held;
use crate::lease::{Claim, Lease};
use crate::request_body::{RequestBody, Upload};
use crate::upstream::Link;
use crate::view::PoolView;
use crate::worker::Worker;
use http::{Method, Request, Response, StatusCode, header};
use rustix::io::Errno;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How often a request may be given back before the target counts as broken.
const GIVEN_BACK_MAX: u32 = 3;

/// A request ready to be sent.
pub(crate) struct Outbound {
    pub(crate) request: Request<RequestBody>,
    /// Its body's progress, if it has one.
    pub(crate) upload: Option<Rc<Upload>>,
}

/// How one attempt is made.
#[derive(Clone, Copy)]
struct Terms {
    /// How long the head of the answer may take.
    patience: Duration,
    /// Whether the connection served before.
    reused: bool,
    /// Whether another release stands by.
    stood_by: bool,
}

/// What came of one attempt.
enum Attempt {
    Answered(Response<Held>),
    /// Not a byte was written; or it may be sent again, and this is its copy.
    Again(Request<RequestBody>),
    Failed(Fault),
}

/// Sends a request; the first target is claimed already.
pub(crate) async fn send(
    worker: &Worker,
    outbound: Outbound,
    first: (Rc<PoolView>, Claim),
) -> Result<(Response<Held>, Lease), Fault> {
    let Outbound { mut request, upload } = outbound;
    let (mut pool, mut claim) = first;
    let mut tried = Vec::new();
    let mut given_back = 0;
    loop {
        let upstream = claim.upstream.clone();
        let reuse = given_back == 0;
        let (link, reused) = match link_to(&claim, &pool, reuse).await {
            Ok(linked) => linked,
            // No other target would fare better.
            Err(Fault::Exhausted) => return Err(Fault::Exhausted),
            Err(fault) => {
                claim.blame();
                drop(claim);
                tried.push(upstream);
                // The fault of the last target stands when there is none left to try.
                let next = worker.claim(request.headers(), request.uri(), &tried);
                (pool, claim) =
                    next.map_err(|none| if none == Fault::NoTarget { fault } else { none })?;
                continue;
            }
        };
        let mut lease = Lease::new(claim, link, upload.clone());
        let patience = Duration::from_millis(pool.options.head_timeout_ms);
        let terms = Terms { patience, reused, stood_by: pool.has_standby() };
        match attempt(&mut lease, request, upload.as_deref(), terms).await {
            Attempt::Answered(response) => return Ok((response, lease)),
            Attempt::Again(same) if given_back < GIVEN_BACK_MAX => {
                request = same;
                given_back += 1;
                if !reused && pool.has_standby() {
                    // Not the end of an idle connection: this target is in trouble.
                    lease.fail();
                    tried.push(upstream);
                } else {
                    drop(lease);
                }
                (pool, claim) = worker.claim(request.headers(), request.uri(), &tried)?;
            }
            Attempt::Again(_) => {
                lease.fail();
                return Err(Fault::AppBroken);
            }
            Attempt::Failed(fault) => {
                if fault.blames_target() {
                    lease.fail();
                }
                return Err(fault);
            }
        }
    }
}

/// An idle connection or a new one; says whether it was idle.
async fn link_to(claim: &Claim, pool: &PoolView, reuse: bool) -> Result<(Link, bool), Fault> {
    let idle = if reuse { claim.upstream.take_idle(Instant::now()) } else { None };
    if let Some(link) = idle {
        return Ok((link, true));
    }
    let limit = Duration::from_millis(pool.options.connect_timeout_ms);
    match timeout(limit, claim.upstream.connect()).await {
        _ if claim.upstream.state.is_cut() => Err(Fault::Cut),
        Ok(Ok(link)) => Ok((link, false)),
        Ok(Err(error)) if is_own(&error) => Err(Fault::Exhausted),
        Ok(Err(_)) => Err(Fault::Unreachable),
        Err(_) => Err(Fault::ConnectTimeout),
    }
}

/// Whether a connection failed for want of a descriptor, which is no target's fault.
fn is_own(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

async fn attempt(
    lease: &mut Lease,
    request: Request<RequestBody>,
    upload: Option<&Upload>,
    terms: Terms,
) -> Attempt {
    let upgrading = request.headers().contains_key(header::UPGRADE);
    let spare = if terms.reused || terms.stood_by { copy(&request) } else { None };
    let Some(link) = lease.link() else { return Attempt::Again(request) };
    let mut sending = pin!(link.sender.try_send_request(request));
    let outcome = loop {
        let seen = upload.map_or(0, Upload::frames);
        match timeout(terms.patience, sending.as_mut()).await {
            Ok(outcome) => break outcome,
            // A long upload is no slow app: the app's time begins with the end of the request.
            Err(_) if upload.is_some_and(|upload| upload.frames() != seen) => {}
            Err(_) => return Attempt::Failed(Fault::AppTimeout),
        }
    };
    let cut = lease.claim.upstream.state.is_cut();
    match outcome {
        Ok(response) if response.status() != StatusCode::SWITCHING_PROTOCOLS || upgrading => {
            let mut response = response.map(Held::new);
            match spare.filter(|_| terms.stood_by) {
                Some(copy) if response.body_mut().whole().await.is_err() => Attempt::Again(copy),
                _ => Attempt::Answered(response),
            }
        }
        Ok(_) => Attempt::Failed(Fault::AppBroken),
        Err(_) if cut => Attempt::Failed(Fault::Cut),
        Err(mut error) => {
            let broken_by_app = || {
                let error = error.error();
                !error.is_parse() && !error.is_timeout() && !error.is_user()
            };
            if let Some(fault) = upload.and_then(Upload::fault) {
                return Attempt::Failed(fault);
            }
            match spare.filter(|_| broken_by_app()) {
                Some(copy) => Attempt::Again(copy),
                None => match error.take_message() {
                    Some(request) => Attempt::Again(request),
                    None => Attempt::Failed(Fault::AppBroken),
                },
            }
        }
    }
}

/// A copy of a request that may be sent twice (RFC 9110 section 9.2.2).
fn copy(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD)
        && matches!(request.body(), RequestBody::Empty)
        && !request.headers().contains_key(header::UPGRADE);
    safe.then(|| {
        let mut copy = Request::new(RequestBody::Empty);
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    })
}
