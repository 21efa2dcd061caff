//! The engine: containers of one installation, found again from the disk alone.

mod control;
pub(crate) mod folders;
mod inside;
mod patience;
mod start;

use crate::bundle::Bundle;
use crate::capabilities::HostCapabilities;
use crate::cgroup::{CgroupHost, CgroupPlan, CgroupUsage};
use crate::error::EngineError;
use crate::observed::{ContainerState, ObservedContainer};
use crate::spec::ContainerSpec;
use crate::state::StateFile;
use sha2::{Digest as _, Sha256};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use windlass_model::{ContainerId, ExitReason};

/// Starts, observes and stops containers. All calls block; none keeps anything in memory that
/// matters, so an engine can be opened by several processes and at any time.
#[derive(Debug)]
pub struct Engine {
    dirs: EngineDirs,
    shim: Vec<OsString>,
    cgroups: CgroupHost,
    rootless: bool,
}

/// The folders of one installation's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineDirs {
    /// One bundle folder per container.
    pub containers: PathBuf,
    /// One run folder per container, with its sockets; must be short.
    pub runs: PathBuf,
}

/// Longest path of a Unix socket, in bytes (unix(7): 108 with the final NUL).
const SOCKET_PATH_MAX: usize = 107;

impl Engine {
    /// Opens the engine over its folders and makes them. `shim` is the program that
    /// [`crate::shim_main`] runs in, with its first arguments: `[<this program>, "shim"]`.
    pub fn open(dirs: EngineDirs, shim: Vec<OsString>) -> Result<Self, EngineError> {
        for path in [&dirs.containers, &dirs.runs] {
            fs::DirBuilder::new().mode(0o700).recursive(true).create(path).map_err(|source| {
                EngineError::Folder { action: "make", path: path.clone(), source }
            })?;
        }
        let longest = dirs.runs.join("0123456789ab/s/web.sock");
        if longest.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(EngineError::RunPathTooLong { path: dirs.runs });
        }
        let rootless = !rustix::process::geteuid().is_root();
        Ok(Self { dirs, shim, cgroups: CgroupHost::detect(), rootless })
    }

    /// All containers that were asked for and not removed, running or not.
    pub fn observe(&self) -> Result<Vec<ObservedContainer>, EngineError> {
        let path = &self.dirs.containers;
        let error = |source| EngineError::Folder { action: "read", path: path.clone(), source };
        let mut found = Vec::new();
        for entry in fs::read_dir(path).map_err(error)? {
            let name = entry.map_err(error)?.file_name();
            let id = name.to_str().and_then(|name| name.parse::<ContainerId>().ok());
            found.extend(id.and_then(|id| self.inspect(&id)));
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// One container; `None` if it was never asked for, or was removed.
    pub fn inspect(&self, id: &ContainerId) -> Option<ObservedContainer> {
        let bundle = self.bundle(id);
        let orders = bundle.orders()?;
        // Asked first: a shim that ends between the two questions has recorded the exit by then.
        let alive = bundle.is_alive().unwrap_or(false);
        let record = StateFile::read(&bundle.state_path());
        let exit = record.as_ref().and_then(|record| record.exit);
        let state = match (&record, exit, alive) {
            (_, Some(exit), _) => {
                ContainerState::Exited { reason: exit.reason, at_ms: Some(exit.at_ms) }
            }
            (Some(_), None, true) => ContainerState::Running,
            (None, None, true) => ContainerState::Starting,
            (_, None, false) => {
                ContainerState::Exited { reason: ExitReason::ShimLost, at_ms: None }
            }
        };
        let running = state.is_running();
        let counted = || CgroupUsage::read(&orders.cgroups).oom_kills;
        Some(ObservedContainer {
            id: id.clone(),
            state,
            init_pid: record.as_ref().filter(|_| running).map(|record| record.init.pid),
            started_at_ms: record.as_ref().map(|record| record.started_at_ms),
            oom_kills: exit.map_or_else(counted, |exit| exit.oom_kills),
            socket_dir: orders.socket_dir(),
            log: orders.spec.log.path.clone(),
            labels: orders.spec.labels,
        })
    }

    /// The host folder that is mounted into a container for its sockets. The same for the same
    /// id, whether the container exists or not.
    pub fn socket_dir(&self, id: &ContainerId) -> PathBuf {
        self.run_dir(id).join("s")
    }

    /// What this host can do for containers of this user.
    pub fn capabilities(&self) -> HostCapabilities {
        HostCapabilities::gather(&self.cgroups, self.rootless)
    }

    fn bundle(&self, id: &ContainerId) -> Bundle {
        Bundle::of(&self.dirs.containers, id)
    }

    fn run_dir(&self, id: &ContainerId) -> PathBuf {
        self.dirs.runs.join(short_hash(id.as_str().as_bytes()))
    }

    /// Groups are named after installation and container, since hosts share one tree.
    fn cgroup_plan(&self, spec: &ContainerSpec) -> CgroupPlan {
        let installation = short_hash(absolute(&self.dirs.containers).as_os_str().as_bytes());
        let name = format!("{}.{}", spec.id, &installation[..8]);
        CgroupPlan::new(&self.cgroups, &name, &spec.limits)
    }
}

fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The first 12 hexadecimal digits of the SHA-256 of some bytes.
fn short_hash(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
