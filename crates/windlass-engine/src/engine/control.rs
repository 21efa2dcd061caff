//! Waiting for containers, stopping and removing them.

use super::{Engine, folders, patience};
use crate::bundle::Bundle;
use crate::error::ControlError;
use crate::protocol::{self, Reply, Request};
use crate::state::StateFile;
use std::fs::File;
use std::io;
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
    /// has not within `timeout`, or cannot be asked. `None` if there is no such container; one
    /// that has ended already is not touched.
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
        match self.ask(id, &Request::Signal { signal }) {
            Ok(()) => {}
            Err(ControlError::Shim { .. }) => return self.kill_with_shim(id).map(Some),
            Err(error) => return Err(error),
        }
        if let Some(reason) = self.wait(id, timeout) {
            return Ok(Some(reason));
        }
        self.kill(id).map(Some)
    }

    /// Removes a container and everything of it but its log; kills it first if it runs.
    pub fn remove(&self, id: &ContainerId) -> Result<(), ControlError> {
        let only_one = self.lock(id);
        let _only_one = only_one.map_err(|(path, source)| {
            let (id, action) = (id.clone(), "lock");
            ControlError::File { id, action, path, source }
        })?;
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
        if self.ask(id, &Request::Kill).is_ok()
            && let Some(reason) = self.wait(id, KILL_TIME)
        {
            self.kill_leftovers(id)?;
            return Ok(reason);
        }
        self.kill_with_shim(id)
    }

    /// Kills a container whose shim does not listen, yet or any more, by killing the shim: the
    /// kernel takes the container along.
    pub(super) fn kill_with_shim(&self, id: &ContainerId) -> Result<ExitReason, ControlError> {
        let bundle = self.bundle(id);
        let deadline = Instant::now() + KILL_TIME;
        let alive = || self.inspect(id).is_some_and(|found| found.is_alive());
        while alive() && Instant::now() < deadline {
            match bundle.shim() {
                Some(shim) => patience::kill(&shim),
                // It is being started and has not signed yet.
                None => patience::pause(),
            }
        }
        let reason = self.wait(id, Duration::ZERO).ok_or_else(|| unkillable(id))?;
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
    /// whose shim dies. Returns the claim on the bundle; `None` when there is no bundle, or when
    /// the container was started again meanwhile and must be left alone.
    fn kill_leftovers(&self, id: &ContainerId) -> Result<Option<File>, ControlError> {
        let bundle = self.bundle(id);
        let deadline = Instant::now() + KILL_TIME;
        let Some(claim) = self.claim_ended(&bundle, id)? else { return Ok(None) };
        let Some(orders) = bundle.orders() else { return Ok(Some(claim)) };
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
        Ok(Some(claim))
    }

    /// Claims the bundle of a container that has ended.
    fn claim_ended(&self, bundle: &Bundle, id: &ContainerId) -> Result<Option<File>, ControlError> {
        let deadline = Instant::now() + KILL_TIME;
        while Instant::now() < deadline {
            match bundle.claim() {
                Ok(Some(claim)) => return Ok(Some(claim)),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(source) => {
                    let (id, path) = (id.clone(), bundle.alive_path());
                    return Err(ControlError::File { id, action: "lock", path, source });
                }
            }
            if self.inspect(id).is_some_and(|found| found.is_alive()) {
                return Ok(None);
            }
            // A shim that has recorded the exit still clears up and lets go of its lock.
            match bundle.shim() {
                Some(shim) if !patience::await_end(&shim, FAREWELL) => patience::kill(&shim),
                Some(_) | None => patience::pause(),
            }
        }
        Err(unkillable(id))
    }

    /// Removes the folders of a container that does not run.
    pub(super) fn clear(&self, id: &ContainerId) -> Result<(), ControlError> {
        let Some(_claim) = self.kill_leftovers(id)? else { return Ok(()) };
        let Bundle { dir } = self.bundle(id);
        for path in [self.run_dir(id), dir] {
            folders::remove(&path).map_err(|source| ControlError::File {
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
