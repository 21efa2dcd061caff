//! The only loop that changes state.
//!
//! It takes a job through building, releasing and rolling, each decided by `windlass-model`,
//! written to the store before it is done, and done by the back end. One job an app at a time.
//! Dropping it at any moment is a crash: [`Executor::resume`] on the same store goes on.

mod job;
mod place;
pub mod planning;
mod rollout;
mod verdict;

use crate::back_end::BackEnd;
use crate::explain::explain_store;
use crate::own_log::OwnLog;
use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use windlass_model::{AppName, Job, JobId, JobKind};

/// Runs jobs on a back end.
pub struct Executor<B> {
    store: Store,
    back_end: Arc<B>,
    log: OwnLog,
    bake_ms: u64,
    running: Mutex<HashMap<JobId, watch::Sender<bool>>>,
    ended: Notify,
}

impl<B: BackEnd> Executor<B> {
    /// An executor on `store`; `bake_ms` is how long new replicas are watched.
    pub fn new(store: Store, back_end: Arc<B>, log: OwnLog, bake_ms: u64) -> Arc<Self> {
        let (running, ended) = (Mutex::default(), Notify::new());
        Arc::new(Self { store, back_end, log, bake_ms, running, ended })
    }

    /// Accepts a job and starts it.
    pub async fn submit(
        self: &Arc<Self>,
        app: AppName,
        kind: JobKind,
        uid: u32,
    ) -> Result<Job, StoreError> {
        let job = self.store.submit(app, kind, uid).await?;
        self.spawn(job.id);
        Ok(job)
    }

    /// Goes on with every job that has not ended.
    pub fn resume(self: &Arc<Self>) -> Result<(), StoreError> {
        for row in self.store.unfinished_jobs()?.rows {
            self.log.info(&format!("going on with job {} ({})", row.job.id, row.job.kind.verb()));
            self.spawn(row.job.id);
        }
        Ok(())
    }

    /// Asks a job to stop and to undo itself. One that is past that point goes on.
    pub async fn cancel(&self, job: JobId) -> Result<(), StoreError> {
        self.store.cancel_job(job).await?;
        if let Some(cancel) = self.running().get(&job) {
            cancel.send_replace(true);
        }
        Ok(())
    }

    /// Resolves whenever a job has ended.
    pub async fn job_ended(&self) {
        self.ended.notified().await;
    }

    /// Whether a job is being worked on.
    pub fn is_running(&self, job: JobId) -> bool {
        self.running().contains_key(&job)
    }

    fn spawn(self: &Arc<Self>, job: JobId) {
        let cancel = watch::Sender::new(false);
        let cancelled = cancel.subscribe();
        if self.running().insert(job, cancel).is_some() {
            return;
        }
        let executor = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = executor.run_job(job, cancelled).await {
                // The job stays as the journal has it; the next start goes on from there.
                executor.log.error(&format!("job {job} stands still"), &explain_store(&error));
            }
            executor.running().remove(&job);
            executor.ended.notify_one();
        });
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, watch::Sender<bool>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> std::fmt::Debug for Executor<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("store", &self.store).finish_non_exhaustive()
    }
}
