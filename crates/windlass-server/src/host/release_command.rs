//! Release commands: once per release, in a container of their own.

use super::container::{Purpose, container_spec};
use super::release_output::ReleaseOutput;
use super::{HostBackEnd, back_end, off_reactor};
use crate::back_end::{ReleaseRun, StepResult, release_container};
use crate::report::Report;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use windlass_engine::explain::{explain_control, explain_start};
use windlass_engine::{Engine, log_tail};
use windlass_model::rollout::StepFailure;
use windlass_model::{ContainerId, ExitReason, ReplicaFailure, Resources, Serves};

/// Pause between two looks while a command runs and prints nothing.
const LOOK: Duration = Duration::from_millis(50);
/// What a command that is out of time gets to finish.
const LAST_CALL: Duration = Duration::from_secs(10);
/// SIGTERM, signal(7).
const SIGTERM: i32 = 15;

/// Tells the thread that follows a command that nobody waits for it any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl HostBackEnd {
    /// Runs a command to its end. One that has ended is not run again, however it ended: a
    /// migration runs once, and a failure is the same failure when it is asked for again.
    pub(super) async fn run_release_command(
        &self,
        run: &ReleaseRun<'_>,
        report: &Report,
    ) -> StepResult {
        let release = run.release;
        let id = release_container(run);
        let Some(command) = release.spec.release_commands.get(run.command) else { return Ok(()) };
        let name = format!("release.{}", run.command + 1);
        let layout = &self.settings.layout;
        let logs = layout.logs(&release.app, release.number);
        let purpose = Purpose {
            id: id.clone(),
            kind: "release",
            name: name.clone(),
            log: name.clone(),
            app: &release.spec,
            release: release.number,
            command: command.clone(),
            limits: Resources::DEFAULT,
            serves: Serves::Nothing,
            address: None,
            env: BTreeMap::new(),
        };
        let image = self.unpacked(release.image).await?;
        let spec = container_spec(purpose, image, (layout.volume(&release.app), &logs));
        let started = self.with_container(&id, move |engine, id| {
            if engine.inspect(id).is_some() {
                return Ok(());
            }
            engine.start(&spec).map(drop)
        });
        started.await?.map_err(|error| back_end(explain_start(&error)))?;
        let log = logs.join(format!("{name}.log"));
        let (engine, report) = (Arc::clone(&self.engine), report.clone());
        let still = Arc::new(AtomicBool::new(true));
        let _waiting = Waiting(Arc::clone(&still));
        let (path, limit) = (log.clone(), Duration::from_millis(run.deadline_ms));
        let number = release.number;
        let exit = off_reactor(move || {
            let output = ReleaseOutput::follow(&path, number, &report);
            follow(&engine, &id, limit, &still, output)
        });
        let exit = exit.await??;
        if exit.is_some_and(ExitReason::is_success) {
            return Ok(());
        }
        let tail = off_reactor(move || log_tail(&log, ReplicaFailure::LOG_LINES)).await?;
        let log_tail = tail.unwrap_or_default().into_iter().map(|line| line.text).collect();
        Err(StepFailure::ReleaseCommand { command: command.clone(), exit, log_tail })
    }
}

/// Has what the command prints told until it ends; `None` when its time was up.
fn follow(
    engine: &Engine,
    id: &ContainerId,
    limit: Duration,
    still: &AtomicBool,
    mut output: ReleaseOutput<'_>,
) -> Result<Option<ExitReason>, StepFailure> {
    let deadline = Instant::now() + limit;
    loop {
        let exit = match engine.inspect(id) {
            Some(found) => found.state.exit(),
            None => Some(ExitReason::ShimLost),
        };
        if let Some(exit) = exit {
            while output.tell(Duration::ZERO) {}
            return Ok(Some(exit));
        }
        if Instant::now() >= deadline || !still.load(Ordering::Relaxed) {
            let stopped = engine.stop(id, SIGTERM, LAST_CALL);
            return match stopped {
                Ok(_) => Ok(None),
                Err(error) => Err(back_end(explain_control(&error))),
            };
        }
        output.tell(LOOK);
    }
}
