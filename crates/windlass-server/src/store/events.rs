//! Events of jobs, numbered without gaps.

use super::row::decode;
use super::{Cut, Rows, Store, StoreError};
use rusqlite::{Transaction, TransactionBehavior, params};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// An event that cannot be stored, or of a job that has ended, is lost: it tells of the work,
    /// it is not the work.
    ///
    /// However fast events come, one transaction of them waits at a time, and takes along all that
    /// came until it was begun: the journals of other apps wait for one sync, not for thousands.
    pub fn report(&self, job: JobId, event: Event) {
        if !self.reports.add(Reported { job, at_ms: self.now_ms(), event }) {
            return;
        }
        let (reports, notices) = (self.reports.clone(), self.notices.clone());
        let _ = self.writer.post(move |connection, _| {
            let stored = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(Cut::from)
                .and_then(|transaction| {
                    // Taken once the transaction has begun, which may have waited.
                    for reported in reports.take() {
                        append_report(&transaction, &reported)?;
                    }
                    transaction.commit().map_err(Cut::from)
                });
            match stored {
                Ok(()) => notices.ring(),
                Err(_) => drop(reports.take()),
            }
        });
    }
}

/// The most events that wait to be stored; what comes while so many wait is lost.
const MOST_WAITING: usize = 10_000;

/// Events that wait for their transaction.
#[derive(Clone, Default)]
pub(super) struct Reports {
    waiting: Arc<Mutex<Vec<Reported>>>,
}

struct Reported {
    job: JobId,
    at_ms: u64,
    event: Event,
}

impl Reports {
    /// Adds an event; `true` when it is the first, for which a transaction must be queued.
    fn add(&self, reported: Reported) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST_WAITING {
            waiting.push(reported);
        }
        waiting.len() == 1
    }

    fn take(&self) -> Vec<Reported> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Stores an event of a job that has not ended: its final state is the last that a job tells.
fn append_report(transaction: &Transaction<'_>, reported: &Reported) -> Result<(), Cut> {
    let Reported { job, at_ms, event } = reported;
    let running = "SELECT 1 FROM jobs WHERE id = ?1 AND final = 0";
    let running = transaction.prepare_cached(running)?.exists([job.0 as i64])?;
    if running { append(transaction, *job, *at_ms, event) } else { Ok(()) }
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
