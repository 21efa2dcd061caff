//! What an app should be: the wanted state that a release pins.

use crate::{AppName, PersistPath, ProbeSpec, ProcessType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An app as it should run, complete: every default filled in, nothing left to guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSpec {
    /// The app's name.
    pub name: AppName,
    /// Public host names; the first is the canonical one, sent as `Host` by probes.
    /// Empty means `<name>.localhost` and every host that no other app claims.
    pub hosts: Vec<String>,
    /// What runs, by process type.
    pub processes: BTreeMap<ProcessType, ProcessSpec>,
    /// Commands run once per release, in the new image, before any of its processes start.
    pub release_commands: Vec<Vec<String>>,
    /// Plain settings given to every process. Secrets never come here.
    pub env: BTreeMap<String, String>,
    /// Paths below the code whose contents outlive a release.
    pub persist: Vec<PersistPath>,
}

/// One process type as it should run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// The command in exec form. A Procfile line becomes `["/bin/sh", "-c", "exec ..."]`.
    pub command: Vec<String>,
    /// How many replicas run.
    pub count: u32,
    /// How requests reach it.
    pub serves: Serves,
    /// When a replica counts as healthy. `None`: when it has stayed up for
    /// [`ProcessSpec::settle_ms`].
    pub probe: Option<ProbeSpec>,
    /// How long a replica without a probe must stay up to count as started.
    pub settle_ms: u64,
    /// Limits of each replica.
    pub resources: Resources,
    /// Signal that asks it to finish, as its number; SIGTERM (15) unless the server needs another.
    pub stop_signal: i32,
    /// How long it may take to finish after [`ProcessSpec::stop_signal`], before SIGKILL.
    pub stop_timeout_ms: u64,
    /// How long the edge waits for its requests in flight before it is asked to stop.
    pub drain_timeout_ms: u64,
    /// Two of it must never run at once (beat, schedulers, single writers): the old one stops
    /// before the new one starts.
    pub singleton: bool,
}

/// How requests reach a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Serves {
    /// It takes a Unix socket: `$WINDLASS_SOCKET`, at [`Serves::SOCKET_PATH`] in the container.
    Socket,
    /// It takes `$HOST` and `$PORT`, on a loopback address of its own.
    Port,
    /// It takes no requests.
    Nothing,
}

impl Serves {
    /// The folder mounted into a container for its socket.
    pub const SOCKET_DIR: &'static str = "/run/windlass";
    /// Where a container finds its own socket.
    pub const SOCKET_PATH: &'static str = "/run/windlass/web.sock";
}

/// Limits of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Memory in bytes, page cache included; `None` for no limit.
    pub memory_bytes: Option<u64>,
    /// Processor time in thousandths of a core; `None` for no limit.
    pub cpu_millis: Option<u32>,
    /// Processes and threads.
    pub pids: u32,
}

impl Resources {
    /// What a process gets when nothing is said: no memory or CPU limit, 512 tasks.
    pub const DEFAULT: Self = Self { memory_bytes: None, cpu_millis: None, pids: 512 };
}

impl AppSpec {
    /// The host name that probes send and that URLs show.
    pub fn canonical_host(&self) -> String {
        self.hosts.first().cloned().unwrap_or_else(|| format!("{}.localhost", self.name))
    }

    /// The same app with other counts; process types that it does not have are ignored.
    ///
    /// A count may be older than the word that its process is the only one of its kind: whatever
    /// it says, there is never more than one of a singleton.
    #[must_use]
    pub fn scaled(mut self, counts: &BTreeMap<ProcessType, u32>) -> Self {
        for (process, spec) in &mut self.processes {
            spec.count = counts.get(process).copied().unwrap_or(spec.count);
            if spec.singleton {
                spec.count = spec.count.min(1);
            }
        }
        self
    }
}
