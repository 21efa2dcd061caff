//! Where a rollout stands, read from its journal. Pure.

use std::collections::HashSet;
use windlass_model::rollout::{JournalEntry, Phase, Step};

/// The last phase that was entered, and what was done in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The phase.
    pub(super) phase: Phase,
    /// Its steps that are done: they are skipped.
    pub(super) done: HashSet<Step>,
    /// Whether one of its steps failed: the phase is over, and its steps are not tried again,
    /// since a migration that failed must not run twice.
    pub(super) failed: bool,
}

impl Place {
    /// The beginning of a phase.
    pub(super) fn at(phase: Phase) -> Self {
        Self { phase, done: HashSet::new(), failed: false }
    }

    /// Where the journal ends.
    pub(super) fn read(entries: &[JournalEntry]) -> Self {
        let mut place = Self::at(Phase::Preparing);
        for entry in entries {
            match entry {
                JournalEntry::Entered { phase, .. } => place = Self::at(*phase),
                JournalEntry::Done { step } => {
                    place.done.insert(step.clone());
                }
                JournalEntry::Failed { .. } => place.failed = true,
                JournalEntry::Begun { .. } => {}
            }
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::ReleaseNumber;
    use windlass_model::rollout::StepFailure;

    #[test]
    fn only_what_follows_the_last_entry_counts() {
        let step = |command| Step::RunRelease { release: ReleaseNumber(1), command };
        let entered = |phase| JournalEntry::Entered { phase, signal: None };
        let mut entries = vec![
            entered(Phase::Preparing),
            JournalEntry::Done { step: Step::Prepare { release: ReleaseNumber(1) } },
            entered(Phase::Releasing),
            JournalEntry::Begun { step: step(0) },
            JournalEntry::Done { step: step(0) },
            JournalEntry::Begun { step: step(1) },
        ];
        let place = Place::read(&entries);
        assert_eq!((place.phase, place.failed), (Phase::Releasing, false));
        assert_eq!(place.done, HashSet::from([step(0)]));
        let failure = StepFailure::Deadline { after_ms: 1 };
        entries.push(JournalEntry::Failed { step: step(1), failure });
        assert!(Place::read(&entries).failed);
        entries.push(entered(Phase::Undoing));
        assert_eq!(Place::read(&entries), Place::at(Phase::Undoing));
    }
}
