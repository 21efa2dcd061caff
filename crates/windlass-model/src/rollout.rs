//! Moving an app from one replica set to another: the machine at the heart of Windlass.
//!
//! A rollout is a [`RolloutSpec`] (immutable) and a [`Phase`]. [`Phase::batches`] says what must
//! be done in a phase, [`Phase::next`] where to go once that ended. Both are pure, so a server
//! that was killed reads spec and phase from its journal, does the phase's steps again (each is
//! idempotent) and goes on. The order of the phases carries the promises:
//!
//! - healthy before routed: [`Phase::Probing`] ends before [`Phase::Switching`] begins;
//! - durable before drained: the switch is in the journal before [`Phase::Draining`] begins;
//! - drained before SIGTERM: [`Phase::Retiring`] is the only phase that stops what served;
//! - all or none: any failure up to and including the switch leads to [`Phase::Undoing`].

mod batches;
mod outcome;
mod phase;
mod spec;
mod step;

pub use outcome::{JournalEntry, StepFailure};
pub use phase::{Phase, Signal};
pub use spec::RolloutSpec;
pub use step::Step;
