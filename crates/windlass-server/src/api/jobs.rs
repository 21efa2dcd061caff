//! Jobs: submitting, looking, watching.

use super::asked::{Body, Choices, job_id};
use super::peer::Peer;
use super::refusal::Refusal;
use super::{Api, app_name, ndjson, ownership};
use crate::building::read_project;
use crate::store::{AppRow, Store};
use crate::wire::Submit;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::watch;
use windlass_build::inspect::Inspection;
use windlass_model::{AppName, Event, Job, JobId, JobKind, Kind, Problem};

/// How many events are read at a time.
const BATCH: u32 = 200;

pub(super) async fn submit(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Body(submit): Body<Submit>,
) -> Result<Json<Job>, Refusal> {
    accept(&api, submit, peer).await
}

pub(super) async fn submit_to(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(app): Path<String>,
    Body(kind): Body<JobKind>,
) -> Result<Json<Job>, Refusal> {
    accept(&api, Submit { app: Some(app_name(&app)?), kind }, peer).await
}

async fn accept(api: &Api, submit: Submit, peer: Peer) -> Result<Json<Job>, Refusal> {
    let app = match (&submit.kind, submit.app) {
        (JobKind::Deploy { project }, app) => named(api, project.clone(), app).await?,
        (_, Some(app)) => app,
        (kind, None) => {
            let message = format!("{} needs the name of an app", kind.verb());
            return Err(Problem::new(Kind::Usage, "app-missing", message).into());
        }
    };
    Ok(Json(api.executor.submit(app, submit.kind, peer.uid).await?))
}

/// Reads the project before its job is accepted: what cannot be deployed is refused at once.
async fn named(
    api: &Api,
    project: std::path::PathBuf,
    app: Option<AppName>,
) -> Result<AppName, Refusal> {
    if !project.is_absolute() {
        let message = format!("{} is not an absolute path", project.display());
        return Err(Problem::new(Kind::Usage, "project-relative", message).into());
    }
    Ok(inspected(api, project, app).await?.0.app.name)
}

/// A project as it would be deployed, and the app that it would be deployed to, if there is one.
pub(super) async fn inspected(
    api: &Api,
    project: std::path::PathBuf,
    app: Option<AppName>,
) -> Result<(Inspection, Option<AppRow>), Refusal> {
    let store = api.store.clone();
    let read = tokio::task::spawn_blocking(move || {
        let inspection = read_project(&project, app.as_ref())?;
        let known = store.app(&inspection.app.name)?;
        ownership::check(known.as_ref(), &inspection, &project)?;
        Ok::<_, Refusal>((inspection, known))
    });
    let broke = |error| Problem::bug("inspection-panicked", format!("inspection broke: {error}"));
    read.await.map_err(broke)?
}

pub(super) async fn job(
    State(api): State<Api>,
    Path(job): Path<String>,
) -> Result<Json<Job>, Refusal> {
    find(&api, job_id(&job)?).map(Json)
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Path(job): Path<String>,
) -> Result<Json<Job>, Refusal> {
    let job = job_id(&job)?;
    find(&api, job)?;
    api.executor.cancel(job).await?;
    find(&api, job).map(Json)
}

fn find(api: &Api, job: JobId) -> Result<Job, Refusal> {
    let found = api.store.job(job)?;
    found.map(|row| row.job).ok_or_else(|| Refusal::not_found(&format!("there is no job {job}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

pub(super) async fn events(
    State(api): State<Api>,
    Path(job): Path<String>,
    Choices(After { after }): Choices<After>,
) -> Result<Response, Refusal> {
    let job = job_id(&job)?;
    find(&api, job)?;
    // Listened for before the first look: what comes in between is then not missed.
    let bell = api.store.notices().listen();
    let watch = Watch { store: api.store.clone(), job, after, bell, ended: false };
    Ok(ndjson::answer(futures_util::stream::unfold(watch, Watch::next)))
}

/// One watcher's place in a job's events.
struct Watch {
    store: Store,
    job: JobId,
    after: u64,
    bell: watch::Receiver<u64>,
    ended: bool,
}

impl Watch {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if self.ended {
            return None;
        }
        loop {
            let records = self.store.events(self.job, self.after, BATCH).ok()?.rows;
            if let Some(last) = records.last() {
                self.after = last.seq;
                self.ended = records.iter().any(
                    |record| matches!(&record.event, Event::State { state } if state.is_final()),
                );
                return Some((ndjson::lines(&records), self));
            }
            // A watcher that has seen the end already, or whose job has no events left.
            let over = self.store.job(self.job).ok()?.is_none_or(|row| row.job.state.is_final());
            if over && self.store.events(self.job, self.after, 1).ok()?.rows.is_empty() {
                return None;
            }
            match tokio::time::timeout(ndjson::KEEP_ALIVE, self.bell.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some((ndjson::keep_alive(), self)),
            }
        }
    }
}
