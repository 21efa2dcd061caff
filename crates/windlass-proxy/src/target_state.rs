//! What all workers share about one target: its counts.

use crate::claim::Word;
use crate::{Address, TargetStatus};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts of one target, on cache lines of their own: every request to it writes here.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct TargetState {
    /// Requests between claim and the end of their answer.
    pub(crate) in_flight: AtomicU64,
    /// Upgraded connections and event streams, which are not in `in_flight`.
    pub(crate) long_lived: AtomicU64,
    /// Requests ever sent here.
    pub(crate) total: AtomicU64,
    /// Requests that this target failed: no connection, no answer, a broken answer.
    pub(crate) failed: AtomicU64,
    /// Set when a drain has passed its deadline: what is still on its way here is given up.
    pub(crate) cut: AtomicBool,
    pub(crate) id: String,
    pub(crate) address: Address,
}

impl TargetState {
    pub(crate) fn new(id: String, address: Address) -> Self {
        Self {
            in_flight: AtomicU64::new(0),
            long_lived: AtomicU64::new(0),
            total: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            cut: AtomicBool::new(false),
            id,
            address,
        }
    }

    /// How busy it is, for choosing between targets.
    pub(crate) fn load(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed) + self.long_lived.load(Ordering::Relaxed)
    }

    /// Whether nothing at all goes on with it.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.get() == 0 && self.long_lived.get() == 0
    }

    /// Moves one claim from the ordinary requests to the long-lived ones.
    pub(crate) fn promote(&self) {
        self.long_lived.increase();
        self.in_flight.decrease();
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    pub(crate) fn status(&self, routed: bool) -> TargetStatus {
        TargetStatus {
            id: self.id.clone(),
            address: self.address.clone(),
            routed,
            in_flight: self.in_flight.get(),
            long_lived: self.long_lived.get(),
            total: self.total.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
