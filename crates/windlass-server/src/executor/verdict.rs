//! What a rollout's journal says about its end. Pure.

use std::collections::BTreeSet;
use windlass_model::Problem;
use windlass_model::explain::{explain_step, explain_undone};
use windlass_model::rollout::{JournalEntry, Phase, Signal, Step};

/// Why the rollout was undone: the first failure, with whatever failed while undoing it.
pub(super) fn why_undone(entries: &[JournalEntry]) -> Problem {
    let mut phase = Phase::Preparing;
    let mut cancelled_in = None;
    let (mut causes, mut undoing) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            JournalEntry::Entered { phase: next, signal } => {
                if *signal == Some(Signal::Cancelled) {
                    cancelled_in = Some(phase);
                }
                phase = *next;
            }
            JournalEntry::Failed { step, failure } => {
                let list = if phase == Phase::Undoing { &mut undoing } else { &mut causes };
                list.push(explain_step(step, failure));
            }
            JournalEntry::Begun { .. } | JournalEntry::Done { .. } => {}
        }
    }
    let first = match (causes.into_iter().next(), cancelled_in) {
        (_, Some(phase)) => cancelled(phase, commands_begun(entries)),
        (Some(problem), None) => problem,
        (None, None) => {
            Problem::bug("undone-without-cause", "the rollout was undone for no reason")
        }
    };
    explain_undone(first, &undoing)
}

/// Replicas and routes are put back; what release commands changed is not.
fn cancelled(phase: Phase, commands: usize) -> Problem {
    let whole =
        |state: &str| Problem::user("cancelled", format!("cancelled while {phase}; {state}"));
    let told = match commands {
        0 => return whole("everything is as before"),
        1 => "1 release command had begun, and what it did is not undone".to_owned(),
        _ => format!("{commands} release commands had begun, and what they did is not undone"),
    };
    whole("what runs is as before").cause(told)
}

/// How many release commands were begun. One that was stopped in the middle counts as well.
fn commands_begun(entries: &[JournalEntry]) -> usize {
    let begun = entries.iter().filter_map(|entry| match entry {
        JournalEntry::Begun { step: Step::RunRelease { command, .. } } => Some(*command),
        _ => None,
    });
    // A command that was waited for again after a crash was begun twice.
    begun.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::ReleaseNumber;

    #[test]
    fn what_release_commands_did_is_not_told_as_undone() {
        let entered = |phase, signal| JournalEntry::Entered { phase, signal };
        let begun = |command| {
            let step = Step::RunRelease { release: ReleaseNumber(2), command };
            JournalEntry::Begun { step }
        };
        let undone = [
            entered(Phase::Undoing, Some(Signal::Cancelled)),
            entered(Phase::Undone, Some(Signal::Done)),
        ];
        let preparing = vec![entered(Phase::Preparing, None)];
        let mut releasing = preparing.clone();
        releasing.extend([
            entered(Phase::Releasing, Some(Signal::Done)),
            begun(0),
            begun(0),
            begun(1),
        ]);
        let why = |entries: Vec<JournalEntry>| why_undone(&[entries, undone.to_vec()].concat());
        let untouched = why(preparing);
        assert_eq!(untouched.message, "cancelled while preparing; everything is as before");
        assert!(untouched.causes.is_empty());
        let touched = why(releasing);
        assert_eq!(touched.code, "cancelled");
        assert_eq!(touched.message, "cancelled while releasing; what runs is as before");
        assert_eq!(
            touched.causes,
            ["2 release commands had begun, and what they did is not undone"]
        );
    }
}
