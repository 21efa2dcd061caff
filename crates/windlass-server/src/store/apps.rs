//! Apps: which replica set is the current one of each, and which one the edge routes to.

use super::journal::decode_set;
use super::row::decode;
use super::{Cut, Rows, SetAside, Store, StoreError};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use windlass_model::{AppName, ProcessType, ReplicaSet};

/// An app as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Its name.
    pub name: AppName,
    /// Where its last release came from.
    pub project: Option<PathBuf>,
    /// The counts that `windlass scale` set; they outlive releases.
    pub counts: BTreeMap<ProcessType, u32>,
    /// The replica set that serves; `None` while the app is stopped.
    pub current: Option<ReplicaSet>,
    /// The highest release number ever used.
    pub last_release: u32,
}

/// Where the edge shall send every app's requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    /// Grows with every change of any route.
    pub generation: u64,
    /// One for each app that has web replicas, oldest app first.
    pub apps: Vec<AppRoute>,
}

/// Where the edge shall send one app's requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRoute {
    /// The app.
    pub app: AppName,
    /// Its specification and the web replicas that are routed to, no others.
    pub set: ReplicaSet,
    /// The web replicas of the release before that stand by while this one is watched.
    pub standby: Option<ReplicaSet>,
}

impl AppRoute {
    /// Those that requests may reach, with the specification each runs by.
    pub fn sets(&self) -> impl Iterator<Item = &ReplicaSet> {
        std::iter::once(&self.set).chain(&self.standby)
    }
}

const COLUMNS: &str = "SELECT name, project, counts, current, last_release FROM apps";

impl Store {
    /// Every app, by name.
    pub fn apps(&self) -> Result<Rows<AppRow>, StoreError> {
        self.read("read the apps", |connection| {
            let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY name"))?;
            let rows = statement.query_map([], |row| Ok(decoded(row)))?;
            Ok(Rows::collect(rows.collect::<Result<_, _>>()?))
        })
    }

    /// One app.
    pub fn app(&self, app: &AppName) -> Result<Option<AppRow>, StoreError> {
        let found = self.read("read an app", |connection| {
            let sql = format!("{COLUMNS} WHERE name = ?1");
            connection.query_row(&sql, [app.as_str()], |row| Ok(decoded(row))).optional()
        })?;
        Ok(found.transpose()?)
    }

    /// The wanted routes of all apps, and those that cannot be read.
    pub fn routes(&self) -> Result<(Routes, Vec<SetAside>), StoreError> {
        let (generation, rows) = self.read("read the routes", |connection| {
            let generation = connection
                .query_row("SELECT value FROM meta WHERE key = 'generation'", [], |row| {
                    row.get::<_, String>(0)
                })
                .optional()?;
            let mut statement = connection.prepare_cached(
                "SELECT name, routed FROM apps WHERE routed IS NOT NULL
                 ORDER BY created_at_ms, name",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(decoded_route(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?))
            })?;
            Ok((generation, Rows::collect(rows.collect::<Result<_, _>>()?)))
        })?;
        let generation = generation.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok((Routes { generation, apps: rows.rows }, rows.set_aside))
    }

    /// Makes the generation of the routes higher than one that was seen in use: the edge that has
    /// it was told by a store that is lost, or newer than the backup that this one came from.
    pub async fn outgrow(&self, generation: u64) -> Result<(), StoreError> {
        let next = generation.saturating_add(1).to_string();
        self.write("raise the generation of the routes", move |transaction| {
            transaction.execute(
                "INSERT INTO meta (key, value) VALUES ('generation', ?1)
                 ON CONFLICT (key) DO UPDATE SET value =
                 CAST(MAX(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER)) AS TEXT)",
                [next],
            )?;
            Ok(())
        })
        .await
    }

    /// The counts that deploys of a stopped app shall use from now on; those of one that runs come
    /// with its rollout.
    pub async fn set_counts(
        &self,
        app: AppName,
        counts: BTreeMap<ProcessType, u32>,
    ) -> Result<(), StoreError> {
        self.write("write an app's counts", move |transaction| {
            set_counts(transaction, &app, &counts)
        })
        .await
    }

    /// Forgets an app and its releases. Its jobs and the audit stay.
    pub async fn remove_app(&self, app: AppName) -> Result<(), StoreError> {
        self.write("remove an app", move |transaction| {
            transaction.execute("DELETE FROM apps WHERE name = ?1", [app.as_str()])?;
            Ok(())
        })
        .await
    }

    /// A value that outlives the server, such as the edge's address.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        self.read("read a setting", |connection| {
            connection.query_row(sql, [key], |row| row.get(0)).optional()
        })
    }

    /// Writes a value that outlives the server.
    pub async fn set_meta(&self, key: &'static str, value: String) -> Result<(), StoreError> {
        self.write("write a setting", move |transaction| put_meta(transaction, key, &value)).await
    }
}

fn put_meta(transaction: &Transaction<'_>, key: &str, value: &str) -> Result<(), Cut> {
    transaction.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )?;
    Ok(())
}

pub(super) fn set_counts(
    transaction: &Transaction<'_>,
    app: &AppName,
    counts: &BTreeMap<ProcessType, u32>,
) -> Result<(), Cut> {
    let json = serde_json::to_string(counts)?;
    let sql = "UPDATE apps SET counts = ?2 WHERE name = ?1";
    transaction.execute(sql, params![app.as_str(), json])?;
    Ok(())
}

pub(super) fn set_current(
    transaction: &Transaction<'_>,
    app: &AppName,
    set: Option<&ReplicaSet>,
) -> Result<(), Cut> {
    let json = set.map(serde_json::to_string).transpose()?;
    transaction
        .execute("UPDATE apps SET current = ?2 WHERE name = ?1", params![app.as_str(), json])?;
    if let Some(set) = set {
        transaction.execute(
            "UPDATE releases SET served = 1 WHERE app = ?1 AND number = ?2",
            params![app.as_str(), set.release.0],
        )?;
    }
    Ok(())
}

/// Writes where the app's requests shall go, under a new generation.
pub(super) fn set_routed(
    transaction: &Transaction<'_>,
    app: &AppName,
    route: Option<&AppRoute>,
) -> Result<(), Cut> {
    let json = route.map(serde_json::to_string).transpose()?;
    let sql = "UPDATE apps SET routed = ?2 WHERE name = ?1";
    transaction.execute(sql, params![app.as_str(), json])?;
    transaction.execute(
        "INSERT INTO meta (key, value) VALUES ('generation', '1')
         ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)",
        [],
    )?;
    Ok(())
}

fn decoded_route(app: &str, routed: &str) -> Result<AppRoute, SetAside> {
    decode("apps", app, routed)
}

fn decoded(row: &Row<'_>) -> Result<AppRow, SetAside> {
    let key: String = row.get(0).unwrap_or_default();
    let bad = |error: rusqlite::Error| SetAside {
        table: "apps",
        key: key.clone(),
        reason: error.to_string(),
    };
    let project: Option<String> = row.get(1).map_err(bad)?;
    let counts: String = row.get(2).map_err(bad)?;
    let current: Option<String> = row.get(3).map_err(bad)?;
    Ok(AppRow {
        name: name(&key)?,
        project: project.map(PathBuf::from),
        counts: decode("apps", &key, &counts)?,
        current: decode_set(&key, current.as_deref())?,
        last_release: row.get(4).map_err(bad)?,
    })
}

fn name(key: &str) -> Result<AppName, SetAside> {
    key.parse().map_err(|error| SetAside {
        table: "apps",
        key: key.to_owned(),
        reason: format!("{error}"),
    })
}
