//! Containers for builds: a command in a container of its own, for as long as it takes.
//!
//! Invariants: such containers are apart from those of apps, so that no server takes one for a
//! stray; each belongs to the builder that started it, which holds a lock for as long as it lives.
//! Whoever comes next removes what a builder left behind that was killed.

use super::ours::give_tree;
use super::residence::Residence;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use windlass_build::{StepError, StepSpec};
use windlass_engine::explain::{explain_control, explain_start};
use windlass_engine::{ContainerSpec, Engine, LogFollower, LogSpec, Mount};
use windlass_model::{BuildSpec, ContainerId, ExitReason, Problem, Resources};

/// Pause between two looks while a command prints nothing.
const LOOK: Duration = Duration::from_millis(20);
/// What a command that is stopped gets to finish.
const LAST_CALL: Duration = Duration::from_secs(2);
/// SIGTERM, signal(7).
const SIGTERM: i32 = 15;
/// Compilers and bundlers start many.
const PIDS: u32 = 4_096;
/// Size in bytes of a log file; the older one beside it is kept until the command ends.
const LOG_BYTES: u64 = 16_000_000;

/// Runs the commands of one build.
pub(super) struct Steps<'a> {
    pub(super) residence: &'a Residence,
    pub(super) cancelled: &'a AtomicBool,
    pub(super) count: AtomicU32,
}

impl Steps<'_> {
    /// Runs one command to its end; hears each line that it prints.
    pub(super) fn run(
        &self,
        step: &StepSpec,
        line: &mut dyn FnMut(&str),
    ) -> Result<ExitReason, StepError> {
        let (engine, residence) = (&self.residence.engine, self.residence);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("build-{}-{number}-{}", residence.name, step.name);
        let id: ContainerId = name
            .parse()
            .map_err(|error| container(Problem::bug("build-container-name", format!("{error}"))))?;
        for mount in step.mounts.iter().filter(|mount| !mount.read_only) {
            give_tree(&mount.source, BuildSpec::USER)
                .map_err(|error| disk("give away", &mount.source, &error))?;
        }
        let log = residence.logs().join(format!("{id}.log"));
        let spec = container_spec(step, (id.clone(), residence.name.clone()), &log);
        let mut lines =
            LogFollower::from_start(&log).map_err(|error| disk("follow", &log, &error))?;
        let started = engine.start(&spec);
        started.map_err(|error| container(explain_start(&error)))?;
        let ended = self.follow(&id, step, (&mut lines, line));
        let removed = engine.remove(&id);
        remove_log(&log);
        let exit = ended?;
        removed.map_err(|error| container(explain_control(&error)))?;
        Ok(exit)
    }

    /// Waits for the end, and passes on what is printed until then.
    fn follow(
        &self,
        id: &ContainerId,
        step: &StepSpec,
        (lines, hear): (&mut LogFollower, &mut dyn FnMut(&str)),
    ) -> Result<ExitReason, StepError> {
        let engine = &self.residence.engine;
        let deadline = Instant::now() + Duration::from_millis(step.timeout_ms);
        let mut tell = |wait: Duration| match lines.next(wait) {
            Ok(Some(line)) => {
                hear(&line.text);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(disk("follow", Path::new(id.as_str()), &error)),
        };
        loop {
            // Asked before the rest is read: what it printed last is there by then.
            if let Some(exit) = exit_of(engine, id) {
                while tell(Duration::ZERO)? {}
                return Ok(exit);
            }
            let stop = if self.cancelled.load(Ordering::Relaxed) {
                Some(StepError::Cancelled)
            } else {
                (Instant::now() >= deadline)
                    .then_some(StepError::Deadline { limit_ms: step.timeout_ms })
            };
            if let Some(reason) = stop {
                let stopped = engine.stop(id, SIGTERM, LAST_CALL);
                stopped.map_err(|error| container(explain_control(&error)))?;
                while tell(Duration::ZERO)? {}
                return Err(reason);
            }
            tell(LOOK)?;
        }
    }
}

fn exit_of(engine: &Engine, id: &ContainerId) -> Option<ExitReason> {
    match engine.inspect(id) {
        Some(found) => found.state.exit(),
        None => Some(ExitReason::ShimLost),
    }
}

fn container_spec(
    step: &StepSpec,
    (id, builder): (ContainerId, String),
    log: &Path,
) -> ContainerSpec {
    let mount = |mount: &windlass_build::StepMount| Mount {
        source: mount.source.clone(),
        target: mount.target.clone(),
        read_only: mount.read_only,
    };
    ContainerSpec {
        labels: [(Residence::LABEL.to_owned(), builder)].into(),
        layers: step.layers.clone(),
        command: step.command.clone(),
        env: step.env.clone(),
        cwd: step.cwd.clone(),
        user: BuildSpec::USER,
        mounts: step.mounts.iter().map(mount).collect(),
        hosts: Vec::new(),
        // The same for every build: programs write it into what they make.
        hostname: "build".to_owned(),
        limits: Resources { pids: PIDS, ..Resources::DEFAULT },
        log: LogSpec { path: log.to_owned(), max_bytes: LOG_BYTES, keep: 1 },
        socket: false,
        exit_with_exec: false,
        id,
    }
}

/// The log with the older part beside it: its lines were passed on.
fn remove_log(log: &Path) {
    let mut older = log.as_os_str().to_owned();
    older.push(".1");
    for path in [log.to_owned(), PathBuf::from(older)] {
        // What stays goes with the builder's other remains.
        let _ = std::fs::remove_file(path);
    }
}

fn container(problem: Problem) -> StepError {
    StepError::Container { problem: Box::new(problem) }
}

fn disk(doing: &str, path: &Path, error: &std::io::Error) -> StepError {
    let message = format!("cannot {doing} {}", path.display());
    container(Problem::environment("disk", message).cause(error.to_string()))
}
