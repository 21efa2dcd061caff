//! Where the effects of a job tell how they get on.

use crate::store::Store;
use windlass_model::{Event, JobId};

/// One job's voice.
#[derive(Debug, Clone)]
pub struct Report {
    store: Store,
    job: JobId,
}

impl Report {
    /// The voice of `job`.
    pub fn new(store: Store, job: JobId) -> Self {
        Self { store, job }
    }

    /// The job.
    pub fn job(&self) -> JobId {
        self.job
    }

    /// Tells of an event: durable first, then to everybody who watches. Does not wait.
    pub fn tell(&self, event: Event) {
        self.store.report(self.job, event);
    }
}
