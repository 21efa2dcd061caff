//! The API's client: typed calls over the server's Unix socket.
//!
//! One connection per call: the socket is local and a call is rare, so nothing is pooled and a
//! restarted server is simply connected to anew. Needs a tokio reactor with I/O and time.

mod records;
mod transport;

pub use records::Records;

use crate::wire::{
    AppStatus, AppSummary, LogQuery, LogRecord, Ping, PlanReport, PlanRequest, PruneReport,
    PruneRequest, ReleaseEntry, RunRequest, RunStarted, Submit,
};
use std::path::{Path, PathBuf};
use windlass_model::{AppName, ContainerId, EventRecord, Job, JobId, JobKind, Layout, Problem};

/// A handle on one installation's server.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// Why a call to the server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the server's socket.
    #[error("no server listens on {}", socket.display())]
    NotRunning {
        /// The socket.
        socket: PathBuf,
        /// What connecting said.
        source: std::io::Error,
    },
    /// The connection broke: the server ended, or was killed, while it answered.
    #[error("the server at {} went away while it answered", socket.display())]
    Broken {
        /// The socket.
        socket: PathBuf,
        /// What the transport said.
        source: hyper::Error,
    },
    /// The answer is not what this version understands.
    #[error("the server's answer to `{request}` cannot be understood")]
    Decode {
        /// The method and path of the request.
        request: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The request cannot be written down: a bug.
    #[error("the request `{request}` cannot be made")]
    Request {
        /// The method and path of the request.
        request: String,
        /// Why.
        source: hyper::http::Error,
    },
    /// The server understood and refused.
    #[error("{problem}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Why, explained.
        problem: Box<Problem>,
    },
}

impl Client {
    /// A client of the server that owns `layout`. Nothing is connected before the first call.
    pub fn connect(layout: &Layout) -> Self {
        Self { socket: layout.server_socket() }
    }

    /// The socket that calls go to.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Who the server is; the way to see whether one runs.
    pub async fn ping(&self) -> Result<Ping, ClientError> {
        self.get("/v1/ping").await
    }

    /// Submits a job. A deploy may leave the app to the project.
    pub async fn submit(&self, app: Option<AppName>, kind: JobKind) -> Result<Job, ClientError> {
        self.post("/v1/jobs", &Submit { app, kind }).await
    }

    /// A job as it is now.
    pub async fn job(&self, job: JobId) -> Result<Job, ClientError> {
        self.get(&format!("/v1/jobs/{job}")).await
    }

    /// Asks a job to stop and to undo what it did. It ends by itself where it is too late.
    pub async fn cancel(&self, job: JobId) -> Result<Job, ClientError> {
        self.post(&format!("/v1/jobs/{job}/cancel"), &()).await
    }

    /// A job's events after the one numbered `after` (0: from the first), as they happen. The
    /// stream ends after the job's final state.
    pub async fn events(
        &self,
        job: JobId,
        after: u64,
    ) -> Result<Records<EventRecord>, ClientError> {
        self.stream(&format!("/v1/jobs/{job}/events?after={after}")).await
    }

    /// Every app.
    pub async fn apps(&self) -> Result<Vec<AppSummary>, ClientError> {
        self.get("/v1/apps").await
    }

    /// One app in detail.
    pub async fn status(&self, app: &AppName) -> Result<AppStatus, ClientError> {
        self.get(&format!("/v1/apps/{app}/status")).await
    }

    /// An app's releases, newest first.
    pub async fn releases(&self, app: &AppName) -> Result<Vec<ReleaseEntry>, ClientError> {
        self.get(&format!("/v1/apps/{app}/releases")).await
    }

    /// An app's log lines, oldest first; without [`LogQuery::follow`] the stream ends.
    pub async fn logs(
        &self,
        app: &AppName,
        query: &LogQuery,
    ) -> Result<Records<LogRecord>, ClientError> {
        let mut parts = vec![format!("follow={}", query.follow)];
        parts.extend(query.release.map(|release| format!("release={release}")));
        parts.extend(query.process.as_ref().map(|process| format!("process={process}")));
        parts.extend(query.tail.map(|tail| format!("tail={tail}")));
        let path = format!("/v1/apps/{app}/logs?{}", parts.join("&"));
        self.stream(&path).await
    }

    /// What a deploy would do; changes nothing.
    pub async fn plan(&self, request: &PlanRequest) -> Result<PlanReport, ClientError> {
        self.post("/v1/plan", request).await
    }

    /// Frees the disk of what nothing needs, or counts it.
    pub async fn prune(&self, request: &PruneRequest) -> Result<PruneReport, ClientError> {
        self.post("/v1/images/prune", request).await
    }

    /// Makes a one-off container; the caller executes in it and calls [`Client::end_run`].
    pub async fn start_run(
        &self,
        app: &AppName,
        request: &RunRequest,
    ) -> Result<RunStarted, ClientError> {
        self.post(&format!("/v1/apps/{app}/runs"), request).await
    }

    /// Removes a one-off container, whatever runs in it.
    pub async fn end_run(&self, app: &AppName, run: &ContainerId) -> Result<(), ClientError> {
        self.delete(&format!("/v1/apps/{app}/runs/{run}")).await
    }
}
