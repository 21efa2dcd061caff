//! Rollouts and their journal: what was decided and done, before anything follows from it.

use super::apps::AppRoute;
use super::row::{decode, decode_option};
use super::{Cut, Store, StoreError, apps, events, jobs};
use rusqlite::{OptionalExtension as _, Transaction, params};
use std::collections::BTreeSet;
use windlass_model::rollout::{JournalEntry, Phase, RolloutSpec, Step};
use windlass_model::{Event, JobId, JobState, ReplicaId, ReplicaSet};

/// A rollout with everything that its journal says.
#[derive(Debug, Clone)]
pub struct RolloutRow {
    /// From what to what.
    pub spec: RolloutSpec,
    /// Its journal, oldest first; begins with `Entered`.
    pub entries: Vec<JournalEntry>,
}

impl RolloutRow {
    /// The phase that the rollout is in.
    pub fn phase(&self) -> Phase {
        let entered = self.entries.iter().rev().find_map(|entry| match entry {
            JournalEntry::Entered { phase, .. } => Some(*phase),
            _ => None,
        });
        entered.unwrap_or(Phase::Preparing)
    }
}

impl Store {
    /// Writes a rollout down, its first phase, and that its job is rolling.
    pub async fn begin_rollout(&self, spec: RolloutSpec) -> Result<(), StoreError> {
        let at_ms = self.now_ms();
        self.write_journal("begin a rollout", move |transaction| {
            let (job, phase) = (spec.job, Phase::Preparing);
            transaction.execute(
                "INSERT INTO rollouts (job, spec, phase) VALUES (?1, ?2, ?3)",
                params![job.0 as i64, serde_json::to_string(&spec)?, phase.to_string()],
            )?;
            jobs::set_state(transaction, job, &JobState::Rolling, at_ms)?;
            let entry = JournalEntry::Entered { phase, signal: None };
            append(transaction, job, at_ms, &entry)?;
            events::append(transaction, job, at_ms, &Event::Phase { phase })
        })
        .await
    }

    /// Appends an entry, and in the same transaction the event that tells of it and whatever
    /// the entry means for the app: `Entered{draining}` makes the new set the current one and
    /// the counts that were asked for the app's own, `Begun` of a route makes it the wanted one.
    pub async fn journal(
        &self,
        spec: &RolloutSpec,
        entry: JournalEntry,
        event: Event,
    ) -> Result<(), StoreError> {
        let (at_ms, spec) = (self.now_ms(), spec.clone());
        self.write_journal("write the journal", move |transaction| {
            append(transaction, spec.job, at_ms, &entry)?;
            apply(transaction, &spec, &entry)?;
            events::append(transaction, spec.job, at_ms, &event)
        })
        .await
    }

    /// The job's rollout, when it has one.
    pub fn rollout(&self, job: JobId) -> Result<Option<RolloutRow>, StoreError> {
        let found = self.read("read a rollout", |connection| {
            let sql = "SELECT spec FROM rollouts WHERE job = ?1";
            let spec = connection.query_row(sql, [job.0 as i64], |row| row.get(0)).optional()?;
            let Some(spec): Option<String> = spec else { return Ok(None) };
            let mut statement = connection
                .prepare_cached("SELECT entry FROM journal WHERE job = ?1 ORDER BY seq")?;
            let entries = statement.query_map([job.0 as i64], |row| row.get::<_, String>(0))?;
            Ok(Some((spec, entries.collect::<Result<Vec<_>, _>>()?)))
        })?;
        let Some((spec, entries)) = found else { return Ok(None) };
        let numbered = entries.iter().enumerate();
        Ok(Some(RolloutRow {
            spec: decode("rollouts", job, &spec)?,
            // A journal with a hole cannot be trusted: the whole rollout is set aside.
            entries: numbered
                .map(|(at, entry)| decode("journal", format!("{job}/{}", at + 1), entry))
                .collect::<Result<_, _>>()?,
        }))
    }

    async fn write_journal(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), Cut> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.writer.run(doing, true, work).await?;
        self.notices.ring();
        Ok(())
    }
}

fn append(
    transaction: &Transaction<'_>,
    job: JobId,
    at_ms: u64,
    entry: &JournalEntry,
) -> Result<(), Cut> {
    transaction
        .prepare_cached(
            "INSERT INTO journal (job, seq, at_ms, entry)
             SELECT ?1, 1 + COALESCE(MAX(seq), 0), ?2, ?3 FROM journal WHERE job = ?1",
        )?
        .execute(params![job.0 as i64, at_ms as i64, serde_json::to_string(entry)?])?;
    Ok(())
}

/// The set that these web replicas are of, with no others in it.
fn set_of(spec: &RolloutSpec, replicas: &BTreeSet<ReplicaId>) -> Option<ReplicaSet> {
    let sets = spec.to.iter().chain(&spec.from);
    let of = |set: &&ReplicaSet| !replicas.is_empty() && replicas.is_subset(&set.replicas);
    sets.filter(of).map(|set| ReplicaSet { replicas: replicas.clone(), ..set.clone() }).next()
}

fn apply(
    transaction: &Transaction<'_>,
    spec: &RolloutSpec,
    entry: &JournalEntry,
) -> Result<(), Cut> {
    match entry {
        JournalEntry::Entered { phase, .. } => {
            transaction.execute(
                "UPDATE rollouts SET phase = ?2, final = ?3 WHERE job = ?1",
                params![spec.job.0 as i64, phase.to_string(), phase.is_final()],
            )?;
            if *phase == Phase::Draining {
                apps::set_current(transaction, &spec.app, spec.to.as_ref())?;
                if let Some(counts) = &spec.counts {
                    apps::set_counts(transaction, &spec.app, counts)?;
                }
            }
            Ok(())
        }
        JournalEntry::Begun { step: Step::Route { replicas, standby } } => {
            let routed = set_of(spec, replicas).map(|set| AppRoute {
                app: spec.app.clone(),
                set,
                standby: set_of(spec, standby),
            });
            apps::set_routed(transaction, &spec.app, routed.as_ref())
        }
        JournalEntry::Begun { .. } | JournalEntry::Done { .. } | JournalEntry::Failed { .. } => {
            Ok(())
        }
    }
}

/// Decodes a replica set of the apps' table.
pub(super) fn decode_set(
    app: &str,
    json: Option<&str>,
) -> Result<Option<ReplicaSet>, super::SetAside> {
    decode_option("apps", app, json)
}
