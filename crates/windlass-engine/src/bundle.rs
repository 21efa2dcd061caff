//! The folder of one container: the truth about it, whatever process died when.
//!
//! Everything is found again from the id alone. `orders.json` exists: the container was asked for.
//! `alive` is locked: its shim lives. `state.json` exists: it ran, and how it ended once it has.

use crate::cgroup::CgroupPlan;
use crate::launch::failure::Failure;
use crate::spec::ContainerSpec;
use crate::state::ProcessMark;
use crate::{durable, sys};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use windlass_model::ContainerId;

/// Where one container's files are.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    /// The container's own folder.
    pub(crate) dir: PathBuf,
}

/// What the shim is told, complete: it looks nothing up and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Orders {
    /// The container.
    pub(crate) spec: ContainerSpec,
    /// Its run folder, with the control socket and the folder of its own sockets.
    pub(crate) run: PathBuf,
    /// Where its processes are accounted for.
    pub(crate) cgroups: CgroupPlan,
    /// Whether a user namespace is needed.
    pub(crate) rootless: bool,
}

impl Bundle {
    /// The bundle of a container below the folder of all.
    pub(crate) fn of(containers: &Path, id: &ContainerId) -> Self {
        Self { dir: containers.join(id.as_str()) }
    }

    /// The shim's orders.
    pub(crate) fn orders_path(&self) -> PathBuf {
        self.dir.join("orders.json")
    }

    /// The shim's record.
    pub(crate) fn state_path(&self) -> PathBuf {
        self.dir.join("state.json")
    }

    /// Locked while the shim lives.
    pub(crate) fn alive_path(&self) -> PathBuf {
        self.dir.join("alive")
    }

    /// The top layer.
    pub(crate) fn skeleton(&self) -> PathBuf {
        self.dir.join("skeleton")
    }

    /// Where the layers are mounted, in the container's own mount namespace only.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// What a shim that broke wrote to its standard error.
    pub(crate) fn shim_errors(&self) -> PathBuf {
        self.dir.join("shim-errors")
    }

    /// Reads the orders; `None` when there are none: then the container was never asked for.
    pub(crate) fn orders(&self) -> Option<Orders> {
        serde_json::from_slice(&std::fs::read(self.orders_path()).ok()?).ok()
    }

    /// Writes the orders. They need not survive a loss of power, which no container does: without
    /// them it was never asked for, and whoever wants it asks again.
    pub(crate) fn write_orders(&self, orders: &Orders) -> io::Result<()> {
        durable::write_json(&self.orders_path(), orders, false)
    }

    /// Whether the shim lives.
    pub(crate) fn is_alive(&self) -> io::Result<bool> {
        match File::options().read(true).write(true).open(self.alive_path()) {
            Ok(file) => Ok(sys::holder_exists(file.as_fd())?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The shim that has the lock, as it wrote itself down.
    pub(crate) fn shim(&self) -> Option<ProcessMark> {
        serde_json::from_slice(&std::fs::read(self.alive_path()).ok()?).ok()
    }

    /// Takes the lock that says so, for the life of the returned file; `None` when another has
    /// it. The file says whose it is.
    pub(crate) fn lock_alive(&self) -> Result<Option<File>, Failure> {
        let path = self.alive_path();
        let step = || format!("lock {}", path.display());
        let failure = |error: io::Error| Failure::io(step(), &error);
        let mut options = File::options();
        let mut file =
            options.create(true).truncate(false).write(true).open(&path).map_err(failure)?;
        match sys::lock_whole_file(file.as_fd()) {
            Ok(()) => {}
            Err(Errno::AGAIN | Errno::ACCESS) => return Ok(None),
            Err(errno) => return Err(Failure::new(step(), errno)),
        }
        let own = serde_json::to_vec(&ProcessMark::own()).unwrap_or_default();
        file.set_len(0).and_then(|()| file.write_all(&own)).map_err(failure)?;
        Ok(Some(file))
    }
}

impl Orders {
    /// The shim's control socket.
    pub(crate) fn control(&self) -> PathBuf {
        self.run.join("ctl")
    }

    /// The folder of the container's own sockets.
    pub(crate) fn socket_dir(&self) -> PathBuf {
        self.run.join("s")
    }
}
