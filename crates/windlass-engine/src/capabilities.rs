//! What this host can and cannot do for containers, as data to be shown.

use crate::cgroup::{CgroupHost, CgroupKind, Controller, Enforcement};
use crate::sys;
use serde::{Deserialize, Serialize};

/// What holds for every container that this user starts on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCapabilities {
    /// Whether containers live in a user namespace, since the user is not root.
    pub rootless: bool,
    /// The kernel's release.
    pub kernel: String,
    /// The host's cgroup versions.
    pub cgroup: CgroupKind,
    /// The memory limit.
    pub memory: Enforcement,
    /// The limit of processes and threads.
    pub pids: Enforcement,
    /// The processor limit.
    pub cpu: Enforcement,
    /// Landlock's version, when the kernel has it switched on.
    pub landlock: Option<u32>,
    /// Whether a container is kept from the host's abstract Unix sockets.
    pub abstract_sockets_closed: bool,
}

impl HostCapabilities {
    pub(crate) fn gather(cgroups: &CgroupHost, rootless: bool) -> Self {
        let landlock = sys::landlock_abi();
        let pids = match cgroups.enforcement(Controller::Pids) {
            Enforcement::No { .. } if rootless => {
                Enforcement::Yes { by: "RLIMIT_NPROC in a user namespace of its own".to_owned() }
            }
            other => other,
        };
        Self {
            rootless,
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            cgroup: cgroups.kind,
            memory: cgroups.enforcement(Controller::Memory),
            pids,
            cpu: cgroups.enforcement(Controller::Cpu),
            landlock,
            abstract_sockets_closed: landlock.is_some_and(|abi| abi >= 6),
        }
    }
}
