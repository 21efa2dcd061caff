//! One-off containers: a release's image and settings, for a user to work in.

use super::container::{KIND, ONE_OFF, Purpose, container_spec};
use super::{HostBackEnd, back_end, on_disk};
use crate::back_end::ContainerState;
use std::collections::BTreeMap;
use std::time::Duration;
use windlass_engine::explain::explain_start;
use windlass_engine::{Engine, ObservedContainer};
use windlass_model::rollout::StepFailure;
use windlass_model::{AppName, ContainerId, ExitReason, Problem, Release, Resources, Serves};

/// What a one-off container's processes get to finish when it is removed.
const STOP: Duration = Duration::from_secs(5);
/// SIGTERM, signal(7).
const SIGTERM: i32 = 15;
/// A one-off container that has run nothing for this long was forgotten.
const IDLE_MS: u64 = 60_000;

impl HostBackEnd {
    /// Makes a container that waits for the first command to be executed in it, and ends with it.
    pub async fn start_one_off(
        &self,
        release: &Release,
        env: BTreeMap<String, String>,
    ) -> Result<ContainerId, StepFailure> {
        let now_ms = self.store.now_ms();
        let name = format!("run.{now_ms}");
        let id: ContainerId = format!("{}-r{}-{name}", release.app, release.number)
            .parse()
            .map_err(|error| back_end(Problem::bug("run-name", format!("{error}"))))?;
        let layout = &self.settings.layout;
        let logs = layout.logs(&release.app, release.number);
        std::fs::create_dir_all(&logs).map_err(|error| on_disk("make", &logs, &error))?;
        let purpose = Purpose {
            id: id.clone(),
            kind: ONE_OFF,
            log: name.clone(),
            name,
            app: &release.spec,
            release: release.number,
            command: Vec::new(),
            limits: Resources::DEFAULT,
            serves: Serves::Nothing,
            address: None,
            env,
        };
        let image = self.unpacked(release.image).await?;
        let mut spec = container_spec(purpose, image, (layout.volume(&release.app), &logs));
        spec.hostname = format!("{}-run", release.app);
        let started = self.with_container(&id, move |engine, _| engine.start(&spec).map(drop));
        started.await?.map_err(|error| back_end(explain_start(&error)))?;
        Ok(id)
    }

    /// Removes a one-off container of `app`; other containers are refused.
    pub async fn end_one_off(&self, app: &AppName, id: &ContainerId) -> Result<(), StepFailure> {
        let wanted = id.clone();
        let found = self.on_engine(move |engine| engine.inspect(&wanted)).await?;
        let is_run = id.as_str().starts_with(&format!("{app}-r"));
        match found {
            None => Ok(()),
            Some(found) if is_run && is_one_off(&found) => self.end(id, SIGTERM, STOP).await,
            Some(_) => {
                let message = format!("{id} is not a one-off container of `{app}`");
                Err(back_end(Problem::user("not-a-run", message)))
            }
        }
    }
}

/// How the reconciler sees a container. One-off containers are left alone while they are used.
pub(super) fn state_of(engine: &Engine, found: &ObservedContainer) -> ContainerState {
    match found.state.exit() {
        Some(exit) => ContainerState::Exited(exit),
        None if !is_one_off(found) => ContainerState::Running,
        None if forgotten(engine, found) => ContainerState::Exited(ExitReason::Code { code: 0 }),
        None => ContainerState::OneOff,
    }
}

fn is_one_off(found: &ObservedContainer) -> bool {
    found.labels.get(KIND).is_some_and(|kind| kind == ONE_OFF)
}

fn forgotten(engine: &Engine, found: &ObservedContainer) -> bool {
    let now_ms = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64);
    let old = found.started_at_ms.is_some_and(|at| now_ms.saturating_sub(at) > IDLE_MS);
    old && engine.usage(&found.id).is_some_and(|usage| usage.processes == 0)
}
