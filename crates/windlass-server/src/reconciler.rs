//! Brings what is there back to what should be there: after a crash, a reboot, a kill.
//!
//! It looks twice a second and after each job. It never starts what is not in the store, and
//! removes nothing while a row of the store cannot be read or the edge does not confirm that it
//! routes elsewhere. What it does not do: go on with rollouts; the executor does.

mod decide;

use crate::back_end::BackEnd;
use crate::executor::Executor;
use crate::explain::explain_store;
use crate::own_log::OwnLog;
use crate::store::{Restarts, Store, StoreError};
use decide::{Repair, Rolling, Wanted, decide};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use windlass_model::explain::{explain_effect, explain_step};
use windlass_model::rollout::Step;
use windlass_model::{ContainerId, Problem};

/// How often it looks when nothing calls it.
const PAUSE: Duration = Duration::from_millis(500);

/// How many containers are discarded side by side.
const MOST_DISCARDS: usize = 8;

/// Containers that are being discarded, each on a task of its own: each may take its time to
/// finish, and nothing waits for it.
type Discards = BTreeMap<ContainerId, JoinHandle<()>>;

/// The loop that repairs.
#[derive(Debug)]
pub struct Reconciler<B> {
    store: Store,
    back_end: Arc<B>,
    log: OwnLog,
}

impl<B: BackEnd> Reconciler<B> {
    /// A reconciler of the same store and back end as the executor's.
    pub fn new(store: Store, back_end: Arc<B>, log: OwnLog) -> Self {
        Self { store, back_end, log }
    }

    /// Looks and repairs for ever.
    pub async fn run(self, executor: Arc<Executor<B>>) {
        let mut discards = Discards::new();
        loop {
            if let Err(error) = self.look(&mut discards).await {
                self.log.error("cannot compare with the store", &explain_store(&error));
            }
            tokio::select! {
                () = executor.job_ended() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Looks once and repairs what it can, to the end; `true` when there was something to repair.
    pub async fn tick(&self) -> Result<bool, StoreError> {
        let mut discards = Discards::new();
        let repaired = self.look(&mut discards).await?;
        for discard in discards.into_values() {
            // One that broke is tried again by the next look.
            let _ = discard.await;
        }
        Ok(repaired)
    }

    async fn look(&self, discards: &mut Discards) -> Result<bool, StoreError> {
        discards.retain(|_, discard| !discard.is_finished());
        let wanted = self.wanted()?;
        let observed = match self.back_end.observe().await {
            Ok(observed) => observed,
            Err(problem) => {
                self.log.error("cannot see what runs", &problem);
                return Ok(false);
            }
        };
        let repairs = decide(&wanted, &observed, self.store.now_ms());
        for repair in &repairs {
            // Jobs go on while one repair after the other is made, and may have asked for the
            // opposite by now.
            if self.wanted()?.still_asks_for(repair) {
                self.repair(repair, discards).await?;
            }
        }
        Ok(!repairs.is_empty())
    }

    fn wanted(&self) -> Result<Wanted, StoreError> {
        // Jobs are read before apps: a rollout that begins in between is then not missed, since
        // it starts nothing before the next look.
        let jobs = self.store.unfinished_jobs()?;
        let mut complete = jobs.set_aside.is_empty();
        let mut rolling = Vec::new();
        for row in jobs.rows {
            match self.store.rollout(row.job.id) {
                Ok(None) => {}
                Ok(Some(rollout)) => rolling.push(Rolling { spec: rollout.spec }),
                Err(StoreError::Unreadable { .. }) => complete = false,
                Err(error) => return Err(error),
            }
        }
        let apps = self.store.apps()?;
        let (routes, bad_routes) = self.store.routes()?;
        complete &= apps.set_aside.is_empty() && bad_routes.is_empty();
        let current = apps.rows.into_iter().filter_map(|app| app.current).collect();
        let restarts = self.store.restarts()?;
        Ok(Wanted { generation: routes.generation, current, rolling, restarts, complete })
    }

    async fn repair(&self, repair: &Repair, discards: &mut Discards) -> Result<(), StoreError> {
        let (step, result) = match repair {
            Repair::Route => {
                let (routes, _) = self.store.routes()?;
                let replicas = routes.apps.iter().flat_map(|app| app.set.replicas.clone());
                let step = Step::route_to(replicas.collect());
                (step, self.back_end.route(&routes).await)
            }
            Repair::Discard { container } => {
                self.discard(container, discards);
                return Ok(());
            }
            Repair::Restart { replica, set, exit, count } => {
                let restarts =
                    Restarts { count: *count, last_exit: *exit, last_at_ms: self.store.now_ms() };
                let (app, container) = (replica.app.clone(), replica.container());
                self.log.info(&format!("starting {container} again"));
                self.store.note_restart(app, container, restarts).await?;
                let step = Step::Start { replica: replica.clone() };
                (step, self.back_end.start(replica, set).await)
            }
        };
        if let Err(failure) = result {
            complain(&self.log, &explain_step(&step, &failure));
        }
        Ok(())
    }

    /// Begins to discard a container, unless that is under way or enough others are.
    fn discard(&self, container: &ContainerId, discards: &mut Discards) {
        if discards.len() >= MOST_DISCARDS || discards.contains_key(container) {
            return;
        }
        let (store, log, id) = (self.store.clone(), self.log.clone(), container.clone());
        let back_end = Arc::clone(&self.back_end);
        let discard = tokio::spawn(async move {
            log.info(&format!("removing {id}, which belongs to nothing"));
            if let Err(failure) = back_end.discard(&id).await {
                complain(&log, &explain_effect(&failure));
            }
            if let Err(error) = store.forget_replica(id).await {
                log.error("cannot forget a replica", &explain_store(&error));
            }
        });
        discards.insert(container.clone(), discard);
    }
}

fn complain(log: &OwnLog, problem: &Problem) {
    log.warn("a repair failed and is tried again", problem);
}
