//! Moving an app from one replica set to another: the machine at the heart of Windlass.
//!
//! A rollout is a [`RolloutSpec`] (immutable) and a [`Phase`]. [`Phase::batches`] says what must
//! be done in a phase, [`Phase::next`] where to go once that ended. Both are pure, so a server
//! that was killed reads spec and phase from its journal, does the phase's steps again (each is
//! idempotent) and goes on. The order of the phases carries the promises:
//!
//! - healthy before routed: [`Phase::Probing`] ends before [`Phase::Switching`] begins;
//! - watched before trusted: in [`Phase::Baking`] the new replicas serve and the old ones still
//!   run, untouched; one that dies there brings the old ones back at once;
//! - durable before drained: the new set is in the journal as the app's current one before
//!   [`Phase::Draining`] begins;
//! - drained before SIGTERM: [`Phase::Retiring`] is the only phase that stops what served;
//! - all or none: any failure up to and including the baking leads to [`Phase::Undoing`].
//!
//! Baking comes before draining, so that a request that takes a minute does not delay the watch,
//! and going back finds the old replicas with all their connections.

mod batches;
mod outcome;
mod phase;
mod spec;
mod step;

pub use outcome::{JournalEntry, StepFailure};
pub use phase::{Phase, Signal};
pub use spec::RolloutSpec;
pub use step::Step;
