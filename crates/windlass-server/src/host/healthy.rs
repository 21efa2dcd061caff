//! Whether a replica is well: proving itself, and staying so.

use super::HostBackEnd;
use super::evidence::Known;
use crate::back_end::StepResult;
use crate::report::Report;
use std::time::{Duration, Instant};
use windlass_model::rollout::StepFailure;
use windlass_model::{
    Event, ExitReason, ProbeAnswer, ProbeSpec, ProcessSpec, ReplicaId, ReplicaSet,
};
use windlass_proxy::{Address, ProbeRequest, probe};

/// Pause between two looks at a replica that does not listen yet, or that only has to stay up.
const LOOK: Duration = Duration::from_millis(20);
/// The same while it is watched.
const WATCH_LOOK: Duration = Duration::from_millis(100);
/// Tries at the end of the watch: a replica may be busy with real requests.
const LAST_TRIES: u32 = 3;

/// A replica with what it takes to ask it.
struct Asked<'a> {
    replica: &'a ReplicaId,
    set: &'a ReplicaSet,
    probe: Option<(Address, &'a ProbeSpec)>,
    settle: Duration,
}

impl HostBackEnd {
    /// Waits until the replica has answered well often enough in a row, or has stayed up.
    pub(super) async fn wait_until_healthy(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
        report: &Report,
    ) -> StepResult {
        let asked = self.asked(replica, set).await?;
        let (begun, mut last_answer, mut in_a_row) = (Instant::now(), None, 0);
        loop {
            if let Some(exit) = self.exit_of(replica).await? {
                let known = Known { begun, last_answer, exit: Some(exit) };
                return Err(self.replica_failure(replica, set, known).await);
            }
            let Some((address, probe)) = &asked.probe else {
                if begun.elapsed() >= asked.settle {
                    return Ok(());
                }
                tokio::time::sleep(LOOK).await;
                continue;
            };
            let answer = asked.ask(address, probe).await;
            in_a_row = probe.tally(in_a_row, &answer);
            if in_a_row > 0 || differs(last_answer.as_ref(), &answer) {
                report.tell(Event::Probed {
                    replica: replica.clone(),
                    answer: answer.clone(),
                    in_a_row,
                    wanted: probe.successes,
                });
            }
            if in_a_row >= probe.successes {
                return Ok(());
            }
            if begun.elapsed() >= Duration::from_millis(probe.deadline_ms) {
                let known = Known { begun, last_answer: Some(answer), exit: None };
                return Err(self.replica_failure(replica, set, known).await);
            }
            let waiting = matches!(answer, ProbeAnswer::NotListening);
            let pause = if waiting { LOOK } else { Duration::from_millis(probe.interval_ms) };
            last_answer = Some(answer);
            tokio::time::sleep(pause).await;
        }
    }

    /// Sees that the replica stays up for `limit` and is well at the end.
    pub(super) async fn watch_replica(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
        limit: Duration,
    ) -> StepResult {
        let asked = self.asked(replica, set).await?;
        let begun = Instant::now();
        loop {
            if let Some(exit) = self.exit_of(replica).await? {
                let known = Known { begun, last_answer: None, exit: Some(exit) };
                return Err(self.replica_failure(replica, set, known).await);
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(WATCH_LOOK.min(left)).await;
        }
        let Some((address, probe)) = &asked.probe else { return Ok(()) };
        let mut last_answer = None;
        for _ in 0..LAST_TRIES {
            let answer = asked.ask(address, probe).await;
            if probe.accepts(&answer) {
                return Ok(());
            }
            last_answer = Some(answer);
        }
        let exit = self.exit_of(replica).await?;
        Err(self.replica_failure(replica, set, Known { begun, last_answer, exit }).await)
    }

    async fn asked<'a>(
        &self,
        replica: &'a ReplicaId,
        set: &'a ReplicaSet,
    ) -> Result<Asked<'a>, StepFailure> {
        let process: Option<&ProcessSpec> = set.process(&replica.process);
        let (serves, settle_ms) = match process {
            Some(process) => (process.serves, process.settle_ms),
            None => (windlass_model::Serves::Nothing, 0),
        };
        let address = self.target_address(&replica.app, &replica.container(), serves).await?;
        let probe = address.zip(process.and_then(|process| process.probe.as_ref()));
        Ok(Asked { replica, set, probe, settle: Duration::from_millis(settle_ms) })
    }

    /// How the replica's container ended; a container that is gone counts as ended unseen.
    async fn exit_of(&self, replica: &ReplicaId) -> Result<Option<ExitReason>, StepFailure> {
        let id = replica.container();
        self.on_engine(move |engine| match engine.inspect(&id) {
            Some(found) => found.state.exit(),
            None => Some(ExitReason::ShimLost),
        })
        .await
    }
}

impl Asked<'_> {
    /// As a visitor would: with the app's own host, which Django's ALLOWED_HOSTS looks at.
    async fn ask(&self, address: &Address, spec: &ProbeSpec) -> ProbeAnswer {
        debug_assert!(self.set.replicas.contains(self.replica), "asked by its own set");
        let request = ProbeRequest {
            host: self.set.spec.canonical_host(),
            path: spec.path.clone(),
            timeout_ms: spec.timeout_ms,
            headers: Vec::new(),
        };
        probe(address, &request).await
    }
}

/// Whether an answer says something new: times and bodies alone do not.
fn differs(before: Option<&ProbeAnswer>, now: &ProbeAnswer) -> bool {
    match (before, now) {
        (
            Some(ProbeAnswer::Status { status: before, .. }),
            ProbeAnswer::Status { status: now, .. },
        ) => before != now,
        (Some(before), now) => std::mem::discriminant(before) != std::mem::discriminant(now),
        (None, _) => true,
    }
}
