//! What the API sends and takes, as data: the same types for the server and its client.

mod images;

pub use images::{PruneReport, PruneRequest, Pruned};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use windlass_model::rollout::{Phase, Step};
use windlass_model::{
    AppName, AppSpec, BuildSpec, ContainerId, ExitReason, Finding, Job, JobKind, Problem,
    ProcessType, Release, ReleaseNumber, ReplicaId,
};

/// `GET /v1/ping`: who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// The server's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_at_ms: u64,
    /// The folder of its state.
    pub state: PathBuf,
    /// The addresses that the edge listens on; empty while no edge runs.
    pub listen: Vec<SocketAddr>,
    /// What this host cannot do, and what has gone wrong, one line each.
    pub notes: Vec<String>,
}

/// `POST /v1/jobs`: what to do. The app may be left out where the project tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// The app; `None` for a deploy of a project that names its app itself.
    pub app: Option<AppName>,
    /// What to do.
    #[serde(flatten)]
    pub kind: JobKind,
}

/// One line of `GET /v1/apps`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSummary {
    /// The app.
    pub app: AppName,
    /// The release that is current.
    pub release: Option<ReleaseNumber>,
    /// Where it answers.
    pub url: Option<String>,
    /// Replicas that run.
    pub running: u32,
    /// Replicas that should run.
    pub wanted: u32,
    /// The job that runs now.
    pub job: Option<Job>,
}

/// `GET /v1/apps/{app}/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppStatus {
    /// The app.
    pub app: AppName,
    /// Where its last release came from.
    pub project: Option<PathBuf>,
    /// Where it answers.
    pub url: Option<String>,
    /// The release that is current.
    pub release: Option<Release>,
    /// Its replicas, by process type and index.
    pub replicas: Vec<ReplicaStatus>,
    /// The job that runs now.
    pub job: Option<Job>,
    /// What that job's rollout is doing.
    pub phase: Option<Phase>,
    /// The last job that ended.
    pub last_job: Option<Job>,
    /// What the user should know: replicas that crash, rows that cannot be read.
    pub warnings: Vec<Problem>,
}

/// One replica as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// Who.
    pub replica: ReplicaId,
    /// Its container, for `exec`.
    pub container: ContainerId,
    /// How it is.
    pub state: ReplicaState,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_at_ms: Option<u64>,
    /// How often it was started again after it ended by itself.
    pub restarts: u32,
    /// How it ended the last time it did.
    pub last_exit: Option<ExitReason>,
    /// Memory in use, in bytes, where the host can tell.
    pub memory_bytes: Option<u64>,
    /// Its memory limit, in bytes.
    pub memory_limit_bytes: Option<u64>,
}

/// How a replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicaState {
    /// Its container runs.
    Running,
    /// Its container ended and will be started again.
    Restarting,
    /// Its container is not there yet.
    Missing,
}

/// One line of `GET /v1/apps/{app}/releases`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseEntry {
    /// The release.
    pub release: Release,
    /// Whether it is the current one.
    pub current: bool,
    /// Whether it ever served: a rollout to it ended well.
    pub served: bool,
}

/// What `GET /v1/apps/{app}/logs` selects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogQuery {
    /// One release; the current one and those being rolled out when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseNumber>,
    /// One process type; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessType>,
    /// How many of the last lines to begin with, over all replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<usize>,
    /// Whether to go on with lines as they are written.
    #[serde(default)]
    pub follow: bool,
}

/// One line of an app's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The release whose replica wrote it.
    pub release: ReleaseNumber,
    /// Who wrote it: `web.1`, `release.1`.
    pub source: String,
    /// Where it was written.
    pub stream: LogStream,
    /// The line, without its end.
    pub line: String,
}

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// `POST /v1/plan`: the project to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// The project's root on this host.
    pub project: PathBuf,
    /// The app to deploy it as; the project's own name when left out.
    pub app: Option<AppName>,
}

/// What a deploy of a project would do. Making it changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanReport {
    /// The app.
    pub app: AppName,
    /// The release number that the deploy would make.
    pub release: ReleaseNumber,
    /// Where the app would answer.
    pub url: Option<String>,
    /// What inspection concluded, and why.
    pub findings: Vec<Finding>,
    /// What the user should know.
    pub warnings: Vec<Problem>,
    /// How the app would run.
    pub spec: AppSpec,
    /// What would be built.
    pub build: BuildSpec,
    /// What would differ from the current release; empty on a first deploy.
    pub changes: Vec<Change>,
    /// What the rollout would do, phase by phase; phases without steps are left out.
    pub phases: Vec<PlannedPhase>,
}

/// One difference between the current release and a planned one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What differs: `processes.web.command`, `env.DEBUG`.
    pub what: String,
    /// Its value now.
    pub from: Option<String>,
    /// Its value then.
    pub to: Option<String>,
}

/// A phase with its steps: batches in order, the steps of one batch side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPhase {
    /// The phase.
    pub phase: Phase,
    /// Its batches.
    pub batches: Vec<Vec<Step>>,
}

/// `POST /v1/apps/{app}/runs`: a one-off container to run a command in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// The release whose image it has; the current one when left out.
    pub release: Option<ReleaseNumber>,
    /// Settings for this run only, over those of the release.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// A one-off container that runs nothing yet: the CLI executes the command in it, on its own
/// terminal, through the engine, and then has it removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The container.
    pub container: ContainerId,
    /// The release whose image it has.
    pub release: ReleaseNumber,
}
