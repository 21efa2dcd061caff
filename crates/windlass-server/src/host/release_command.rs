//! Release commands: once per release, in a container of their own.
//!
//! A command is stopped when its time is up or its job is cancelled, and for no other reason: a
//! server that is told to end, or dies, leaves a migration to itself, and the next one adopts it.

use super::container::{Purpose, container_spec};
use super::release_output::ReleaseOutput;
use super::{HostBackEnd, back_end, off_reactor};
use crate::back_end::{ReleaseRun, StepResult, release_container};
use crate::report::Report;
use std::collections::BTreeMap;
use std::path::PathBuf;
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
        let exit = self.followed(run, (id, log.clone()), report).await?;
        if exit.is_some_and(ExitReason::is_success) {
            return Ok(());
        }
        let tail = off_reactor(move || log_tail(&log, ReplicaFailure::LOG_LINES)).await?;
        let log_tail = tail.unwrap_or_default().into_iter().map(|line| line.text).collect();
        Err(StepFailure::ReleaseCommand { command: command.clone(), exit, log_tail })
    }

    /// Waits for the end of a command that runs; `None` when it was stopped.
    async fn followed(
        &self,
        run: &ReleaseRun<'_>,
        (id, log): (ContainerId, PathBuf),
        report: &Report,
    ) -> Result<Option<ExitReason>, StepFailure> {
        let (engine, store) = (Arc::clone(&self.engine), self.store.clone());
        let (job, report) = (run.job, report.clone());
        let of = (run.release.app.clone(), run.release.number);
        let limit = Duration::from_millis(run.deadline_ms);
        let still = Arc::new(AtomicBool::new(true));
        let _waiting = Waiting(Arc::clone(&still));
        let exit = off_reactor(move || {
            let output = ReleaseOutput::follow(&log, of, &report);
            let waited_for = || still.load(Ordering::Relaxed);
            // That a job is cancelled is durable before anybody stops waiting because of it.
            let cancelled = || store.job(job).ok().flatten().is_some_and(|found| found.cancelled);
            let fate = |late: bool| fate(late, waited_for(), cancelled);
            follow(&engine, &id, (Instant::now() + limit, &fate), output)
        });
        exit.await?
    }
}

/// What becomes of a command that has not ended.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It is waited for.
    GoesOn,
    /// It is stopped.
    Stopped,
    /// It goes on, and whoever asks next finds it.
    LeftAlone,
}

fn fate(late: bool, waited_for: bool, cancelled: impl FnOnce() -> bool) -> Fate {
    match (late, waited_for) {
        (true, _) => Fate::Stopped,
        (false, true) => Fate::GoesOn,
        (false, false) if cancelled() => Fate::Stopped,
        (false, false) => Fate::LeftAlone,
    }
}

/// Has what the command prints told until it ends; `None` when it was stopped or left alone.
fn follow(
    engine: &Engine,
    id: &ContainerId,
    (deadline, fate): (Instant, &dyn Fn(bool) -> Fate),
    mut output: ReleaseOutput<'_>,
) -> Result<Option<ExitReason>, StepFailure> {
    loop {
        let exit = match engine.inspect(id) {
            Some(found) => found.state.exit(),
            None => Some(ExitReason::ShimLost),
        };
        if let Some(exit) = exit {
            while output.tell(Duration::ZERO) {}
            return Ok(Some(exit));
        }
        match fate(Instant::now() >= deadline) {
            Fate::GoesOn => output.tell(LOOK),
            Fate::LeftAlone => return Ok(None),
            Fate::Stopped => {
                let stopped = engine.stop(id, SIGTERM, LAST_CALL);
                return match stopped {
                    Ok(_) => Ok(None),
                    Err(error) => Err(back_end(explain_control(&error))),
                };
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_deadline_and_a_cancelled_job_stop_a_command() {
        for (late, waited_for, cancelled, wanted) in [
            (false, true, false, Fate::GoesOn),
            // Whoever waits hears of it first.
            (false, true, true, Fate::GoesOn),
            (false, false, true, Fate::Stopped),
            // The server ends, or the store keeps its job from going on.
            (false, false, false, Fate::LeftAlone),
            (true, true, false, Fate::Stopped),
            (true, false, false, Fate::Stopped),
        ] {
            let what = format!("{late} {waited_for} {cancelled}");
            assert_eq!(fate(late, waited_for, || cancelled), wanted, "{what}");
        }
    }
}
