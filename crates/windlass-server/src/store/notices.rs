//! Tells watchers that something became durable.

use tokio::sync::watch;

/// A bell: it says that there may be something new, not what.
#[derive(Debug, Clone)]
pub struct Notices {
    bell: watch::Sender<u64>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { bell: watch::Sender::new(0) }
    }
}

impl Notices {
    /// Rings.
    pub(super) fn ring(&self) {
        self.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    /// A listener that hears every ring from now on; several rings may be heard as one.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }
}
