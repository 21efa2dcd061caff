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
/// The longest pause between two probes of a replica that keeps answering badly: each bad answer
/// may be a traceback in its log.
const BAD_PAUSE: Duration = Duration::from_secs(1);
/// A replica that has lost this many processes for want of memory will lose more.
const STARVED: u64 = 3;
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
        let mut tried = Tried { begun: Instant::now(), in_a_row: 0, last: None, bad_since: None };
        let mut pause = Duration::ZERO;
        loop {
            let (exit, oom_kills) = self.state_of(replica).await?;
            if exit.is_some() || oom_kills >= STARVED {
                return Err(self.replica_failure(replica, set, tried.known(exit)).await);
            }
            let Some((address, probe)) = &asked.probe else {
                if tried.begun.elapsed() >= asked.settle {
                    return Ok(());
                }
                tokio::time::sleep(LOOK).await;
                continue;
            };
            let answer = asked.ask(address, probe).await;
            let news = tried.take(probe, answer.clone());
            let in_a_row = tried.in_a_row;
            if in_a_row > 0 || news {
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
            if tried.is_over(probe) {
                return Err(self.replica_failure(replica, set, tried.known(None)).await);
            }
            let interval = Duration::from_millis(probe.interval_ms);
            pause = match &answer {
                ProbeAnswer::NotListening => LOOK,
                _ if tried.bad_since.is_some() => {
                    (pause * 2).clamp(interval, BAD_PAUSE.max(interval))
                }
                _ => interval,
            };
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
            let (exit, oom_kills) = self.state_of(replica).await?;
            if exit.is_some() || oom_kills >= STARVED {
                let known = Known { begun, last_answer: None, exit };
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
        let (exit, _) = self.state_of(replica).await?;
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

    /// How the replica's container ended, and how many of its processes starved; a container
    /// that is gone counts as ended unseen.
    async fn state_of(
        &self,
        replica: &ReplicaId,
    ) -> Result<(Option<ExitReason>, u64), StepFailure> {
        let id = replica.container();
        self.on_engine(move |engine| match engine.inspect(&id) {
            Some(found) => (found.state.exit(), found.oom_kills),
            None => (Some(ExitReason::ShimLost), 0),
        })
        .await
    }
}

/// What has come of the probes so far.
struct Tried {
    begun: Instant,
    in_a_row: u32,
    last: Option<ProbeAnswer>,
    /// Since when the answer has been one and the same error that waiting does not cure.
    bad_since: Option<Instant>,
}

impl Tried {
    /// Counts one more answer; whether it says something new.
    fn take(&mut self, probe: &ProbeSpec, answer: ProbeAnswer) -> bool {
        let news = differs(self.last.as_ref(), &answer);
        let lasts = probe.is_lasting_error(&answer);
        if news || !lasts {
            self.bad_since = lasts.then(Instant::now);
        }
        self.in_a_row = probe.tally(self.in_a_row, &answer);
        self.last = Some(answer);
        news
    }

    /// Whether no more probes shall be made: the deadline has passed, or an error is believed.
    fn is_over(&self, probe: &ProbeSpec) -> bool {
        let believed = Duration::from_millis(ProbeSpec::ERROR_BELIEVED_MS);
        self.bad_since.is_some_and(|since| since.elapsed() >= believed)
            || self.begun.elapsed() >= Duration::from_millis(probe.deadline_ms)
    }

    fn known(self, exit: Option<ExitReason>) -> Known {
        Known { begun: self.begun, last_answer: self.last, exit }
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
