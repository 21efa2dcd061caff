//! The only loop that changes state.
//!
//! It takes a job through building, releasing and rolling, each decided by `windlass-model`,
//! written to the store before it is done, and done by the back end. One job an app at a time.
//! Dropping it at any moment is a crash: [`Executor::resume`] on the same store goes on.

mod job;
mod place;
pub mod planning;
mod rollout;
mod sweep;
mod verdict;

use crate::back_end::BackEnd;
use crate::explain::explain_store;
use crate::own_log::OwnLog;
use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use windlass_model::{AppName, Job, JobId, JobKind, JobState, Problem};

/// Pause before a job is tried again that the store kept from going on.
const STANDSTILL: Duration = Duration::from_secs(5);

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
        match self.running().entry(job) {
            Entry::Occupied(_) => return,
            Entry::Vacant(place) => drop(place.insert(cancel)),
        }
        let executor = Arc::clone(self);
        tokio::spawn(async move {
            while let Err(error) = executor.run_job(job, cancelled.clone()).await {
                let problem = explain_store(&error);
                executor.log.error(&format!("job {job} stands still"), &problem);
                if !may_pass(&error) && executor.give_up(job, problem).await.is_ok() {
                    break;
                }
                // A full disk may be cleared: then it goes on from where its journal ends.
                tokio::time::sleep(STANDSTILL).await;
            }
            // However it ended: deploys that all fail would fill the disk as well.
            executor.clear_away(job).await;
            executor.running().remove(&job);
            executor.ended.notify_one();
        });
    }

    /// Ends a job that cannot go on. What is current stays; the reconciler removes the rest.
    async fn give_up(&self, job: JobId, problem: Problem) -> Result<(), StoreError> {
        self.store.set_job_state(job, JobState::Failed { problem }).await
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, watch::Sender<bool>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether trying again may help: not where the store's contents are the trouble.
fn may_pass(error: &StoreError) -> bool {
    !matches!(
        error,
        StoreError::Unreadable { .. } | StoreError::Missing { .. } | StoreError::Encode { .. }
    )
}

impl<B> std::fmt::Debug for Executor<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("store", &self.store).finish_non_exhaustive()
    }
}
