//! Apps as they are.

use super::refusal::Refusal;
use super::{Api, app_name};
use crate::store::{AppRow, SetAside};
use crate::wire::{AppStatus, AppSummary, Ping, ReleaseEntry, ReplicaState, ReplicaStatus};
use axum::Json;
use axum::extract::{Path, State};
use std::collections::BTreeMap;
use windlass_engine::{Enforcement, Engine, HostCapabilities};
use windlass_model::{Job, Problem, ReplicaId, ReplicaSet};

pub(super) async fn ping(State(api): State<Api>) -> Json<Ping> {
    let edge = api.host.edge_note().await;
    let engine = std::sync::Arc::clone(api.host.engine());
    let capabilities = tokio::task::spawn_blocking(move || engine.capabilities()).await;
    let mut notes = capabilities.map(|found| limits(&found)).unwrap_or_default();
    notes.extend(edge.problem.map(|problem| problem.message));
    Json(Ping {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        started_at_ms: api.started_at_ms,
        state: api.layout.state.clone(),
        listen: edge.listen.into_iter().collect(),
        notes,
    })
}

/// What this host cannot do, one line each.
fn limits(found: &HostCapabilities) -> Vec<String> {
    let controllers = [("memory", &found.memory), ("processes", &found.pids), ("CPU", &found.cpu)];
    let missing = controllers.into_iter().filter_map(|(what, enforced)| match enforced {
        Enforcement::Yes { .. } => None,
        Enforcement::No { reason } => Some(format!("limits of {what} are not enforced: {reason}")),
    });
    let mut notes: Vec<String> = missing.collect();
    if found.landlock.is_none() {
        notes.push("the kernel has no Landlock: containers have one wall less".to_owned());
    }
    notes
}

pub(super) async fn apps(State(api): State<Api>) -> Result<Json<Vec<AppSummary>>, Refusal> {
    let mut summaries = Vec::new();
    for app in api.store.apps()?.rows {
        let replicas = replicas(&api, app.current.as_ref()).await?;
        let running = replicas.iter().filter(|r| r.state == ReplicaState::Running).count();
        let (job, _) = jobs(&api, &app)?;
        summaries.push(AppSummary {
            release: app.current.as_ref().map(|set| set.release),
            url: app.current.as_ref().and_then(|set| api.host.url_of(&set.spec)),
            running: running as u32,
            wanted: replicas.len() as u32,
            app: app.name,
            job,
        });
    }
    Ok(Json(summaries))
}

pub(super) async fn status(
    State(api): State<Api>,
    Path(app): Path<String>,
) -> Result<Json<AppStatus>, Refusal> {
    let app = find(&api, &app)?;
    let (job, last_job) = jobs(&api, &app)?;
    let rollout = match &job {
        Some(job) => api.store.rollout(job.id)?,
        None => None,
    };
    let number = app.current.as_ref().map(|set| set.release);
    let release = match number {
        Some(number) => api.store.release(&app.name, number)?,
        None => None,
    };
    let (_, bad_routes) = api.store.routes()?;
    let bad = api.store.apps()?.set_aside.into_iter().chain(bad_routes);
    let replicas = replicas(&api, app.current.as_ref()).await?;
    let mut warnings: Vec<_> = bad.map(|row| unreadable(&row)).collect();
    warnings.extend(replicas.iter().filter_map(crashing));
    Ok(Json(AppStatus {
        url: app.current.as_ref().and_then(|set| api.host.url_of(&set.spec)),
        app: app.name,
        project: app.project,
        release,
        replicas,
        job,
        phase: rollout.map(|rollout| rollout.phase()),
        last_job,
        warnings,
    }))
}

pub(super) async fn releases(
    State(api): State<Api>,
    Path(app): Path<String>,
) -> Result<Json<Vec<ReleaseEntry>>, Refusal> {
    let app = find(&api, &app)?;
    let current = app.current.map(|set| set.release);
    let rows = api.store.releases(&app.name)?.rows.into_iter();
    let entries = rows.map(|row| ReleaseEntry {
        current: current == Some(row.release.number),
        served: row.served,
        release: row.release,
    });
    Ok(Json(entries.collect()))
}

/// An app that exists.
pub(super) fn find(api: &Api, app: &str) -> Result<AppRow, Refusal> {
    let name = app_name(app)?;
    let found = api.store.app(&name)?;
    found.ok_or_else(|| {
        let problem = Problem::user("unknown", format!("there is no app `{name}`"));
        problem.hint("deploy it: windlass deploy").into()
    })
}

/// The job that runs and the last that ended.
fn jobs(api: &Api, app: &AppRow) -> Result<(Option<Job>, Option<Job>), Refusal> {
    let rows = api.store.jobs_of(&app.name, 2)?.rows.into_iter().map(|row| row.job);
    let (ended, running): (Vec<_>, Vec<_>) = rows.partition(|job| job.state.is_final());
    Ok((running.into_iter().next(), ended.into_iter().next()))
}

async fn replicas(api: &Api, set: Option<&ReplicaSet>) -> Result<Vec<ReplicaStatus>, Refusal> {
    let Some(set) = set.cloned() else { return Ok(Vec::new()) };
    let restarts = api.store.restarts()?;
    let engine = std::sync::Arc::clone(api.host.engine());
    let seen = tokio::task::spawn_blocking(move || {
        let replicas = set.replicas.iter();
        replicas.map(|replica| (replica.clone(), look(&engine, &set, replica))).collect()
    });
    let seen: BTreeMap<ReplicaId, ReplicaStatus> = seen.await.unwrap_or_default();
    let mut statuses: Vec<_> = seen.into_values().collect();
    for status in &mut statuses {
        if let Some(past) = restarts.get(status.container.as_str()) {
            status.restarts = past.count;
            status.last_exit = status.last_exit.or(past.last_exit);
        }
    }
    statuses.sort_by(|a, b| {
        (&a.replica.process, a.replica.index).cmp(&(&b.replica.process, b.replica.index))
    });
    Ok(statuses)
}

fn look(engine: &Engine, set: &ReplicaSet, replica: &ReplicaId) -> ReplicaStatus {
    let container = replica.container();
    let found = engine.inspect(&container);
    let exit = found.as_ref().and_then(|found| found.state.exit());
    let usage = engine.usage(&container);
    let limit = set.process(&replica.process).and_then(|spec| spec.resources.memory_bytes);
    ReplicaStatus {
        replica: replica.clone(),
        container,
        state: match (&found, exit) {
            (Some(_), None) => ReplicaState::Running,
            (Some(_), Some(_)) => ReplicaState::Restarting,
            (None, _) => ReplicaState::Missing,
        },
        started_at_ms: found.and_then(|found| found.started_at_ms),
        restarts: 0,
        last_exit: exit,
        memory_bytes: usage.as_ref().map(|usage| usage.memory_bytes),
        memory_limit_bytes: usage.and_then(|usage| usage.memory_limit_bytes).or(limit),
    }
}

fn unreadable(row: &SetAside) -> Problem {
    Problem::bug("store-row-unreadable", row.to_string())
        .hint("it is left as it is, and nothing that it may need is removed")
}

fn crashing(status: &ReplicaStatus) -> Option<Problem> {
    let exit = status.last_exit.filter(|_| status.restarts > 2)?;
    let ReplicaStatus { replica, restarts, .. } = status;
    let message = format!("{replica} keeps ending: {restarts} restarts, the last time it {exit}");
    let (app, process) = (&replica.app, &replica.process);
    let hint = format!("its log: windlass logs --app {app} --process {process}");
    Some(Problem::user("replica-crashes", message).hint(hint))
}
