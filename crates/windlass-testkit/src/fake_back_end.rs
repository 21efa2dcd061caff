//! A back end without a host: containers and routes are entries of a map, and every effect checks
//! the promises that a rollout makes.
//!
//! Deterministic: nothing here waits for a clock, and failures are written down beforehand. The
//! world outlives whoever works on it, so that a test can drop an executor anywhere (a crash)
//! and let the next one go on in the same world.

mod promises;
mod world;

pub use world::{FakeWorld, Script};

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use windlass_model::rollout::StepFailure;
use windlass_model::{
    AppName, AppSpec, ContainerId, Digest, ExitReason, ProbeAnswer, Problem, Release,
    ReplicaFailure, ReplicaId, ReplicaSet,
};
use windlass_server::back_end::{
    BackEnd, BuildOrder, Built, ContainerState, Observed, ReleaseRun, StepResult, release_container,
};
use windlass_server::report::Report;
use windlass_server::store::{Routes, Store};

/// The back end. Give each executor one of its own on the same [`FakeWorld`].
#[derive(Debug)]
pub struct FakeBackEnd {
    world: std::sync::Arc<Mutex<FakeWorld>>,
    store: Store,
}

impl FakeBackEnd {
    /// A back end of `world`. `store` is only read, to see what is durable at each effect.
    pub fn new(world: std::sync::Arc<Mutex<FakeWorld>>, store: Store) -> Self {
        Self { world, store }
    }

    fn world(&self) -> MutexGuard<'_, FakeWorld> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One effect: a moment before it and one after it at which a crash may come.
    async fn act<T>(&self, effect: impl FnOnce(&mut FakeWorld) -> T) -> T {
        tokio::task::yield_now().await;
        let value = effect(&mut self.world());
        tokio::task::yield_now().await;
        value
    }
}

impl BackEnd for FakeBackEnd {
    async fn build(&self, order: &BuildOrder, _: &Report) -> Result<Built, Problem> {
        self.act(|world| {
            world.call(format!("build {}", order.app));
            world.images += 1;
            let spec = AppSpec { name: order.app.clone(), ..world.script.spec.clone() };
            let image = Digest::from_bytes([world.images; 32]);
            Ok(Built { spec, image, commit: None })
        })
        .await
    }

    async fn prepare(&self, release: &Release) -> StepResult {
        self.act(|world| {
            world.call(format!("prepare {}", release.number));
            world.prepared.insert(release.number);
            world.outcome(&format!("prepare {}", release.number))
        })
        .await
    }

    async fn run_release(&self, run: &ReleaseRun<'_>, _: &Report) -> StepResult {
        let container = release_container(run);
        self.act(|world| {
            let failed = |exit: ExitReason| StepFailure::ReleaseCommand {
                command: run.release.spec.release_commands[run.command].clone(),
                exit: Some(exit),
                log_tail: vec!["it failed".to_owned()],
            };
            // However it ended: a command is never run a second time.
            match world.containers.get(&container) {
                Some(ContainerState::Exited(exit)) if exit.is_success() => return Ok(()),
                Some(ContainerState::Exited(exit)) => return Err(failed(*exit)),
                _ => {}
            }
            world.call(format!("release command {} of {}", run.command, run.release.number));
            world.must("prepared before its commands run", |world| {
                world.prepared.contains(&run.release.number)
            });
            let result = world.outcome(&format!("release {}", run.command));
            let exit = ExitReason::Code { code: u8::from(result.is_err()) };
            world.containers.insert(container, ContainerState::Exited(exit));
            result.map_err(|_| failed(exit))
        })
        .await
    }

    async fn start(&self, replica: &ReplicaId, set: &ReplicaSet) -> StepResult {
        self.act(|world| {
            world.call(format!("start {}", replica.container()));
            world.check_start(replica, set);
            world.outcome(&format!("start {replica}"))?;
            world.containers.insert(replica.container(), ContainerState::Running);
            world.replicas.insert(replica.clone());
            Ok(())
        })
        .await
    }

    async fn await_healthy(&self, replica: &ReplicaId, _: &ReplicaSet, _: &Report) -> StepResult {
        self.act(|world| {
            world.call(format!("probe {}", replica.container()));
            world.outcome(&format!("probe {replica}")).map_err(|_| {
                let exit = Some(ExitReason::Code { code: 3 });
                failed(replica, exit, Some(ProbeAnswer::NotListening))
            })?;
            world.healthy.insert(replica.clone());
            Ok(())
        })
        .await
    }

    async fn watch(&self, replica: &ReplicaId, _: &ReplicaSet, _: u64) -> StepResult {
        self.act(|world| {
            world.call(format!("watch {}", replica.container()));
            world.outcome(&format!("watch {replica}")).map_err(|_| {
                let exit = ExitReason::Code { code: 3 };
                world.containers.insert(replica.container(), ContainerState::Exited(exit));
                failed(replica, Some(exit), None)
            })
        })
        .await
    }

    async fn route(&self, routes: &Routes) -> StepResult {
        let current = self.current();
        self.act(|world| {
            world.call(format!("route generation {}", routes.generation));
            world.outcome("route")?;
            if routes.generation >= world.generation {
                let all = routes.apps.iter().flat_map(|app| app.set.replicas.clone());
                let standby = routes.apps.iter().flat_map(|app| &app.standby);
                let standby = standby.flat_map(|set| set.replicas.clone());
                let (replicas, standby) = (all.collect(), standby.collect());
                world.check_route(&replicas, &current);
                world.put_routes(routes.generation, replicas, standby);
            }
            Ok(())
        })
        .await
    }

    async fn drain(&self, replicas: &BTreeSet<ReplicaId>, _: u64) -> StepResult {
        let current = self.current();
        self.act(|world| {
            let names: Vec<_> = replicas.iter().map(|r| r.container().to_string()).collect();
            world.call(format!("drain {}", names.join(" ")));
            world.check_drain(replicas, &current);
            world.outcome("drain")?;
            for replica in replicas {
                world.busy.remove(replica);
            }
            Ok(())
        })
        .await
    }

    async fn stop(&self, replica: &ReplicaId, _: &ReplicaSet) -> StepResult {
        let current = self.current();
        self.act(|world| {
            world.call(format!("stop {}", replica.container()));
            world.check_stop(replica, &current);
            world.outcome(&format!("stop {replica}"))?;
            world.forget(&replica.container());
            Ok(())
        })
        .await
    }

    async fn discard(&self, container: &ContainerId) -> StepResult {
        let current = self.current();
        if self.world().script.unstoppable.contains(container) {
            return std::future::pending().await;
        }
        self.act(|world| {
            world.call(format!("discard {container}"));
            world.check_discard(container, &current);
            world.forget(container);
            Ok(())
        })
        .await
    }

    async fn remove_app(&self, app: &AppName, data: bool) -> StepResult {
        self.act(|world| {
            world.call(format!("remove {app} data {data}"));
            world.outcome("remove")?;
            world.removed.insert(app.clone(), data);
            Ok(())
        })
        .await
    }

    async fn sweep(&self, keep: &[Release]) -> StepResult {
        self.act(|world| {
            world.kept = keep.iter().map(|release| release.image).collect();
            Ok(())
        })
        .await
    }

    async fn observe(&self) -> Result<Observed, Problem> {
        self.act(|world| {
            let generation = Some(world.generation);
            Ok(Observed { containers: world.containers.clone(), generation })
        })
        .await
    }

    fn url(&self, spec: &AppSpec) -> Option<String> {
        Some(format!("http://{}/", spec.canonical_host()))
    }
}

impl FakeBackEnd {
    /// The replicas that the store says are current, of every app.
    fn current(&self) -> BTreeSet<ReplicaId> {
        let apps = self.store.apps().expect("the store can be read").rows;
        apps.into_iter().filter_map(|app| app.current).flat_map(|set| set.replicas).collect()
    }
}

fn failed(
    replica: &ReplicaId,
    exit: Option<ExitReason>,
    last_answer: Option<ProbeAnswer>,
) -> StepFailure {
    StepFailure::Replica(Box::new(ReplicaFailure {
        replica: replica.clone(),
        probe_path: None,
        last_answer,
        exit,
        log_tail: vec!["ModuleNotFoundError: No module named 'redis'".to_owned()],
        stacks: Vec::new(),
        oom_kills: 0,
        memory_limit_bytes: None,
        after_ms: 1,
    }))
}
