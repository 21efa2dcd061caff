//! The server as a process: one of its installation, until it is told to end.

use crate::api::{self, Api};
use crate::config::ServerConfig;
use crate::executor::Executor;
use crate::host::{HostBackEnd, HostSettings};
use crate::own_log::OwnLog;
use crate::reconciler::Reconciler;
use crate::store::{Fuse, Store, StoreError};
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use windlass_engine::EngineError;
use windlass_model::Layout;

/// What effects that have begun get to end when the server is told to.
const LAST_EFFECTS: Duration = Duration::from_secs(10);

/// Why the server could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A folder or file cannot be made or read.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried: `make`, `open`, `lock`.
        action: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another server of this installation runs.
    #[error("another server already runs on {}", state.display())]
    AlreadyRunning {
        /// The folder of the state.
        state: PathBuf,
    },
    /// The store cannot be used.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// The engine cannot be used.
    #[error("the engine cannot be used")]
    Engine(#[from] EngineError),
    /// The reactor or its signals cannot be set up.
    #[error("the server's reactor cannot be set up")]
    Reactor {
        /// Why not.
        source: io::Error,
    },
}

/// Serves until SIGTERM or SIGINT. Rollouts under way stay in the journal; the next server goes
/// on with them. Apps go on serving without any server.
pub fn serve(config: ServerConfig) -> Result<(), ServerError> {
    make_folders(&config.layout)?;
    let _lock = lock(&config.layout)?;
    let log = open_log(&config)?;
    let reactor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| ServerError::Reactor { source })?;
    let served = reactor.block_on(run(config, log.clone()));
    // Effects that block, such as a start, are let end: their result is found again.
    reactor.shutdown_timeout(LAST_EFFECTS);
    log.info("ended");
    served
}

async fn run(config: ServerConfig, log: OwnLog) -> Result<(), ServerError> {
    let reactor = |source| ServerError::Reactor { source };
    let mut terminate = signal(SignalKind::terminate()).map_err(reactor)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(reactor)?;
    let fuse = config.abort_at_journal_edge.map(|edge| Fuse::at(edge, || std::process::abort()));
    let store = Store::open(&config.layout.store(), config.now, fuse)?;
    let host = Arc::new(HostBackEnd::open(
        HostSettings {
            layout: config.layout.clone(),
            listen: config.listen.clone(),
            exe: config.exe.clone(),
            build: config.build.clone(),
        },
        store.clone(),
        log.clone(),
    )?);
    let (listener, uid) = listen(&config.layout)?;
    let executor = Executor::new(store.clone(), Arc::clone(&host), log.clone(), config.bake_ms);
    executor.resume()?;
    let reconciler = Reconciler::new(store.clone(), Arc::clone(&host), log.clone());
    tokio::spawn(reconciler.run(Arc::clone(&executor)));
    log.info(&format!("serving, version {}", env!("CARGO_PKG_VERSION")));
    let api = Api::new(executor, host, store, config.layout);
    tokio::select! {
        served = api::serve(api, listener, uid) => {
            served.map_err(reactor)
        }
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// For this user alone, whatever the umask is.
pub(crate) fn make_folders(layout: &Layout) -> Result<(), ServerError> {
    for path in [layout.state.clone(), layout.run.clone(), layout.cache.clone(), layout.own_logs()]
    {
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(file("make", &path))?;
    }
    for path in [&layout.state, &layout.run] {
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(path, private).map_err(file("protect", path))?;
    }
    Ok(())
}

pub(crate) fn lock(layout: &Layout) -> Result<File, ServerError> {
    let path = layout.server_lock();
    let lock =
        File::options().create(true).append(true).open(&path).map_err(file("open", &path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(ServerError::AlreadyRunning { state: layout.state.clone() })
        }
        Err(TryLockError::Error(source)) => Err(file("lock", &path)(source)),
    }
}

fn open_log(config: &ServerConfig) -> Result<OwnLog, ServerError> {
    let folder = config.layout.own_logs();
    OwnLog::open(&folder, config.now).map_err(file("open the server's log in", &folder))
}

/// The API's socket and the user whom it serves: the owner of its folder.
fn listen(layout: &Layout) -> Result<(UnixListener, u32), ServerError> {
    let path = layout.server_socket();
    // The lock is ours, so whatever is there is left of a server that is gone.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(file("replace", &path)(error));
        }
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(file("listen on", &path))?;
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&path, private).map_err(file("protect", &path))?;
    let uid = std::fs::metadata(&layout.run).map_err(file("read", &layout.run))?.uid();
    Ok((listener, uid))
}

fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ServerError {
    let path = path.to_owned();
    move |source| ServerError::File { action, path, source }
}
