//! Waiting for containers, stopping and removing them.

use super::{Engine, patience};
use crate::bundle::Bundle;
use crate::error::ControlError;
use crate::protocol::{self, Reply, Request};
use crate::state::StateFile;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use windlass_model::{ContainerId, ExitReason};

/// How long the kernel may take to carry out SIGKILL: processes may have gigabytes to give back.
pub(super) const KILL_TIME: Duration = Duration::from_secs(20);

/// How long a shim may take from recording the exit to its own end.
const FAREWELL: Duration = Duration::from_secs(2);

impl Engine {
    /// Waits for a container to end; `None` if it still runs after `timeout`, or does not exist.
    pub fn wait(&self, id: &ContainerId, timeout: Duration) -> Option<ExitReason> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(reason) = self.inspect(id)?.state.exit() {
                return Some(reason);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            match self.bundle(id).shim() {
                Some(shim) => {
                    patience::await_end(&shim, left);
                }
                None => patience::pause(),
            }
        }
    }

    /// Asks a container's command to end with `signal`, and kills all of the container when it
    /// has not within `timeout`. `None` if there is no such container; one that has ended already
    /// is not touched.
    pub fn stop(
        &self,
        id: &ContainerId,
        signal: i32,
        timeout: Duration,
    ) -> Result<Option<ExitReason>, ControlError> {
        let Some(found) = self.inspect(id) else { return Ok(None) };
        if let Some(reason) = found.state.exit() {
            self.kill_leftovers(id)?;
            return Ok(Some(reason));
        }
        self.ask(id, &Request::Signal { signal })?;
        if let Some(reason) = self.wait(id, timeout) {
            return Ok(Some(reason));
        }
        self.kill(id).map(Some)
    }

    /// Removes a container and everything of it but its log; kills it first if it runs.
    pub fn remove(&self, id: &ContainerId) -> Result<(), ControlError> {
        if self.inspect(id).is_some_and(|found| found.is_alive()) {
            self.kill(id)?;
        }
        self.clear(id)
    }

    /// Sends a signal to a container's command.
    pub fn signal(&self, id: &ContainerId, signal: i32) -> Result<(), ControlError> {
        self.ask(id, &Request::Signal { signal })
    }

    fn kill(&self, id: &ContainerId) -> Result<ExitReason, ControlError> {
        self.ask(id, &Request::Kill)?;
        let reason = self.wait(id, KILL_TIME).ok_or_else(|| unkillable(id))?;
        self.kill_leftovers(id)?;
        Ok(reason)
    }

    /// Asks the shim something. A shim that ends meanwhile has nothing left to do.
    fn ask(&self, id: &ContainerId, request: &Request) -> Result<(), ControlError> {
        match protocol::ask(&self.run_dir(id).join("ctl"), request) {
            Ok(Some(Reply::Failed(failure))) => {
                Err(ControlError::Refused { id: id.clone(), failure })
            }
            Ok(_) => Ok(()),
            Err(_) if self.inspect(id).is_none_or(|found| !found.is_alive()) => Ok(()),
            Err(source) => Err(ControlError::Shim { id: id.clone(), source }),
        }
    }

    /// Ends whatever outlived its shim: normally nothing, since the kernel kills a container
    /// whose shim dies.
    fn kill_leftovers(&self, id: &ContainerId) -> Result<(), ControlError> {
        let bundle = self.bundle(id);
        let deadline = Instant::now() + KILL_TIME;
        // A shim that has recorded the exit still clears up and lets go of its lock.
        while bundle.is_alive().unwrap_or(false) {
            if Instant::now() > deadline {
                return Err(unkillable(id));
            }
            match bundle.shim() {
                // One that does not end by itself was run by a starter that was killed.
                Some(shim) if !patience::await_end(&shim, FAREWELL) => patience::kill(&shim),
                Some(_) => {}
                None => patience::pause(),
            }
        }
        let Some(orders) = bundle.orders() else { return Ok(()) };
        orders.cgroups.kill();
        if let Some(state) = StateFile::read(&bundle.state_path()) {
            patience::kill(&state.init);
        }
        while let Err(source) = orders.cgroups.remove() {
            if Instant::now() > deadline {
                let path = orders.cgroups.unified.unwrap_or_default();
                return Err(ControlError::File { id: id.clone(), action: "remove", path, source });
            }
            patience::pause();
        }
        Ok(())
    }

    /// Removes the folders of a container that does not run.
    pub(super) fn clear(&self, id: &ContainerId) -> Result<(), ControlError> {
        self.kill_leftovers(id)?;
        let Bundle { dir } = self.bundle(id);
        for path in [self.run_dir(id), dir] {
            remove_folder(&path).map_err(|source| ControlError::File {
                id: id.clone(),
                action: "remove",
                path: path.clone(),
                source,
            })?;
        }
        Ok(())
    }
}

fn unkillable(id: &ContainerId) -> ControlError {
    ControlError::Unkillable { id: id.clone(), after_ms: KILL_TIME.as_millis() as u64 }
}

fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
