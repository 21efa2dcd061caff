//! The back end's effects, each from the parts beside this file.

use super::{HostBackEnd, back_end, container, on_disk};
use crate::back_end::{
    BackEnd, BuildOrder, Built, ContainerState, Observed, ReleaseRun, StepResult,
};
use crate::report::Report;
use crate::store::Routes;
use std::collections::BTreeSet;
use std::time::Duration;
use windlass_engine::explain::{explain_control, explain_engine, explain_start};
use windlass_model::rollout::StepFailure;
use windlass_model::{
    AppName, AppSpec, ContainerId, Problem, Release, ReplicaId, ReplicaSet, Serves,
};
use windlass_oci::ImageStore;

/// How long the edge waits for requests to a container that belongs to nothing.
const STRAY_DRAIN_MS: u64 = 10_000;
/// How long such a container may take to finish.
const STRAY_STOP: Duration = Duration::from_secs(10);
/// SIGTERM, signal(7).
const SIGTERM: i32 = 15;

impl BackEnd for HostBackEnd {
    async fn build(&self, order: &BuildOrder, report: &Report) -> Result<Built, Problem> {
        let images = std::sync::Arc::clone(&self.images).read_owned().await;
        super::building::build(&self.settings, order, report, images).await
    }

    async fn prepare(&self, release: &Release) -> StepResult {
        let unpacked = self.unpacked(release.image).await?;
        let user = container::user_of(&unpacked.config);
        let (layout, spec) = (self.settings.layout.clone(), release.spec.clone());
        let logs = layout.logs(&release.app, release.number);
        super::off_reactor(move || {
            super::volume::ensure(&layout.volume(&spec.name), &spec.persist, user)?;
            std::fs::create_dir_all(&logs).map_err(|error| on_disk("make", &logs, &error))?;
            super::old_logs::remove(&logs);
            Ok(())
        })
        .await?
    }

    async fn run_release(&self, run: &ReleaseRun<'_>, report: &Report) -> StepResult {
        self.run_release_command(run, report).await
    }

    async fn start(&self, replica: &ReplicaId, set: &ReplicaSet) -> StepResult {
        let Some(process) = set.process(&replica.process) else {
            let message =
                format!("release {} has no process type `{}`", set.release, replica.process);
            return Err(back_end(Problem::bug("process-unknown", message)));
        };
        let id = replica.container();
        let address = match process.serves {
            Serves::Port => Some(self.address_of(&replica.app, &id).await?),
            Serves::Socket | Serves::Nothing => None,
        };
        let image = self.unpacked_release(&replica.app, replica.release).await?;
        let purpose = container::Purpose {
            id: id.clone(),
            kind: "replica",
            name: replica.to_string(),
            log: replica.log_name(),
            app: &set.spec,
            release: replica.release,
            command: process.command.clone(),
            limits: process.resources,
            serves: process.serves,
            address,
            env: std::collections::BTreeMap::new(),
        };
        let layout = &self.settings.layout;
        let logs = layout.logs(&replica.app, replica.release);
        let spec = container::container_spec(purpose, image, (layout.volume(&replica.app), &logs));
        self.with_container(&id, move |engine, _| engine.start(&spec).map(drop))
            .await?
            .map_err(|error| back_end(explain_start(&error)))
    }

    async fn await_healthy(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
        report: &Report,
    ) -> StepResult {
        self.wait_until_healthy(replica, set, report).await
    }

    async fn watch(&self, replica: &ReplicaId, set: &ReplicaSet, watch_ms: u64) -> StepResult {
        self.watch_replica(replica, set, Duration::from_millis(watch_ms)).await
    }

    async fn route(&self, routes: &Routes) -> StepResult {
        self.have_routed(routes).await
    }

    async fn drain(&self, replicas: &BTreeSet<ReplicaId>, deadline_ms: u64) -> StepResult {
        let targets = replicas.iter().map(|replica| replica.container().to_string()).collect();
        self.edge.drain(targets, deadline_ms).await
    }

    async fn stop(&self, replica: &ReplicaId, set: &ReplicaSet) -> StepResult {
        let process = set.process(&replica.process);
        let signal = process.map_or(SIGTERM, |process| process.stop_signal);
        let limit = process.map_or(STRAY_STOP, |p| Duration::from_millis(p.stop_timeout_ms));
        self.end(&replica.container(), signal, limit).await
    }

    async fn discard(&self, container: &ContainerId) -> StepResult {
        self.edge.drain(vec![container.to_string()], STRAY_DRAIN_MS).await?;
        self.end(container, SIGTERM, STRAY_STOP).await
    }

    async fn remove_app(&self, app: &AppName, data: bool) -> StepResult {
        let layout = &self.settings.layout;
        let logs = layout.logs(app, windlass_model::ReleaseNumber(0));
        let logs = logs.parent().map(std::path::Path::to_path_buf);
        let volume = data.then(|| layout.volume(app));
        let (images, app) = (layout.images(), app.clone());
        super::off_reactor(move || {
            // Its image goes with the next sweep.
            let untagged = ImageStore::open(images).and_then(|store| store.untag(&[app.as_str()]));
            untagged.map_err(|error| back_end(windlass_oci::explain::explain_store(&error)))?;
            for folder in logs.into_iter().chain(volume) {
                super::volume::remove(&folder)?;
            }
            Ok(())
        })
        .await?
    }

    async fn sweep(&self, keep: &[Release]) -> StepResult {
        self.sweep_images(keep).await
    }

    async fn observe(&self) -> Result<Observed, Problem> {
        let seen = self.on_engine(|engine| {
            let found = engine.observe()?;
            let state = |found| (super::one_off::state_of(engine, &found), found);
            Ok::<_, windlass_engine::EngineError>(found.into_iter().map(state).collect::<Vec<_>>())
        });
        let seen = match seen.await {
            Ok(seen) => seen.map_err(|error| explain_engine(&error))?,
            Err(StepFailure::BackEnd { problem }) => return Err(problem),
            Err(_) => return Ok(Observed::default()),
        };
        let containers: std::collections::BTreeMap<ContainerId, ContainerState> =
            seen.into_iter().map(|(state, found)| (found.id, state)).collect();
        Ok(Observed { containers, generation: self.edge.generation().await })
    }

    fn url(&self, spec: &AppSpec) -> Option<String> {
        self.url_of(spec)
    }
}

impl HostBackEnd {
    /// Has a container stopped and removed.
    pub(super) async fn end(&self, id: &ContainerId, signal: i32, limit: Duration) -> StepResult {
        let ended = self.with_container(id, move |engine, id| {
            engine.stop(id, signal, limit)?;
            engine.remove(id)
        });
        ended.await?.map_err(|error| back_end(explain_control(&error)))
    }
}
