//! Starting and ending an edge.
//!
//! Order at the start: the lock, the snapshot, the listening socket, the workers, the control
//! socket; what can fail fails before the first connection is accepted. At the end: no new
//! connections, requests under way finish within the grace period, tunnels end last.

use crate::prepare::{load_snapshot, lock, open_logs};
use crate::shared::{Origin, Shared, WorkerCounts, WorkerLink};
use crate::worker::{self, Command, WorkerSeed};
use crate::{EdgeConfig, EdgeError, EdgeStatus, control, listen};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A running edge.
pub struct Edge {
    shared: Arc<Shared>,
    config: Arc<EdgeConfig>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    /// Hung up once every worker has ended.
    workers_ended: std::sync::mpsc::Receiver<()>,
    control: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    /// Held for as long as the edge runs.
    _lock: File,
}

/// Runs an edge until SIGTERM or SIGINT, then ends it gracefully. Blocks; what `windlass edge`
/// runs. Raises the process's own soft limit on open files to the hard one.
pub fn edge_main(config: EdgeConfig) -> Result<(), EdgeError> {
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(EdgeError::Threads)?;
    // Signals are taken over before anything is accepted, so that none is missed.
    let entered = runtime.enter();
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(EdgeError::Threads)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(EdgeError::Threads)?;
    drop(entered);
    let edge = Edge::start(config)?;
    runtime.block_on(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    edge.stop();
    Ok(())
}

impl Edge {
    /// Starts an edge on threads of its own and returns once it accepts connections.
    pub fn start(config: EdgeConfig) -> Result<Self, EdgeError> {
        let lock = lock(&config)?;
        let (access, own_log) = open_logs(&config)?;
        let (table, snapshot_state) = load_snapshot(&config)?;
        let listener =
            listen::bind(&config.listen).map_err(|refused| EdgeError::Listen { refused })?;
        let listen = listener.local_addr().map_err(EdgeError::Threads)?;
        let (links, receivers) = worker_links(&config);
        let config = Arc::new(config);
        let snapshot_path = config.snapshot.clone();
        let origin = Origin { table, snapshot_path, snapshot_state, listen, own_log };
        let shared = Arc::new(Shared::new(origin, links));
        let control_listener = control::bind(&config.control)
            .map_err(|source| EdgeError::Control { path: config.control.clone(), source })?;
        let (end, ended) = oneshot::channel();
        let control = spawn_control(control_listener, shared.clone(), ended)?;
        let (alive, workers_ended) = std::sync::mpsc::channel();
        let mut edge = Self {
            shared,
            config,
            threads: Vec::new(),
            workers_ended,
            control: Some((end, control)),
            _lock: lock,
        };
        for (number, commands) in receivers.into_iter().enumerate() {
            let seed = WorkerSeed {
                shared: edge.shared.clone(),
                config: edge.config.clone(),
                counts: edge.shared.workers[number].counts.clone(),
                listener: listener.try_clone().map_err(EdgeError::Threads)?,
                commands,
                access: access.clone(),
            };
            edge.start_worker(number, seed, alive.clone())?;
        }
        edge.shared.own_log.note("started", edge.status());
        Ok(edge)
    }

    /// The edge, as it is now.
    pub fn status(&self) -> EdgeStatus {
        self.shared.status()
    }

    /// Ends the edge: requests under way may finish within the grace period. Blocks.
    pub fn stop(mut self) {
        self.shared.own_log.note("stopping", self.status());
        self.end(Duration::from_millis(self.config.grace_ms));
        self.shared.own_log.note("stopped", self.status());
    }

    fn start_worker(
        &mut self,
        number: usize,
        seed: WorkerSeed,
        alive: std::sync::mpsc::Sender<()>,
    ) -> Result<(), EdgeError> {
        let thread = std::thread::Builder::new().name(format!("edge-{number}"));
        let thread = thread.spawn(move || {
            let outcome = worker::run(seed);
            drop(alive);
            outcome
        });
        self.threads.push(thread.map_err(EdgeError::Threads)?);
        Ok(())
    }

    fn end(&mut self, grace: Duration) {
        self.shared.tell(|| Command::Finish);
        // Nothing is ever sent: it ends with the last worker, or with the grace period.
        let _ = self.workers_ended.recv_timeout(grace);
        self.shared.tell(|| Command::Abort);
        for thread in self.threads.drain(..) {
            // A worker that panicked has said so on its own thread; the others end all the same.
            let _ = thread.join();
        }
        if let Some((end, thread)) = self.control.take() {
            drop(end);
            let _ = thread.join();
            let _ = std::fs::remove_file(&self.config.control);
        }
    }
}

impl Drop for Edge {
    /// An edge that was not stopped ends at once.
    fn drop(&mut self) {
        if self.control.is_some() {
            self.end(Duration::ZERO);
        }
    }
}

fn worker_links(config: &EdgeConfig) -> (Vec<WorkerLink>, Vec<mpsc::UnboundedReceiver<Command>>) {
    let count = match config.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        count => count,
    };
    let link = || {
        let (commands, receiver) = mpsc::unbounded_channel();
        (WorkerLink { commands, counts: Arc::new(WorkerCounts::default()) }, receiver)
    };
    (0..count).map(|_| link()).unzip()
}

fn spawn_control(
    listener: std::os::unix::net::UnixListener,
    shared: Arc<Shared>,
    ended: oneshot::Receiver<()>,
) -> Result<JoinHandle<()>, EdgeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(EdgeError::Threads)?;
    let thread = std::thread::Builder::new().name("edge-control".to_owned());
    thread
        .spawn(move || runtime.block_on(control::serve(listener, shared, ended)))
        .map_err(EdgeError::Threads)
}

/// Each client takes two descriptors, and the usual soft limit is 1,024. Failing to raise it
/// only means fewer clients at once.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
