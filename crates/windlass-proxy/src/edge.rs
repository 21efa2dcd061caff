//! Starting and ending an edge.
//!
//! Order at the start: the lock, the snapshot, the listening socket, the workers, the control
//! socket; what can fail fails before the first connection is accepted. At the end: no new
//! connections, requests under way finish within the grace period, tunnels end last.

use crate::lines::LineFile;
use crate::shared::{Origin, Shared, WorkerCounts, WorkerLink};
use crate::status::SnapshotState;
use crate::worker::{self, Command, WorkerSeed};
use crate::{EdgeConfig, EdgeStatus, RouteTable, SnapshotError, control, listen, snapshot};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// A running edge.
pub struct Edge {
    shared: Arc<Shared>,
    config: Arc<EdgeConfig>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    control: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    own_log: Option<LineFile>,
    /// Held for as long as the edge runs.
    _lock: File,
}

/// Why an edge could not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// Another edge holds the lock beside the snapshot.
    #[error("another edge runs with the routing table {snapshot}")]
    AlreadyRunning {
        /// The snapshot that both want.
        snapshot: PathBuf,
    },
    /// None of the addresses can be listened on.
    #[error("none of the addresses to listen on can be used")]
    Listen {
        /// Each address with its reason.
        refused: Vec<(SocketAddr, io::Error)>,
    },
    /// The control socket cannot be made.
    #[error("cannot listen on the control socket {path}")]
    Control {
        /// Its path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file of the edge's cannot be opened.
    #[error("cannot open {path}")]
    File {
        /// The lock or the log.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The snapshot can neither be read nor be set aside.
    #[error("the routing table {path} can neither be used nor set aside")]
    Snapshot {
        /// Its path.
        path: PathBuf,
        /// Why it cannot be used.
        #[source]
        source: SnapshotError,
    },
    /// A thread or a reactor cannot be started, or signals cannot be received.
    #[error("cannot start the edge's threads")]
    Threads(#[source] io::Error),
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
        let count = match config.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let (links, receivers): (Vec<_>, Vec<_>) = (0..count)
            .map(|_| {
                let (commands, receiver) = mpsc::unbounded_channel();
                (WorkerLink { commands, counts: Arc::new(WorkerCounts::default()) }, receiver)
            })
            .unzip();
        let config = Arc::new(config);
        let snapshot_path = config.snapshot.clone();
        let origin = Origin { table, snapshot_path, snapshot_state, listen };
        let shared = Arc::new(Shared::new(origin, links));
        let control_listener = control::bind(&config.control)
            .map_err(|source| EdgeError::Control { path: config.control.clone(), source })?;
        let (end, ended) = oneshot::channel();
        let control = spawn_control(control_listener, shared.clone(), ended)?;
        let mut edge = Self {
            shared,
            config,
            threads: Vec::new(),
            control: Some((end, control)),
            own_log,
            _lock: lock,
        };
        for (number, commands) in receivers.into_iter().enumerate() {
            edge.start_worker(number, &listener, commands, access.clone())?;
        }
        edge.note("started");
        Ok(edge)
    }

    /// The edge, as it is now.
    pub fn status(&self) -> EdgeStatus {
        self.shared.status()
    }

    /// Ends the edge: requests under way may finish within the grace period. Blocks.
    pub fn stop(mut self) {
        self.note("stopping");
        self.end(Duration::from_millis(self.config.grace_ms));
        self.note("stopped");
    }

    fn start_worker(
        &mut self,
        number: usize,
        listener: &TcpListener,
        commands: mpsc::UnboundedReceiver<Command>,
        access: Option<Arc<LineFile>>,
    ) -> Result<(), EdgeError> {
        let seed = WorkerSeed {
            shared: self.shared.clone(),
            config: self.config.clone(),
            counts: self.shared.workers[number].counts.clone(),
            listener: listener.try_clone().map_err(EdgeError::Threads)?,
            commands,
            access,
        };
        let thread = std::thread::Builder::new().name(format!("edge-{number}"));
        let thread = thread.spawn(move || worker::run(seed)).map_err(EdgeError::Threads)?;
        self.threads.push(thread);
        Ok(())
    }

    fn end(&mut self, grace: Duration) {
        self.shared.tell(|| Command::Finish);
        let deadline = Instant::now() + grace;
        while Instant::now() < deadline && !self.threads.iter().all(JoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(5));
        }
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

    fn note(&self, event: &str) {
        let Some(log) = &self.own_log else { return };
        let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let status = self.status();
        let line = serde_json::json!({
            "at_ms": at.unwrap_or_default().as_millis() as u64,
            "event": event,
            "listen": status.listen,
            "pid": status.pid,
            "generation": status.generation,
            "snapshot": status.snapshot,
            "connections": status.connections,
            "answers": status.answers,
            "log_lines_dropped": log.dropped(),
        });
        log.write(format!("{line}\n").as_bytes());
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

/// The lock lies beside the snapshot, which no two edges may write.
fn lock(config: &EdgeConfig) -> Result<File, EdgeError> {
    let mut path = config.snapshot.clone().into_os_string();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| EdgeError::File { path: path.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(EdgeError::AlreadyRunning { snapshot: config.snapshot.clone() })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn load_snapshot(config: &EdgeConfig) -> Result<(RouteTable, SnapshotState), EdgeError> {
    let path = &config.snapshot;
    match snapshot::load(path) {
        Ok(None) => Ok((RouteTable::default(), SnapshotState::Absent)),
        Ok(Some(table)) => {
            let generation = table.generation;
            Ok((table, SnapshotState::Loaded { generation }))
        }
        Err(source) => match snapshot::set_aside(path) {
            Ok(aside) => {
                let reason = crate::explain_snapshot(&source).message;
                Ok((RouteTable::default(), SnapshotState::SetAside { path: aside, reason }))
            }
            Err(_) => Err(EdgeError::Snapshot { path: path.clone(), source }),
        },
    }
}

type Logs = (Option<Arc<LineFile>>, Option<LineFile>);

fn open_logs(config: &EdgeConfig) -> Result<Logs, EdgeError> {
    let Some(logs) = &config.logs else { return Ok((None, None)) };
    let open = |name: &str| {
        let path = logs.folder.join(name);
        LineFile::open(path.clone(), logs.file_max_bytes, logs.files_kept)
            .map_err(|source| EdgeError::File { path, source })
    };
    Ok((Some(Arc::new(open("access.jsonl")?)), Some(open("edge.jsonl")?)))
}

/// Each client takes two descriptors, and the usual soft limit is 1,024. Failing to raise it
/// only means fewer clients at once.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
