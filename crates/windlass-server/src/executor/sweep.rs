//! What is cleared away after a job: images and logs that nobody goes back to, old jobs.

use super::{Executor, planning};
use crate::back_end::BackEnd;
use crate::explain::explain_store;
use crate::store::StoreError;
use windlass_model::explain::explain_effect;
use windlass_model::{AppName, JobId};

/// How many ended jobs of an app are remembered with all that they told.
const KEPT_JOBS: u32 = 100;

impl<B: BackEnd> Executor<B> {
    /// Clears away what is not needed any more after a job. A failure is only logged: it costs
    /// disk, not service, and the job has ended whatever becomes of this.
    pub(super) async fn clear_away(&self, job: JobId) {
        let swept = match self.store.job(job) {
            Ok(Some(row)) => self.sweep(&row.job.app).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = swept {
            self.log.warn("nothing was cleared away", &explain_store(&error));
        }
    }

    /// Nothing is removed while a job runs, or a row is unreadable.
    async fn sweep(&self, app: &AppName) -> Result<(), StoreError> {
        self.store.prune_jobs(app.clone(), KEPT_JOBS).await?;
        let apps = self.store.apps()?;
        let unfinished = self.store.unfinished_jobs()?;
        let readable = apps.set_aside.is_empty() && unfinished.set_aside.is_empty();
        if !readable || !unfinished.rows.is_empty() {
            return Ok(());
        }
        let mut keep = Vec::new();
        for app in apps.rows {
            let releases = self.store.releases(&app.name)?;
            if !releases.set_aside.is_empty() {
                // What such a release needs is not known.
                return Ok(());
            }
            let releases: Vec<_> =
                releases.rows.into_iter().map(|row| (row.release, row.served)).collect();
            keep.extend(planning::kept_releases(&app, &releases).cloned());
        }
        if let Err(failure) = self.back_end.sweep(&keep).await {
            self.log.warn("old images and logs were not removed", &explain_effect(&failure));
        }
        Ok(())
    }
}
