//! Ends the process, or what a test takes for it, at one exact edge of the journal.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Blows at one edge of one journal write: just before it is durable, or just after.
///
/// Exists so that the promise "killed anywhere, it ends in the old release or the new one" is
/// proved at every edge instead of at random moments.
pub struct Fuse {
    at: u64,
    passed: AtomicU64,
    blown: AtomicBool,
    blow: Box<dyn Fn() + Send + Sync>,
}

impl Fuse {
    /// Blows just before the `write`th journal write (counted from 1) becomes durable.
    pub fn before(write: u64, blow: impl Fn() + Send + Sync + 'static) -> Self {
        Self::at(2 * write - 1, blow)
    }

    /// Blows just after the `write`th journal write (counted from 1) became durable.
    pub fn after(write: u64, blow: impl Fn() + Send + Sync + 'static) -> Self {
        Self::at(2 * write, blow)
    }

    /// Blows at this edge, counted from 1: odd ones are before a write, even ones after it.
    pub fn at(at: u64, blow: impl Fn() + Send + Sync + 'static) -> Self {
        let (passed, blown) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { at, passed, blown, blow: Box::new(blow) }
    }

    /// Passes one edge, and blows where it is the one.
    pub(super) fn blows_here(&self) -> bool {
        let here = self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.at;
        if here {
            self.blown.store(true, Ordering::SeqCst);
            (self.blow)();
        }
        here
    }

    /// Whether it has blown: nothing is written any more.
    pub(super) fn is_blown(&self) -> bool {
        self.blown.load(Ordering::SeqCst)
    }
}

impl std::fmt::Debug for Fuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fuse").field("at", &self.at).finish_non_exhaustive()
    }
}
