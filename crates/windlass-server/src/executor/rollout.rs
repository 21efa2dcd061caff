//! One rollout, phase by phase.

use super::Executor;
use super::place::Place;
use crate::back_end::{BackEnd, ReleaseRun, StepResult};
use crate::report::Report;
use crate::store::StoreError;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use windlass_model::explain::explain_step;
use windlass_model::rollout::{JournalEntry, Phase, RolloutSpec, Signal, Step, StepFailure};
use windlass_model::{Event, Problem, ReplicaId, ReplicaSet};

/// What a step gets beyond its own deadline to collect the evidence of its failure.
const GRACE: Duration = Duration::from_secs(15);

impl<B: BackEnd> Executor<B> {
    /// Takes a rollout to a final phase from wherever its journal ends.
    pub(super) async fn run_rollout(
        &self,
        spec: &RolloutSpec,
        entries: &[JournalEntry],
        cancelled: &mut watch::Receiver<bool>,
    ) -> Result<Phase, StoreError> {
        let mut place = Place::read(entries);
        while !place.phase.is_final() {
            let signal = self.run_phase(spec, &place, cancelled).await?;
            let phase = place.phase.next(signal);
            let entry = JournalEntry::Entered { phase, signal: Some(signal) };
            self.store.journal(spec, entry, Event::Phase { phase }).await?;
            place = Place::at(phase);
        }
        Ok(place.phase)
    }

    /// Does what is left to do in a phase. Cancelling ends it at once where that leads back.
    async fn run_phase(
        &self,
        spec: &RolloutSpec,
        place: &Place,
        cancelled: &mut watch::Receiver<bool>,
    ) -> Result<Signal, StoreError> {
        if place.failed {
            return Ok(Signal::Failed);
        }
        let may_cancel = place.phase.next(Signal::Cancelled) != place.phase;
        let batches = async {
            for mut batch in place.phase.batches(spec) {
                batch.retain(|step| !place.done.contains(step));
                if !self.run_batch(spec, batch).await? {
                    return Ok(Signal::Failed);
                }
            }
            Ok(Signal::Done)
        };
        tokio::select! {
            biased;
            () = asked(cancelled), if may_cancel => Ok(Signal::Cancelled),
            signal = batches => signal,
        }
    }

    /// Does the steps side by side; `false` when one failed. The others are waited for, unless
    /// they only wait themselves.
    async fn run_batch(&self, spec: &RolloutSpec, steps: Vec<Step>) -> Result<bool, StoreError> {
        let only_wait =
            steps.iter().all(|s| matches!(s, Step::AwaitHealthy { .. } | Step::Watch { .. }));
        let mut running: FuturesUnordered<_> =
            steps.into_iter().map(|step| self.run_step(spec, step)).collect();
        let mut all_done = true;
        while let Some(done) = running.next().await {
            all_done &= done?;
            if !all_done && only_wait {
                break;
            }
        }
        Ok(all_done)
    }

    /// Does one step, with its journal entries around it.
    async fn run_step(&self, spec: &RolloutSpec, step: Step) -> Result<bool, StoreError> {
        let event = Event::StepBegun { step: step.clone() };
        self.store.journal(spec, JournalEntry::Begun { step: step.clone() }, event).await?;
        let begun = Instant::now();
        let limit = Duration::from_millis(spec.deadline_ms(&step)) + GRACE;
        let result = tokio::time::timeout(limit, self.effect(spec, &step)).await;
        let elapsed_ms = begun.elapsed().as_millis() as u64;
        let result = result.unwrap_or(Err(StepFailure::Deadline { after_ms: elapsed_ms }));
        let (entry, event) = match result {
            Ok(()) => {
                let event = Event::StepDone { step: step.clone(), elapsed_ms };
                (JournalEntry::Done { step }, event)
            }
            Err(failure) => {
                let problem = explain_step(&step, &failure);
                let event = Event::StepFailed { step: step.clone(), problem };
                (JournalEntry::Failed { step, failure }, event)
            }
        };
        let done = matches!(entry, JournalEntry::Done { .. });
        self.store.journal(spec, entry, event).await?;
        Ok(done)
    }

    async fn effect(&self, spec: &RolloutSpec, step: &Step) -> StepResult {
        let report = Report::new(self.store.clone(), spec.job);
        match step {
            Step::Prepare { release } => {
                self.back_end.prepare(&self.release(spec, *release)?).await
            }
            Step::RunRelease { release, command } => {
                let release = &self.release(spec, *release)?;
                let (job, deadline_ms) = (spec.job, spec.deadline_ms(step));
                let run = ReleaseRun { job, release, command: *command, deadline_ms };
                self.back_end.run_release(&run, &report).await
            }
            Step::Start { replica } => self.back_end.start(replica, set_of(spec, replica)?).await,
            Step::AwaitHealthy { replica } => {
                self.back_end.await_healthy(replica, set_of(spec, replica)?, &report).await
            }
            Step::Route { .. } => {
                // `Begun` of this very step made the new routes the wanted ones.
                let (routes, _) = self.store.routes().map_err(|error| in_store(&error))?;
                self.back_end.route(&routes).await
            }
            Step::Watch { replica } => {
                self.back_end.watch(replica, set_of(spec, replica)?, spec.bake_ms).await
            }
            Step::Drain { replicas } => self.back_end.drain(replicas, spec.deadline_ms(step)).await,
            Step::Stop { replica } => {
                self.back_end.stop(replica, set_of(spec, replica)?).await?;
                let forgotten = self.store.forget_replica(replica.container()).await;
                forgotten.map_err(|error| in_store(&error))
            }
        }
    }

    fn release(
        &self,
        spec: &RolloutSpec,
        number: windlass_model::ReleaseNumber,
    ) -> Result<windlass_model::Release, StepFailure> {
        let found = self.store.release(&spec.app, number).map_err(|error| in_store(&error))?;
        found.ok_or_else(|| {
            let what = format!("release {number} of `{}`", spec.app);
            in_store(&StoreError::Missing { what })
        })
    }
}

/// Resolves once the user has asked to stop; never when nobody can ask any more.
async fn asked(cancelled: &mut watch::Receiver<bool>) {
    if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn set_of<'a>(spec: &'a RolloutSpec, replica: &ReplicaId) -> Result<&'a ReplicaSet, StepFailure> {
    let sets = spec.to.iter().chain(&spec.from);
    sets.into_iter().find(|set| set.replicas.contains(replica)).ok_or_else(|| {
        let message = format!("{replica} belongs to neither set of job {}", spec.job);
        StepFailure::BackEnd { problem: Problem::bug("replica-unknown", message) }
    })
}

fn in_store(error: &StoreError) -> StepFailure {
    StepFailure::BackEnd { problem: crate::explain::explain_store(error) }
}
