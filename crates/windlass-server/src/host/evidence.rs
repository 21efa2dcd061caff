//! What is collected when a replica fails.

use super::HostBackEnd;
use std::time::Instant;
use windlass_engine::log_tail;
use windlass_model::rollout::StepFailure;
use windlass_model::{ExitReason, ProbeAnswer, ReplicaFailure, ReplicaId, ReplicaSet};

/// What is known already.
pub(super) struct Known {
    pub(super) begun: Instant,
    pub(super) last_answer: Option<ProbeAnswer>,
    pub(super) exit: Option<ExitReason>,
}

impl HostBackEnd {
    /// Collects the rest: the end of the log and, from a process that lives and does not answer,
    /// its Python stacks.
    pub(super) async fn replica_failure(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
        known: Known,
    ) -> StepFailure {
        let after_ms = known.begun.elapsed().as_millis() as u64;
        let logs = self.settings.layout.logs(&replica.app, replica.release);
        let path = logs.join(format!("{}.log", replica.log_name()));
        let silent = matches!(
            known.last_answer,
            Some(ProbeAnswer::TimedOut { .. } | ProbeAnswer::NotListening)
        );
        let id = replica.container();
        let ask_stacks = known.exit.is_none() && silent;
        let collected = self.on_engine(move |engine| {
            // The log is read first: some servers write their stacks into it.
            let tail = log_tail(&path, ReplicaFailure::LOG_LINES).unwrap_or_default();
            let stacks =
                if ask_stacks { engine.stacks(&id).unwrap_or_default() } else { Vec::new() };
            let oom_kills = engine.inspect(&id).map_or(0, |found| found.oom_kills);
            (tail.into_iter().map(|line| line.text).collect(), stacks, oom_kills)
        });
        let (log_tail, stacks, oom_kills) = collected.await.unwrap_or_default();
        let process = set.process(&replica.process);
        let probe = process.and_then(|process| process.probe.as_ref());
        StepFailure::Replica(Box::new(ReplicaFailure {
            replica: replica.clone(),
            probe_path: probe.map(|probe| probe.path.clone()),
            last_answer: known.last_answer,
            exit: known.exit,
            log_tail,
            stacks,
            oom_kills,
            memory_limit_bytes: process.and_then(|process| process.resources.memory_bytes),
            after_ms,
        }))
    }
}
