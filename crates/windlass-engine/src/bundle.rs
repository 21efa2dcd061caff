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
use std::fs::{File, Metadata};
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
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

    /// Whether the shim lives, or is about to be run by whoever has claimed the bundle for it.
    pub(crate) fn is_alive(&self) -> io::Result<bool> {
        let held = match File::options().read(true).write(true).open(self.alive_path()) {
            Ok(file) => sys::holder_exists(file.as_fd())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        // Held over the name of a dead shim: by somebody who clears up after it.
        Ok(held && self.shim().is_none_or(|shim| shim.exists()))
    }

    /// The shim, once it has written itself down.
    pub(crate) fn shim(&self) -> Option<ProcessMark> {
        serde_json::from_slice(&std::fs::read(self.alive_path()).ok()?).ok()
    }

    /// Takes the lock, for the life of the returned file; `None` when another has it. Whoever has
    /// it has the bundle for himself. The lock passes to a process that gets the file.
    pub(crate) fn claim(&self) -> io::Result<Option<File>> {
        loop {
            let mut options = File::options();
            let options = options.create(true).truncate(false).read(true).write(true);
            let file = options.open(self.alive_path())?;
            match sys::lock_whole_file(file.as_fd()) {
                Err(Errno::AGAIN | Errno::ACCESS) => return Ok(None),
                other => other?,
            }
            // The one that was opened may have been removed before it was locked.
            if self.is_its_lock(&file) {
                return Ok(Some(file));
            }
        }
    }

    /// In the shim: takes over the lock that its starter passed on as standard input, and writes
    /// down whose it is now. There is no moment at which nobody has it.
    pub(crate) fn take_claim(&self) -> Result<File, Failure> {
        let step = || format!("take over the lock {}", self.alive_path().display());
        let failure = |error: io::Error| Failure::io(step(), &error);
        let file = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)
            .map_err(|errno| Failure::new(step(), errno))?;
        let mut file = File::from(file);
        if !self.is_its_lock(&file) {
            return Err(Failure::new(step(), Errno::INVAL));
        }
        sys::lock_whole_file(file.as_fd()).map_err(|errno| Failure::new(step(), errno))?;
        let own = serde_json::to_vec(&ProcessMark::own()).unwrap_or_default();
        file.write_all(&own).map_err(failure)?;
        Ok(file)
    }

    fn is_its_lock(&self, file: &File) -> bool {
        let same =
            |path: Metadata, file: Metadata| (path.dev(), path.ino()) == (file.dev(), file.ino());
        let path = std::fs::metadata(self.alive_path());
        path.and_then(|path| Ok(same(path, file.metadata()?))).unwrap_or(false)
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
