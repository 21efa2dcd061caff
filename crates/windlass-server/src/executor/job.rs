//! One job, from its acceptance to its end.

use super::{Executor, planning, verdict};
use crate::back_end::{BackEnd, BuildOrder};
use crate::report::Report;
use crate::store::{AppRow, JobRow, RolloutRow, StoreError};
use std::collections::BTreeMap;
use tokio::sync::watch;
use windlass_model::explain::explain_effect;
use windlass_model::rollout::{Phase, RolloutSpec};
use windlass_model::{JobId, JobKind, JobState, Problem, ProcessType, Release, ReleaseNumber};

/// What a job comes to before it rolls.
enum Outcome {
    /// A rollout.
    Roll(Box<RolloutSpec>),
    /// Nothing to roll: it has succeeded.
    Nothing,
    /// It cannot be done.
    Refused(Problem),
}

impl<B: BackEnd> Executor<B> {
    /// Takes a job from wherever the store has it to its end.
    pub(super) async fn run_job(
        &self,
        id: JobId,
        mut cancelled: watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let Some(row) = self.store.job(id)? else { return Ok(()) };
        // What has ended is not done again: its app may have been made anew since.
        if row.job.state.is_final() {
            return Ok(());
        }
        let asked_before = row.cancelled.then(|| watch::Sender::new(true));
        if let Some(asked) = &asked_before {
            cancelled = asked.subscribe();
        }
        if self.store.rollout(id)?.is_none() {
            let app = match (self.store.app(&row.job.app)?, &row.job.kind) {
                (Some(app), _) => app,
                // It was removed before the crash; only the job's end is missing.
                (None, JobKind::Destroy { .. }) => return self.succeed(&row, None).await,
                (None, _) => {
                    return Err(StoreError::Missing { what: format!("app `{}`", row.job.app) });
                }
            };
            match self.plan(&row, app, &mut cancelled).await? {
                Outcome::Roll(spec) => self.store.begin_rollout(*spec).await?,
                Outcome::Nothing => return self.succeed(&row, None).await,
                Outcome::Refused(problem) => {
                    return self.store.set_job_state(id, JobState::Failed { problem }).await;
                }
            }
        }
        if let Some(rollout) = self.store.rollout(id)? {
            self.run_rollout(&rollout.spec, &rollout.entries, &mut cancelled).await?;
        }
        self.complete(&row).await
    }

    async fn plan(
        &self,
        row: &JobRow,
        app: AppRow,
        cancelled: &mut watch::Receiver<bool>,
    ) -> Result<Outcome, StoreError> {
        let job = row.job.id;
        Ok(match &row.job.kind {
            JobKind::Deploy { project } => {
                let order = BuildOrder { app: app.name.clone(), project: project.clone() };
                match self.released(row, &order, cancelled).await? {
                    Ok(release) => self.roll(planning::deploy(&app, &release, job)),
                    Err(problem) => Outcome::Refused(problem),
                }
            }
            JobKind::Rollback { to } => {
                let releases = self.releases(&app)?;
                match planning::rollback_target(&app, *to, &releases) {
                    Ok(release) => self.roll(planning::roll_back(&app, release, job)),
                    Err(problem) => Outcome::Refused(problem),
                }
            }
            JobKind::Restart => match self.restartable(&app)? {
                Some(release) => self.roll(planning::restart(&app, &release, job)),
                None => Outcome::Refused(never_served(&app)),
            },
            JobKind::Scale { counts } => self.plan_scale(job, app, counts).await?,
            JobKind::Stop | JobKind::Destroy { .. } if app.current.is_none() => Outcome::Nothing,
            JobKind::Stop | JobKind::Destroy { .. } => self.roll(planning::stop(&app, job)),
        })
    }

    /// The release of a deploy: built now, unless the job made it before a crash.
    async fn released(
        &self,
        row: &JobRow,
        order: &BuildOrder,
        cancelled: &mut watch::Receiver<bool>,
    ) -> Result<Result<Release, Problem>, StoreError> {
        if let Some(number) = row.release {
            let what = || format!("release {number} of `{}`", order.app);
            let found = self.store.release(&order.app, number)?;
            return found.map(Ok).ok_or_else(|| StoreError::Missing { what: what() });
        }
        self.store.set_job_state(row.job.id, JobState::Building).await?;
        let report = Report::new(self.store.clone(), row.job.id);
        let built = tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|cancelled| *cancelled) => {
                return Ok(Err(Problem::user("cancelled", "cancelled while building")));
            }
            built = self.back_end.build(order, &report) => built,
        };
        let built = match built {
            Ok(built) => built,
            Err(problem) => return Ok(Err(problem)),
        };
        let release = Release {
            app: order.app.clone(),
            number: ReleaseNumber(0),
            image: built.image,
            spec: built.spec,
            created_at_ms: self.store.now_ms(),
            origin: "deploy".to_owned(),
            commit: built.commit,
        };
        self.store.add_release(row.job.id, &order.project, release).await.map(Ok)
    }

    async fn plan_scale(
        &self,
        job: JobId,
        app: AppRow,
        counts: &BTreeMap<ProcessType, u32>,
    ) -> Result<Outcome, StoreError> {
        let Some(release) = self.restartable(&app)? else {
            return Ok(Outcome::Refused(never_served(&app)));
        };
        let spec = app.current.as_ref().map_or(&release.spec, |set| &set.spec);
        if let Err(problem) = planning::check_counts(spec, counts) {
            return Ok(Outcome::Refused(problem));
        }
        let mut wanted = app.counts.clone();
        wanted.extend(counts.clone());
        if let Some(current) = &app.current {
            return Ok(self.roll(planning::scale(&app, current, wanted, job)));
        }
        self.store.set_counts(app.name, wanted).await?;
        Ok(Outcome::Nothing)
    }

    /// Draws the conclusion from a rollout that has ended.
    async fn complete(&self, row: &JobRow) -> Result<(), StoreError> {
        let Some(rollout) = self.store.rollout(row.job.id)? else { return Ok(()) };
        if rollout.phase() == Phase::Undone {
            let problem = verdict::why_undone(&rollout.entries);
            return self.store.set_job_state(row.job.id, JobState::Failed { problem }).await;
        }
        self.succeed(row, Some(&rollout)).await
    }

    async fn succeed(&self, row: &JobRow, rollout: Option<&RolloutRow>) -> Result<(), StoreError> {
        let id = row.job.id;
        if let JobKind::Destroy { data } = row.job.kind {
            if let Err(failure) = self.back_end.remove_app(&row.job.app, data).await {
                let again = format!("windlass destroy --app {}", row.job.app);
                let problem = explain_effect(&failure)
                    .hint("the app is stopped; what is left of it goes with another try")
                    .hint(again);
                return self.store.set_job_state(id, JobState::Failed { problem }).await;
            }
            self.store.remove_app(row.job.app.clone()).await?;
        }
        let to = rollout.and_then(|rollout| rollout.spec.to.as_ref());
        let url = to.and_then(|set| self.back_end.url(&set.spec));
        let state = JobState::Succeeded { release: to.map(|set| set.release), url };
        self.store.set_job_state(id, state).await
    }

    fn roll(&self, spec: RolloutSpec) -> Outcome {
        Outcome::Roll(Box::new(RolloutSpec { bake_ms: self.bake_ms, ..spec }))
    }

    /// The app's releases, newest first, with whether each ever served.
    pub(super) fn releases(&self, app: &AppRow) -> Result<Vec<(Release, bool)>, StoreError> {
        let rows = self.store.releases(&app.name)?.rows;
        Ok(rows.into_iter().map(|row| (row.release, row.served)).collect())
    }

    /// The current release, or the last that served.
    fn restartable(&self, app: &AppRow) -> Result<Option<Release>, StoreError> {
        if let Some(set) = &app.current {
            return self.store.release(&app.name, set.release);
        }
        let releases = self.releases(app)?;
        Ok(releases.into_iter().find(|(_, served)| *served).map(|(release, _)| release))
    }
}

fn never_served(app: &AppRow) -> Problem {
    let message = format!("`{}` has no release that ever served", app.name);
    Problem::user("release-unknown", message)
        .hint(format!("deploy it from its project's folder: windlass deploy --app {}", app.name))
}
