//! One exchange of a request and an answer, from its head to its last byte: counted and logged.

use crate::connection::Client;
use crate::fault::Fault;
use crate::target_state::TargetState;
use crate::worker::Worker;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use serde::Serialize;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Lives from a request's head to the end of its answer. Dropping it ends the exchange: the
/// connection waits for the next request, and the line is written.
pub(crate) struct Exchange {
    worker: Rc<Worker>,
    client: Rc<Client>,
    begun: Instant,
    asked: Option<Asked>,
    status: StatusCode,
    fault: Option<Fault>,
    bytes: u64,
    complete: bool,
}

/// What was asked, kept for the log only.
struct Asked {
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
    id: HeaderValue,
    target: Option<Arc<TargetState>>,
}

/// A line of `access.jsonl`. The query is left out: it may hold what no log should.
#[derive(Serialize)]
struct Line<'a> {
    at_ms: u64,
    id: &'a str,
    client: &'a str,
    method: &'a str,
    host: &'a str,
    path: &'a str,
    status: u16,
    bytes: u64,
    elapsed_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    /// Why the edge answered itself, or `broken-off` for an answer that was not completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
}

impl Exchange {
    pub(crate) fn begin<B>(
        worker: &Rc<Worker>,
        client: &Rc<Client>,
        request: &Request<B>,
        id: &HeaderValue,
        begun: Instant,
    ) -> Self {
        let asked = worker.access_log().map(|_| Asked {
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: request.headers().get(header::HOST).cloned(),
            id: id.clone(),
            target: None,
        });
        Self {
            worker: worker.clone(),
            client: client.clone(),
            begun,
            asked,
            status: StatusCode::OK,
            fault: None,
            bytes: 0,
            complete: false,
        }
    }

    /// The head of the answer is known.
    pub(crate) fn answered(&mut self, status: StatusCode, fault: Option<Fault>) {
        self.status = status;
        self.fault = fault;
        let counts = &self.worker.counts;
        let class = usize::from(status.as_u16() / 100).min(5);
        counts.by_class[class].fetch_add(1, Ordering::Relaxed);
        if fault.is_some() {
            counts.made_by_edge.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The target that answers.
    pub(crate) fn served_by(&mut self, target: &Arc<TargetState>) {
        if let Some(asked) = &mut self.asked {
            asked.target = Some(target.clone());
        }
    }

    /// So many bytes more of the answer's body.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The answer's body has come to its end.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }

    fn log(&self, asked: &Asked, now: Instant) {
        let Some((file, buffer)) = self.worker.access_log() else { return };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let broken = (!self.complete).then_some("broken-off");
        let line = Line {
            at_ms: at.as_millis() as u64,
            id: asked.id.to_str().unwrap_or(""),
            client: self.client.address(),
            method: asked.method.as_str(),
            host: asked.host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or(""),
            path: asked.uri.path(),
            status: self.status.as_u16(),
            bytes: self.bytes,
            elapsed_us: now.duration_since(self.begun).as_micros() as u64,
            target: asked.target.as_ref().map(|target| target.id.as_str()),
            fault: self.fault.map(Fault::code).or(broken),
        };
        // Writing into memory fails for no reason that a request should fail for.
        buffer.line(file, |out| drop(serde_json::to_writer(out, &line)));
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let now = Instant::now();
        self.client.pulse().answer_done(now);
        if let Some(asked) = self.asked.take() {
            self.log(&asked, now);
        }
    }
}
