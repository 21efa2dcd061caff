//! Jobs: requests, kept from the moment they are accepted.

use super::audit::{self, AuditRow};
use super::row::decode;
use super::{Cut, Rows, SetAside, Store, StoreError, events};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use windlass_model::{AppName, Event, Job, JobId, JobKind, JobState, ReleaseNumber};

/// A job with what only the executor needs.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// The job.
    pub job: Job,
    /// The release that it made.
    pub release: Option<ReleaseNumber>,
    /// Whether the user asked to stop it.
    pub cancelled: bool,
}

const COLUMNS: &str =
    "SELECT id, app, kind, state, submitted_at_ms, ended_at_ms, release, cancelled FROM jobs";

impl Store {
    /// Accepts a job for `uid`, unless another of the same app runs. A deploy makes the app
    /// where there is none.
    pub async fn submit(&self, app: AppName, kind: JobKind, uid: u32) -> Result<Job, StoreError> {
        let (at_ms, notices) = (self.now_ms(), self.notices.clone());
        let job = self
            .write("accept a job", move |transaction| accept(transaction, app, kind, (uid, at_ms)))
            .await?;
        notices.ring();
        Ok(job)
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Result<Option<JobRow>, StoreError> {
        let found = self.read("read a job", |connection| {
            let sql = format!("{COLUMNS} WHERE id = ?1");
            connection.query_row(&sql, [id.0 as i64], |row| Ok(decoded(row))).optional()
        })?;
        Ok(found.transpose()?)
    }

    /// The jobs that have not ended, oldest first.
    pub fn unfinished_jobs(&self) -> Result<Rows<JobRow>, StoreError> {
        self.jobs_where("final = 0 ORDER BY id", [])
    }

    /// The app's last jobs, newest first.
    pub fn jobs_of(&self, app: &AppName, limit: u32) -> Result<Rows<JobRow>, StoreError> {
        self.jobs_where("app = ?1 ORDER BY id DESC LIMIT ?2", params![app.as_str(), limit])
    }

    /// Writes a job's new state and tells of it. A final state ends the job.
    pub async fn set_job_state(&self, id: JobId, state: JobState) -> Result<(), StoreError> {
        let (at_ms, notices) = (self.now_ms(), self.notices.clone());
        self.write("write a job's state", move |transaction| {
            set_state(transaction, id, &state, at_ms)
        })
        .await?;
        notices.ring();
        Ok(())
    }

    /// Writes down that the user wants the job to stop.
    pub async fn cancel_job(&self, id: JobId) -> Result<(), StoreError> {
        self.write("cancel a job", move |transaction| {
            let sql = "UPDATE jobs SET cancelled = 1 WHERE id = ?1 AND final = 0";
            transaction.execute(sql, [id.0 as i64])?;
            Ok(())
        })
        .await
    }

    fn jobs_where(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Rows<JobRow>, StoreError> {
        self.read("read jobs", |connection| {
            let mut statement =
                connection.prepare_cached(&format!("{COLUMNS} WHERE {condition}"))?;
            let rows = statement.query_map(values, |row| Ok(decoded(row)))?;
            Ok(Rows::collect(rows.collect::<Result<_, _>>()?))
        })
    }
}

fn accept(
    transaction: &Transaction<'_>,
    app: AppName,
    kind: JobKind,
    (uid, at_ms): (u32, u64),
) -> Result<Job, Cut> {
    let running: Option<i64> = transaction
        .query_row("SELECT id FROM jobs WHERE app = ?1 AND final = 0", [app.as_str()], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(running) = running {
        return Err(StoreError::JobRunning { app, running: JobId(running as u64) }.into());
    }
    if let JobKind::Deploy { .. } = &kind {
        // Which project it is of is written with its release: a deploy may come to nothing.
        transaction.execute(
            "INSERT INTO apps (name, created_at_ms) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
            params![app.as_str(), at_ms as i64],
        )?;
    } else {
        let known = "SELECT 1 FROM apps WHERE name = ?1";
        let known = transaction.query_row(known, [app.as_str()], |_| Ok(())).optional()?;
        known.ok_or_else(|| StoreError::Missing { what: format!("app `{app}`") })?;
    }
    let state = JobState::Queued;
    let (kind_json, state_json) = (serde_json::to_string(&kind)?, serde_json::to_string(&state)?);
    transaction.execute(
        "INSERT INTO jobs (app, kind, state, submitted_at_ms) VALUES (?1, ?2, ?3, ?4)",
        params![app.as_str(), kind_json, state_json, at_ms as i64],
    )?;
    let id = JobId(transaction.last_insert_rowid() as u64);
    events::append(transaction, id, at_ms, &Event::State { state: state.clone() })?;
    let row = AuditRow { at_ms, uid, app: &app, job: Some(id), what: &kind_json };
    audit::append(transaction, &row)?;
    Ok(Job { id, app, kind, state, submitted_at_ms: at_ms, ended_at_ms: None })
}

pub(super) fn set_state(
    transaction: &Transaction<'_>,
    id: JobId,
    state: &JobState,
    at_ms: u64,
) -> Result<(), Cut> {
    let ended = state.is_final().then_some(at_ms as i64);
    transaction.execute(
        "UPDATE jobs SET state = ?2, final = ?3, ended_at_ms = ?4 WHERE id = ?1",
        params![id.0 as i64, serde_json::to_string(state)?, state.is_final(), ended],
    )?;
    events::append(transaction, id, at_ms, &Event::State { state: state.clone() })
}

fn decoded(row: &Row<'_>) -> Result<JobRow, SetAside> {
    let id: i64 = row.get(0).unwrap_or_default();
    let columns = || -> rusqlite::Result<_> {
        let texts: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let times: (i64, Option<i64>) = (row.get(4)?, row.get(5)?);
        Ok((texts, times, row.get::<_, Option<u32>>(6)?, row.get::<_, bool>(7)?))
    };
    let bad = |reason: String| SetAside { table: "jobs", key: id.to_string(), reason };
    let ((app, kind, state), (submitted, ended), release, cancelled) =
        columns().map_err(|error| bad(error.to_string()))?;
    let job = Job {
        id: JobId(id as u64),
        app: app.parse().map_err(|error| bad(format!("{error}")))?,
        kind: decode("jobs", id, &kind)?,
        state: decode("jobs", id, &state)?,
        submitted_at_ms: submitted as u64,
        ended_at_ms: ended.map(|at| at as u64),
    };
    Ok(JobRow { job, release: release.map(ReleaseNumber), cancelled })
}
