//! Events of jobs, numbered without gaps.

use super::row::decode;
use super::{Cut, Rows, Store, StoreError};
use rusqlite::{Transaction, TransactionBehavior, params};
use windlass_model::{Event, EventRecord, JobId};

impl Store {
    /// The job's events after the one numbered `after`, at most `limit`.
    pub fn events(
        &self,
        job: JobId,
        after: u64,
        limit: u32,
    ) -> Result<Rows<EventRecord>, StoreError> {
        self.read("read events", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, at_ms, event FROM events WHERE job = ?1 AND seq > ?2
                 ORDER BY seq LIMIT ?3",
            )?;
            let rows = statement.query_map(params![job.0 as i64, after as i64, limit], |row| {
                let (seq, at_ms) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64);
                let event = decode("events", format!("{job}/{seq}"), &row.get::<_, String>(2)?);
                Ok(event.map(|event| EventRecord { job, seq, at_ms, event }))
            })?;
            Ok(Rows::collect(rows.collect::<Result<_, _>>()?))
        })
    }

    /// Queues an event behind everything that is queued; it is durable before anybody sees it.
    /// An event that cannot be stored is lost: it tells of the work, it is not the work.
    pub fn report(&self, job: JobId, event: Event) {
        let (at_ms, notices) = (self.now_ms(), self.notices.clone());
        let _ = self.writer.post(move |connection, _| {
            let stored = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(Cut::from)
                .and_then(|transaction| {
                    append(&transaction, job, at_ms, &event)?;
                    transaction.commit().map_err(Cut::from)
                });
            if stored.is_ok() {
                notices.ring();
            }
        });
    }
}

pub(super) fn append(
    transaction: &Transaction<'_>,
    job: JobId,
    at_ms: u64,
    event: &Event,
) -> Result<(), Cut> {
    transaction
        .prepare_cached(
            "INSERT INTO events (job, seq, at_ms, event)
             SELECT ?1, 1 + COALESCE(MAX(seq), 0), ?2, ?3 FROM events WHERE job = ?1",
        )?
        .execute(params![job.0 as i64, at_ms as i64, serde_json::to_string(event)?])?;
    Ok(())
}
