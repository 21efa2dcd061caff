//! Starting: whatever was there before, afterwards the container runs or nothing of it exists.

use super::{Engine, patience};
use crate::bundle::{Bundle, Orders};
use crate::error::StartError;
use crate::observed::{ContainerState, ObservedContainer};
use crate::shim::StartOutcome;
use crate::spec::ContainerSpec;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use windlass_model::ContainerId;

/// How long a shim may take to start a container, in seconds. Milliseconds are usual; a host
/// whose disk stalls may take long.
const PATIENCE_S: i64 = 60;

impl Engine {
    /// Starts a container and waits until its command is executed. One that runs already under
    /// this id is left alone, one that has ended is replaced.
    pub fn start(&self, spec: &ContainerSpec) -> Result<ObservedContainer, StartError> {
        let id = &spec.id;
        spec.validate().map_err(|source| StartError::Invalid { id: id.clone(), source })?;
        let only_starter = self.lock(id);
        let _only_starter = only_starter.map_err(|(path, source)| {
            let (id, action) = (id.clone(), "lock");
            StartError::Bundle { id, action, path, source }
        })?;
        if let Some(found) = self.started(id) {
            return Ok(found);
        }
        let cleared = self.clear(id);
        cleared.map_err(|source| StartError::Leftovers { id: id.clone(), source })?;
        let bundle = self.bundle(id);
        let orders = Orders {
            spec: spec.clone(),
            run: self.run_dir(id),
            cgroups: self.cgroup_plan(spec),
            rootless: self.rootless,
        };
        let claim = write_bundle(&bundle, &orders)?;
        match self.run_shim(&bundle, &orders, claim) {
            Ok(()) => self.inspect(id).ok_or_else(|| {
                let said = "the container was removed while it started".to_owned();
                StartError::ShimSilent { id: id.clone(), said }
            }),
            Err(error) => {
                // A shim that was only slow would come up later, unknown to whoever gave up. What
                // cannot be cleared away now is cleared by the next start.
                if self.inspect(id).is_some_and(|found| found.is_alive()) {
                    let _ = self.kill_with_shim(id);
                }
                let _ = self.clear(id);
                Err(error)
            }
        }
    }

    /// The container if it runs, or will in a moment.
    fn started(&self, id: &ContainerId) -> Option<ObservedContainer> {
        let deadline = Instant::now() + Duration::from_secs(PATIENCE_S as u64);
        loop {
            let found = self.inspect(id)?;
            match found.state {
                ContainerState::Exited { .. } => return None,
                ContainerState::Starting if Instant::now() < deadline => {
                    patience::pause();
                }
                ContainerState::Starting | ContainerState::Running => return Some(found),
            }
        }
    }

    /// Keeps other starts and removals of a container out, in this process and others.
    pub(super) fn lock(&self, id: &ContainerId) -> Result<File, (PathBuf, io::Error)> {
        let folder = self.dirs.containers.join(".locks");
        let bucket = super::short_hash(id.as_str().as_bytes());
        let path = folder.join(&bucket[..2]);
        let locked = fs::create_dir_all(&folder).and_then(|()| {
            let file = File::options().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok(file)
        });
        locked.map_err(|error| (path, error))
    }

    fn run_shim(&self, bundle: &Bundle, orders: &Orders, claim: File) -> Result<(), StartError> {
        let id = &orders.spec.id;
        let program = self.shim.first().map(PathBuf::from).unwrap_or_default();
        let error = |source| StartError::Shim { id: id.clone(), program: program.clone(), source };
        let errors = File::create(bundle.shim_errors()).map_err(error)?;
        let mut child = Command::new(&program)
            .args(&self.shim[1..])
            .arg(&bundle.dir)
            .env_clear()
            .current_dir("/")
            .stdin(claim)
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(error)?;
        let answer = child.stdout.take().map(read_answer).transpose();
        if !matches!(answer, Ok(Some(Some(_)))) {
            let _ = child.kill();
        }
        // The process that was spawned hands over to its copy and ends at once.
        child.wait().map_err(error)?;
        let outcome = answer.map_err(error)?.flatten();
        match outcome {
            Some(StartOutcome::Running) => Ok(()),
            Some(StartOutcome::Failed(failure)) => {
                Err(StartError::Launch { id: id.clone(), failure })
            }
            None => {
                let said = fs::read_to_string(bundle.shim_errors()).unwrap_or_default();
                Err(StartError::ShimSilent { id: id.clone(), said })
            }
        }
    }
}

/// Makes the bundle, claimed from its first moment on.
fn write_bundle(bundle: &Bundle, orders: &Orders) -> Result<File, StartError> {
    let spec = &orders.spec;
    let make = |dir: &Path| {
        let made = fs::DirBuilder::new().mode(0o700).create(dir);
        made.map_err(bundle_error(spec, "make", dir))
    };
    make(&bundle.dir)?;
    let alive = bundle.alive_path();
    let claim = loop {
        match bundle.claim().map_err(bundle_error(spec, "lock", &alive))? {
            Some(claim) => break claim,
            // Somebody looks whether an earlier run left anything behind.
            None => patience::pause(),
        }
    };
    make(&orders.run)?;
    let path = bundle.orders_path();
    bundle.write_orders(orders).map_err(bundle_error(spec, "write", &path))?;
    Ok(claim)
}

/// What the shim says; `None` if it ends, or takes too long, without saying anything.
fn read_answer(mut pipe: std::process::ChildStdout) -> io::Result<Option<StartOutcome>> {
    let timeout = Timespec { tv_sec: PATIENCE_S, tv_nsec: 0 };
    let mut fds = [PollFd::new(&pipe, PollFlags::IN)];
    let ready = rustix::io::retry_on_intr(|| rustix::event::poll(&mut fds, Some(&timeout)))?;
    if ready == 0 {
        return Ok(None);
    }
    let mut text = Vec::new();
    pipe.read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text).ok())
}

fn bundle_error(
    spec: &ContainerSpec,
    action: &'static str,
    path: &Path,
) -> impl Fn(io::Error) -> StartError {
    let (id, path) = (spec.id.clone(), path.to_owned());
    move |source| StartError::Bundle { id: id.clone(), action, path: path.clone(), source }
}

impl ObservedContainer {
    /// Whether it may still do something.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, ContainerState::Exited { .. })
    }
}
