//! One phase as one line: what was done, not what was tried.

use super::joined;
use std::collections::BTreeMap;
use windlass_model::rollout::{Phase, Step};
use windlass_model::{ProbeAnswer, ReplicaId};

/// What is known of the phase that runs.
#[derive(Debug)]
pub(super) struct PhaseLine {
    pub(super) phase: Phase,
    pub(super) since_ms: u64,
    done: Vec<Step>,
    answers: BTreeMap<String, String>,
}

impl PhaseLine {
    pub(super) fn new(phase: Phase, since_ms: u64) -> Self {
        Self { phase, since_ms, done: Vec::new(), answers: BTreeMap::new() }
    }

    pub(super) fn done(&mut self, step: &Step) {
        self.done.push(step.clone());
    }

    pub(super) fn probed(&mut self, replica: &ReplicaId, answer: &ProbeAnswer) {
        self.answers.insert(replica.to_string(), answer.to_string());
    }

    /// The phase's name in a list of times; `None` for those that are not on the way to the switch.
    pub(super) fn short(&self) -> Option<&'static str> {
        Some(match self.phase {
            Phase::Preparing => "prepare",
            Phase::Releasing => "release commands",
            Phase::Starting => "start",
            Phase::Probing => "probe",
            Phase::HandingOver => "hand over",
            Phase::Switching => "switch",
            Phase::Baking
            | Phase::Draining
            | Phase::Retiring
            | Phase::Done
            | Phase::Undoing
            | Phase::Undone => return None,
        })
    }

    /// What the phase did; `None` when that was nothing.
    pub(super) fn text(&self) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        for step in &self.done {
            let part = self.part(step);
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn part(&self, step: &Step) -> String {
        match step {
            Step::Prepare { release } => format!("image and volume of release {release}"),
            Step::RunRelease { command, .. } => format!("command {}", command + 1),
            Step::Start { replica } if self.phase == Phase::Undoing => {
                format!("{replica} runs again")
            }
            Step::Start { replica } => replica.to_string(),
            Step::AwaitHealthy { replica } => match self.answers.get(&replica.to_string()) {
                Some(answer) => format!("{replica} {answer}"),
                None => format!("{replica} stays up"),
            },
            Step::Watch { replica } => format!("{replica} still proves itself"),
            Step::Route { replicas, .. } if replicas.is_empty() => "the route is gone".to_owned(),
            Step::Route { replicas, .. } => {
                let names = replicas.iter().map(|replica| (replica.to_string(), ())).collect();
                let release = replicas.first().map_or(0, |replica| replica.release.0);
                format!("requests go to {} of release {release}", joined(&names))
            }
            Step::Drain { replicas } => {
                let names = replicas.iter().map(|replica| (replica.to_string(), ())).collect();
                let release = replicas.first().map_or(0, |replica| replica.release.0);
                format!("nothing in flight to {} of release {release}", joined(&names))
            }
            Step::Stop { replica } => format!("{replica} of release {} stopped", replica.release),
        }
    }
}

/// A step as what is being done.
pub(super) fn verb(step: &Step) -> String {
    step.to_string()
}
