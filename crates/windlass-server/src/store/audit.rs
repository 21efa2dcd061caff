//! Who asked for what. Append-only.

use super::Cut;
use rusqlite::{Transaction, params};
use windlass_model::{AppName, JobId};

/// What an audit row says.
pub(super) struct AuditRow<'a> {
    pub(super) at_ms: u64,
    pub(super) uid: u32,
    pub(super) app: &'a AppName,
    pub(super) job: Option<JobId>,
    pub(super) what: &'a str,
}

pub(super) fn append(transaction: &Transaction<'_>, row: &AuditRow<'_>) -> Result<(), Cut> {
    transaction.execute(
        "INSERT INTO audit (at_ms, uid, app, job, what) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![row.at_ms as i64, row.uid, row.app.as_str(), row.job.map(|j| j.0 as i64), row.what],
    )?;
    Ok(())
}
