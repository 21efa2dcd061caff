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
        let _lock = self.lock(spec)?;
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
        write_bundle(&bundle, &orders)?;
        let outcome = self.run_shim(&bundle, &orders);
        match outcome {
            // Occupied: by a shim that an earlier starter ran just before it was killed.
            Ok(()) => self.started(id).or_else(|| self.inspect(id)).ok_or_else(|| {
                let said = "the container was removed while it started".to_owned();
                StartError::ShimSilent { id: id.clone(), said }
            }),
            Err(error) => {
                // Nothing runs; what cannot be cleared away now is cleared by the next start.
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

    /// Keeps a second start of the same container out, in this process or another.
    fn lock(&self, spec: &ContainerSpec) -> Result<File, StartError> {
        let folder = self.dirs.containers.join(".locks");
        let bucket = super::short_hash(spec.id.as_str().as_bytes());
        let path = folder.join(&bucket[..2]);
        let error = |action| bundle_error(spec, action, &path);
        fs::create_dir_all(&folder).map_err(error("make"))?;
        let file = File::options().create(true).append(true).open(&path).map_err(error("open"))?;
        file.lock().map_err(error("lock"))?;
        Ok(file)
    }

    fn run_shim(&self, bundle: &Bundle, orders: &Orders) -> Result<(), StartError> {
        let id = &orders.spec.id;
        let program = self.shim.first().map(PathBuf::from).unwrap_or_default();
        let error = |source| StartError::Shim { id: id.clone(), program: program.clone(), source };
        let errors = File::create(bundle.shim_errors()).map_err(error)?;
        let mut child = Command::new(&program)
            .args(&self.shim[1..])
            .arg(&bundle.dir)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(error)?;
        let answer = child.stdout.take().map(read_answer).transpose();
        // The process that was spawned hands over to its copy and ends at once.
        child.wait().map_err(error)?;
        let outcome = answer.map_err(error)?.flatten();
        match outcome {
            Some(StartOutcome::Running | StartOutcome::Occupied) => Ok(()),
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

fn write_bundle(bundle: &Bundle, orders: &Orders) -> Result<(), StartError> {
    let spec = &orders.spec;
    for dir in [&bundle.dir, &orders.run] {
        fs::DirBuilder::new().mode(0o700).create(dir).map_err(bundle_error(spec, "make", dir))?;
    }
    let path = bundle.orders_path();
    bundle.write_orders(orders).map_err(bundle_error(spec, "write", &path))
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
