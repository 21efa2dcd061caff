//! What a back end must be able to do: the effects that rollouts are made of.
//!
//! A back end decides nothing: it does what it is told, says what it sees, and may be called
//! again with the same arguments at any time. Implementations: the host's engine and edge here,
//! and the fake one of the test kit. Any future may be dropped at any await; what it began in
//! the outside world must then be found again by a second call.

use crate::report::Report;
use crate::store::Routes;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::PathBuf;
use windlass_model::rollout::{RolloutSpec, StepFailure};
use windlass_model::{
    AppName, AppSpec, ContainerId, Digest, ExitReason, JobId, Problem, Release, ReplicaId,
    ReplicaSet,
};

/// What a step gives: nothing, or why it failed.
pub type StepResult = Result<(), StepFailure>;

/// The effects of rollouts. All are idempotent.
pub trait BackEnd: Send + Sync + 'static {
    /// Reads a project and builds its image. The findings and the progress go to `report`.
    fn build(
        &self,
        order: &BuildOrder,
        report: &Report,
    ) -> impl Future<Output = Result<Built, Problem>> + Send;

    /// Has the release's image unpacked and the app's volume ready.
    fn prepare(&self, release: &Release) -> impl Future<Output = StepResult> + Send;

    /// Runs a release command to its end, exactly once: one that succeeded before is not run
    /// again, one that runs is waited for. Its lines go to `report`.
    fn run_release(
        &self,
        run: &ReleaseRun<'_>,
        report: &Report,
    ) -> impl Future<Output = StepResult> + Send;

    /// Has the replica's container running.
    fn start(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
    ) -> impl Future<Output = StepResult> + Send;

    /// Waits until the replica has proved itself; fails at once when it exits.
    fn await_healthy(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
        report: &Report,
    ) -> impl Future<Output = StepResult> + Send;

    /// Sees that the replica stays up for `watch_ms` and is healthy at their end.
    fn watch(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
        watch_ms: u64,
    ) -> impl Future<Output = StepResult> + Send;

    /// Has the edge route as told, or as newer routes that it was told meanwhile. An edge that is
    /// ahead of the store itself does not keep its routes: the store's generation is raised.
    fn route(&self, routes: &Routes) -> impl Future<Output = StepResult> + Send;

    /// Waits until no request is in flight to these replicas, which are no longer routed to, or
    /// cuts at the deadline.
    fn drain(
        &self,
        replicas: &BTreeSet<ReplicaId>,
        deadline_ms: u64,
    ) -> impl Future<Output = StepResult> + Send;

    /// Has the replica's container stopped as its process wants, and removed.
    fn stop(
        &self,
        replica: &ReplicaId,
        set: &ReplicaSet,
    ) -> impl Future<Output = StepResult> + Send;

    /// Stops and removes a container that belongs to nothing.
    fn discard(&self, container: &ContainerId) -> impl Future<Output = StepResult> + Send;

    /// Removes what an app leaves behind: logs, and its volume when `data` is set.
    fn remove_app(&self, app: &AppName, data: bool) -> impl Future<Output = StepResult> + Send;

    /// Frees what no release in `keep` needs.
    fn sweep(&self, keep: &[Release]) -> impl Future<Output = StepResult> + Send;

    /// What is there now.
    fn observe(&self) -> impl Future<Output = Result<Observed, Problem>> + Send;

    /// Where an app with this specification answers; `None` when it has no web process.
    fn url(&self, spec: &AppSpec) -> Option<String>;
}

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildOrder {
    /// The app to build it as, whatever the project calls itself.
    pub app: AppName,
    /// The project's root.
    pub project: PathBuf,
}

/// A built image with the way to run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// How to run it.
    pub spec: AppSpec,
    /// The digest of its manifest.
    pub image: Digest,
    /// The commit of the project's source, when it is a git checkout; `-dirty` follows one with
    /// changes, as in `git describe`.
    pub commit: Option<String>,
}

/// One run of one release command.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseRun<'a> {
    /// The job: with the command it names the run.
    pub job: JobId,
    /// The release.
    pub release: &'a Release,
    /// Which of its commands, counted from 0.
    pub command: usize,
    /// How long it may take, in milliseconds.
    pub deadline_ms: u64,
}

/// What a back end sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Every container there is.
    pub containers: BTreeMap<ContainerId, ContainerState>,
    /// The generation of the routes in use; `None` when the edge does not answer.
    pub generation: Option<u64>,
}

/// How a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    /// Its process runs.
    Running,
    /// Its process has ended.
    Exited(ExitReason),
    /// A one-off container that a user works in: it belongs to nobody and is left alone.
    OneOff,
}

/// The container of a release command: `shop-r14-release.1-i20`, one for each job and command.
/// No replica's container has a dot in its name.
pub fn release_container(run: &ReleaseRun<'_>) -> ContainerId {
    let Release { app, number, .. } = run.release;
    format!("{app}-r{number}-release.{}-i{}", run.command + 1, run.job)
        .parse()
        .unwrap_or_else(|error| unreachable!("names are made of valid parts: {error}"))
}

/// Whether a container is a release command of this rollout.
pub fn is_release_run(container: &ContainerId, spec: &RolloutSpec) -> bool {
    let Some(release) = spec.release() else { return false };
    let (start, end) = (format!("{}-r{release}-release.", spec.app), format!("-i{}", spec.job));
    container.as_str().starts_with(&start) && container.as_str().ends_with(&end)
}
