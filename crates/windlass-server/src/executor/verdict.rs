//! What a rollout's journal says about its end. Pure.

use windlass_model::Problem;
use windlass_model::explain::{explain_step, explain_undone};
use windlass_model::rollout::{JournalEntry, Phase, Signal};

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
        (_, Some(phase)) => {
            Problem::user("cancelled", format!("cancelled while {phase}; everything is as before"))
        }
        (Some(problem), None) => problem,
        (None, None) => {
            Problem::bug("undone-without-cause", "the rollout was undone for no reason")
        }
    };
    explain_undone(first, &undoing)
}
