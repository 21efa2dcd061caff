//! The edge's keeper: has one running, and talks to it.
//!
//! The edge outlives the server, so it is found by its control socket, never by a pid; one that
//! is gone is started again, and takes its routes from its own snapshot. One of another build that
//! speaks another protocol is replaced, see `predecessor`.

mod predecessor;

use super::{HostSettings, back_end};
use crate::back_end::StepResult;
use crate::own_log::OwnLog;
use crate::store::Store;
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use windlass_model::Problem;
use windlass_model::rollout::StepFailure;
use windlass_proxy::{EdgeCallError, EdgeClient, EdgeStatus, PROTOCOL, RouteTable, explain_call};

/// How long a new edge may take to answer.
const START: Duration = Duration::from_secs(10);
/// Pause between two looks at one that starts.
const LOOK: Duration = Duration::from_millis(10);
/// The store's name of the address in use.
const LISTEN: &str = "listen";

/// What there is to say about the edge.
#[derive(Debug, Clone, Default)]
pub struct EdgeNote {
    /// The address that it listens on.
    pub listen: Option<SocketAddr>,
    /// What is wrong with it.
    pub problem: Option<Problem>,
}

/// What became of a table.
pub(super) enum Put {
    /// It is in use, or one that was made from newer routes.
    InUse,
    /// The edge has a table of a higher generation from somebody else.
    Outdated {
        /// The generation in use.
        current: u64,
    },
}

pub(super) struct EdgeKeeper {
    client: EdgeClient,
    store: Store,
    log: OwnLog,
    exe: PathBuf,
    arguments: Vec<PathBuf>,
    logs: PathBuf,
    candidates: Vec<SocketAddr>,
    /// The edge that this server started, to be reaped; and the lock of whoever starts one.
    child: Mutex<Option<Child>>,
    /// Generation of the last table that was put: tables are put one at a time, in order.
    put: Mutex<u64>,
}

impl EdgeKeeper {
    pub(super) fn new(settings: &HostSettings, store: Store, log: OwnLog) -> Self {
        let layout = &settings.layout;
        let arguments = vec![
            "--control".into(),
            layout.edge_socket(),
            "--snapshot".into(),
            layout.routes(),
            "--logs".into(),
            layout.own_logs(),
        ];
        Self {
            client: EdgeClient::new(layout.edge_socket()),
            store,
            log,
            exe: settings.exe.clone(),
            arguments,
            logs: layout.own_logs(),
            candidates: settings.listen.clone(),
            child: Mutex::default(),
            put: Mutex::default(),
        }
    }

    /// The address that was last in use.
    pub(super) fn remembered(&self) -> Option<SocketAddr> {
        self.store.meta(LISTEN).ok().flatten().and_then(|text| text.parse().ok())
    }

    pub(super) async fn note(&self) -> EdgeNote {
        match self.client.status().await {
            Ok(status) => EdgeNote { listen: Some(status.listen), problem: None },
            Err(error) => EdgeNote { listen: None, problem: Some(explain_call(&error)) },
        }
    }

    /// The generation in use; `None` when no edge of this build's protocol answers.
    pub(super) async fn generation(&self) -> Option<u64> {
        let status = self.client.status().await.ok()?;
        (status.protocol == PROTOCOL).then_some(status.generation)
    }

    /// Has this table in use. One that is older than what was put meanwhile is left out: each
    /// table is made from all routes that were durable before it.
    pub(super) async fn put(&self, table: RouteTable) -> Result<Put, StepFailure> {
        let mut put = self.put.lock().await;
        let in_use = self.ensure().await?.generation;
        // Generation 0 on both sides: no route was ever wanted, and the edge's table is empty.
        if table.generation < *put || (table.generation, in_use) == (0, 0) {
            return Ok(Put::InUse);
        }
        match self.client.put_table(&table).await {
            Ok(generation) => {
                *put = generation;
                Ok(Put::InUse)
            }
            Err(EdgeCallError::Stale { current, .. }) => Ok(Put::Outdated { current }),
            Err(error) => Err(back_end(explain_call(&error))),
        }
    }

    pub(super) async fn drain(&self, targets: Vec<String>, deadline_ms: u64) -> StepResult {
        match self.client.drain(&targets, deadline_ms).await {
            // A dead edge has nothing in flight.
            Ok(_) | Err(EdgeCallError::NotRunning { .. }) => Ok(()),
            Err(error) => Err(back_end(explain_call(&error))),
        }
    }

    /// Has an edge running.
    pub(super) async fn ensure(&self) -> Result<EdgeStatus, StepFailure> {
        let mut child = self.child.lock().await;
        match self.client.identity().await {
            Ok(found) if found.protocol == PROTOCOL => return self.answering().await,
            Ok(found) => {
                // Its address is the apps': the next one shall have it.
                self.remember(found.listen).await?;
                self.end_predecessor(&found).await?;
            }
            Err(EdgeCallError::NotRunning { .. }) => {}
            // It is there and hangs: a second one beside it would help nobody.
            Err(error) => return Err(back_end(explain_call(&error))),
        }
        if let Some(mut dead) = child.take() {
            let _ = dead.try_wait();
        }
        *child = Some(self.spawn().map_err(|error| {
            let message = format!("the edge {} cannot be started", self.exe.display());
            back_end(Problem::environment("edge-start", message).cause(error.to_string()))
        })?);
        let begun = Instant::now();
        loop {
            let ended = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            match self.client.status().await {
                Ok(status) => {
                    self.remember(status.listen).await?;
                    return Ok(status);
                }
                Err(_) if ended.is_none() && begun.elapsed() < START => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(error) => return Err(self.did_not_start(&error)),
            }
        }
    }

    async fn answering(&self) -> Result<EdgeStatus, StepFailure> {
        let status = self.client.status().await;
        let status = status.map_err(|error| back_end(explain_call(&error)))?;
        self.remember(status.listen).await?;
        Ok(status)
    }

    async fn remember(&self, listen: SocketAddr) -> StepResult {
        if self.remembered() == Some(listen) {
            return Ok(());
        }
        let written = self.store.set_meta(LISTEN, listen.to_string()).await;
        written.map_err(|error| super::in_store(&error))
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let output = OpenOptions::new().create(true).append(true).open(self.output())?;
        let mut command = Command::new(&self.exe);
        command.arg("edge");
        let first = self.remembered();
        let others = self.candidates.iter().copied().filter(|other| Some(*other) != first);
        for address in first.into_iter().chain(others) {
            command.arg("--listen").arg(address.to_string());
        }
        command
            .args(&self.arguments)
            .current_dir("/")
            // Out of the server's group: what ends the server does not end the edge.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
    }

    fn output(&self) -> PathBuf {
        self.logs.join("edge-output.log")
    }

    fn did_not_start(&self, error: &EdgeCallError) -> StepFailure {
        let problem = Problem::environment("edge-start", "the edge did not start")
            .cause(explain_call(error).message);
        let mut said = String::new();
        if let Ok(mut file) = File::open(self.output()) {
            let _ = std::io::Read::read_to_string(&mut file, &mut said);
        }
        let last: Vec<_> = said.lines().rev().take(10).collect();
        let said: Vec<_> = last.into_iter().rev().collect();
        back_end(match said.as_slice() {
            [] => problem,
            said => problem.cause(format!("it said:\n{}", said.join("\n"))),
        })
    }
}
