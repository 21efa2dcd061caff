//! Talking to a running edge.

use crate::control::{Refusal, Taken};
use crate::{DrainReport, DrainRequest, EdgeIdentity, EdgeStatus, RouteTable};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::UnixStream;

/// A caller of the edge's control socket. Holds nothing open between calls.
#[derive(Debug, Clone)]
pub struct EdgeClient {
    control: PathBuf,
    timeout: Duration,
}

/// Why a call of the edge failed.
#[derive(Debug, thiserror::Error)]
pub enum EdgeCallError {
    /// Nobody listens on the control socket.
    #[error("no edge listens on {control}")]
    NotRunning {
        /// The socket.
        control: PathBuf,
        /// What connecting to it said.
        #[source]
        source: io::Error,
    },
    /// The edge gave no answer in time.
    #[error("the edge on {control} gave no answer within {after_ms} ms")]
    TimedOut {
        /// The socket.
        control: PathBuf,
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// The connection broke.
    #[error("the connection to the edge on {control} broke")]
    Broken {
        /// The socket.
        control: PathBuf,
        /// How.
        #[source]
        source: hyper::Error,
    },
    /// The answer is none that this version understands.
    #[error("the edge on {control} answered {status} with something unreadable")]
    BadAnswer {
        /// The socket.
        control: PathBuf,
        /// Status of the answer.
        status: u16,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The table cannot be used, or the request makes no sense to the edge.
    #[error("the edge refused: {reason}")]
    Refused {
        /// Why, in the edge's words.
        reason: String,
    },
    /// The edge has a newer table.
    #[error("the edge has generation {current}; {given} is older")]
    Stale {
        /// The generation in use.
        current: u64,
        /// The generation that was sent.
        given: u64,
    },
    /// The table could not be written to disk; the one before is still in use.
    #[error("the edge could not make the table durable: {reason}")]
    NotDurable {
        /// Why, in the edge's words.
        reason: String,
    },
    /// A target that is to be drained is still in the table.
    #[error("`{id}` is still routed to and cannot be drained")]
    StillRouted {
        /// The target.
        id: String,
    },
}

impl EdgeClient {
    /// A client of the control socket at this path, with a time-out of 10 s for each call.
    pub fn new(control: impl Into<PathBuf>) -> Self {
        Self { control: control.into(), timeout: Duration::from_secs(10) }
    }

    /// The same with another time-out, in milliseconds.
    #[must_use]
    pub fn with_timeout_ms(mut self, timeout_ms: u64) -> Self {
        self.timeout = Duration::from_millis(timeout_ms);
        self
    }

    /// Puts a whole table in use. When this returns, it is durable, and requests that come in
    /// follow it. The same table again is no change; an older generation is refused, the same
    /// one with other content replaces. Answers the generation in use.
    pub async fn put_table(&self, table: &RouteTable) -> Result<u64, EdgeCallError> {
        let taken: Taken = self.call(Method::PUT, "/table", Some(table), self.timeout).await?;
        Ok(taken.generation)
    }

    /// What the edge says about itself.
    pub async fn status(&self) -> Result<EdgeStatus, EdgeCallError> {
        self.call(Method::GET, "/status", None::<&()>, self.timeout).await
    }

    /// Who the edge is; an edge of any build can be asked.
    pub async fn identity(&self) -> Result<EdgeIdentity, EdgeCallError> {
        self.call(Method::GET, "/status", None::<&()>, self.timeout).await
    }

    /// Waits until targets that are no longer in the table have no request in flight; what is left
    /// at the deadline is cut. Long-lived connections are not waited for.
    pub async fn drain(
        &self,
        targets: &[String],
        deadline_ms: u64,
    ) -> Result<DrainReport, EdgeCallError> {
        let targets = targets.to_vec();
        self.drain_by(&DrainRequest { targets, deadline_ms, await_long_lived: false }).await
    }

    /// The same with every choice.
    pub async fn drain_by(&self, request: &DrainRequest) -> Result<DrainReport, EdgeCallError> {
        let timeout = self.timeout.saturating_add(Duration::from_millis(request.deadline_ms));
        self.call(Method::POST, "/drain", Some(request), timeout).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        timeout: Duration,
    ) -> Result<T, EdgeCallError> {
        let body = body.map(serde_json::to_vec).transpose();
        let body = body.unwrap_or_else(|error| unreachable!("plain fields only: {error}"));
        let mut request = Request::new(Full::new(Bytes::from(body.unwrap_or_default())));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap_or_else(|error| unreachable!("{error}"));
        request.headers_mut().insert(header::HOST, header::HeaderValue::from_static("edge"));
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(answer) => {
                let (status, bytes) = answer?;
                self.read(status, &bytes)
            }
            Err(_) => Err(EdgeCallError::TimedOut {
                control: self.control.clone(),
                after_ms: timeout.as_millis() as u64,
            }),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), EdgeCallError> {
        let control = || self.control.clone();
        let broken = |source| EdgeCallError::Broken { control: control(), source };
        let stream = UnixStream::connect(&self.control).await;
        let stream =
            stream.map_err(|source| EdgeCallError::NotRunning { control: control(), source })?;
        let connected = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = connected.map_err(broken)?;
        let exchange = async move {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await?.to_bytes();
            Ok((status, bytes))
        };
        let ((), answer) = tokio::join!(
            async {
                // How it ended is in the answer.
                let _ = connection.await;
            },
            exchange
        );
        answer.map_err(broken)
    }

    fn read<T: DeserializeOwned>(&self, status: u16, bytes: &[u8]) -> Result<T, EdgeCallError> {
        let unreadable = |source| {
            let control = self.control.clone();
            EdgeCallError::BadAnswer { control, status, source }
        };
        if status == 200 {
            return serde_json::from_slice(bytes).map_err(unreadable);
        }
        Err(match serde_json::from_slice(bytes).map_err(unreadable)? {
            Refusal::BadTable { reason } | Refusal::BadRequest { reason } => {
                EdgeCallError::Refused { reason }
            }
            Refusal::Stale { current, given } => EdgeCallError::Stale { current, given },
            Refusal::NotDurable { reason } => EdgeCallError::NotDurable { reason },
            Refusal::StillRouted { id } => EdgeCallError::StillRouted { id },
        })
    }
}
