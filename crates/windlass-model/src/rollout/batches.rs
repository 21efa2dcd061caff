//! What each phase of a rollout does.

use super::{Phase, RolloutSpec, Step};
use crate::ReplicaId;
use std::collections::BTreeSet;

impl Phase {
    /// The phase's steps: batches in order, the steps of one batch side by side.
    ///
    /// Empty batches are left out; a phase without batches is over at once.
    pub fn batches(self, spec: &RolloutSpec) -> Vec<Vec<Step>> {
        let mut batches = match self {
            Phase::Preparing => vec![prepare(spec)],
            Phase::Releasing => release(spec),
            Phase::Starting => vec![each(&together(spec, spec.starting()), start)],
            Phase::Probing => vec![each(&together(spec, spec.starting()), probe)],
            Phase::HandingOver => {
                let new = singletons(spec, spec.starting());
                let old = each(&singletons(spec, spec.stopping()), stop);
                vec![old, each(&new, start), each(&new, probe)]
            }
            Phase::Switching => vec![vec![Step::Route {
                replicas: web(spec.to.as_ref()),
                standby: leaving_web(spec),
            }]],
            Phase::Baking => vec![each(&spec.starting(), watch)],
            Phase::Draining if leaving_web(spec).is_empty() => {
                vec![drain(spec, spec.stopping())]
            }
            // What stood by is still routed to, and only what is not can be drained.
            Phase::Draining => {
                vec![vec![Step::route_to(web(spec.to.as_ref()))], drain(spec, spec.stopping())]
            }
            Phase::Retiring => vec![each(&together(spec, spec.stopping()), stop)],
            Phase::Undoing => vec![
                vec![Step::route_to(web(spec.from.as_ref()))],
                drain(spec, spec.starting()),
                each(&spec.starting(), stop),
                each(&singletons(spec, spec.stopping()), start),
            ],
            Phase::Done | Phase::Undone => Vec::new(),
        };
        batches.retain(|batch| !batch.is_empty());
        batches
    }
}

fn prepare(spec: &RolloutSpec) -> Vec<Step> {
    spec.release().map(|release| Step::Prepare { release }).into_iter().collect()
}

/// One batch a command: migrations run in the order in which they are written.
fn release(spec: &RolloutSpec) -> Vec<Vec<Step>> {
    let Some(to) = spec.to.as_ref().filter(|_| spec.run_release_commands) else {
        return Vec::new();
    };
    let commands = 0..to.spec.release_commands.len();
    commands.map(|command| vec![Step::RunRelease { release: to.release, command }]).collect()
}

fn start(replica: ReplicaId) -> Step {
    Step::Start { replica }
}

fn probe(replica: ReplicaId) -> Step {
    Step::AwaitHealthy { replica }
}

fn watch(replica: ReplicaId) -> Step {
    Step::Watch { replica }
}

fn stop(replica: ReplicaId) -> Step {
    Step::Stop { replica }
}

fn each(replicas: &BTreeSet<ReplicaId>, step: fn(ReplicaId) -> Step) -> Vec<Step> {
    replicas.iter().cloned().map(step).collect()
}

/// Those of which old and new may run side by side.
fn together(spec: &RolloutSpec, mut replicas: BTreeSet<ReplicaId>) -> BTreeSet<ReplicaId> {
    replicas.retain(|replica| !spec.is_singleton(replica));
    replicas
}

fn singletons(spec: &RolloutSpec, mut replicas: BTreeSet<ReplicaId>) -> BTreeSet<ReplicaId> {
    replicas.retain(|replica| spec.is_singleton(replica));
    replicas
}

fn web(set: Option<&crate::ReplicaSet>) -> BTreeSet<ReplicaId> {
    set.map(crate::ReplicaSet::web).unwrap_or_default()
}

/// The old web replicas that still run after the switch; none stand by for an app that stops.
fn leaving_web(spec: &RolloutSpec) -> BTreeSet<ReplicaId> {
    let mut replicas = together(spec, spec.stopping());
    replicas.retain(|replica| replica.process.is_web() && spec.to.is_some());
    replicas
}

/// Singleton web replicas were stopped in the handing over: there is nothing left to drain.
fn drain(spec: &RolloutSpec, replicas: BTreeSet<ReplicaId>) -> Vec<Step> {
    let mut replicas = together(spec, replicas);
    replicas.retain(|replica| replica.process.is_web());
    if replicas.is_empty() { Vec::new() } else { vec![Step::Drain { replicas }] }
}
