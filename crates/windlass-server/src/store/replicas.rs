//! What the store remembers of single replicas: how often each was started again, and the
//! loopback address of those that take a port.

use super::row::decode_option;
use super::{Rows, Store, StoreError};
use rusqlite::{OptionalExtension as _, params};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use windlass_model::{AppName, ContainerId, ExitReason};

/// How a replica fared after its rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarts {
    /// How often it was started again since it last stayed up for long.
    pub count: u32,
    /// How it ended the last time.
    pub last_exit: Option<ExitReason>,
    /// When it was last started again, in milliseconds since the Unix epoch.
    pub last_at_ms: u64,
}

impl Store {
    /// The restarts of every replica that had any, by container.
    pub fn restarts(&self) -> Result<BTreeMap<String, Restarts>, StoreError> {
        let rows = self.read("read restarts", |connection| {
            let mut statement = connection
                .prepare_cached("SELECT container, count, last_exit, last_at_ms FROM restarts")?;
            let rows = statement.query_map([], |row| {
                let container: String = row.get(0)?;
                let exit: Option<String> = row.get(2)?;
                let last_exit = decode_option("restarts", &container, exit.as_deref());
                let (count, last_at_ms) = (row.get(1)?, row.get::<_, i64>(3)? as u64);
                Ok(last_exit
                    .map(|last_exit| (container, Restarts { count, last_exit, last_at_ms })))
            })?;
            Ok(Rows::collect(rows.collect::<Result<_, _>>()?))
        })?;
        Ok(rows.rows.into_iter().collect())
    }

    /// Writes down that a replica is about to be started again.
    pub async fn note_restart(
        &self,
        app: AppName,
        container: ContainerId,
        restarts: Restarts,
    ) -> Result<(), StoreError> {
        self.write("note a restart", move |transaction| {
            let exit = restarts.last_exit.map(|exit| serde_json::to_string(&exit)).transpose()?;
            transaction.execute(
                "INSERT INTO restarts (container, app, count, last_exit, last_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (container) DO UPDATE SET
                 count = excluded.count, last_exit = excluded.last_exit,
                 last_at_ms = excluded.last_at_ms",
                params![
                    container.as_str(),
                    app.as_str(),
                    restarts.count,
                    exit,
                    restarts.last_at_ms as i64
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// The address that a replica was given.
    pub fn address(&self, container: &ContainerId) -> Result<Option<SocketAddr>, StoreError> {
        let sql = "SELECT address FROM addresses WHERE container = ?1";
        let found: Option<String> = self.read("read an address", |connection| {
            connection.query_row(sql, [container.as_str()], |row| row.get(0)).optional()
        })?;
        Ok(found.and_then(|text| text.parse().ok()))
    }

    /// Gives a replica an address of its own, unless another has it; gives back the one that is
    /// the replica's.
    pub async fn claim_address(
        &self,
        app: AppName,
        container: ContainerId,
        address: SocketAddr,
    ) -> Result<Option<SocketAddr>, StoreError> {
        self.write("claim an address", move |transaction| {
            transaction.execute(
                "INSERT OR IGNORE INTO addresses (container, app, address) VALUES (?1, ?2, ?3)",
                params![container.as_str(), app.as_str(), address.to_string()],
            )?;
            let sql = "SELECT address FROM addresses WHERE container = ?1";
            let owned: Option<String> =
                transaction.query_row(sql, [container.as_str()], |row| row.get(0)).optional()?;
            Ok(owned.and_then(|text| text.parse().ok()))
        })
        .await
    }

    /// Forgets what was remembered of a replica that is gone for good.
    pub async fn forget_replica(&self, container: ContainerId) -> Result<(), StoreError> {
        self.write("forget a replica", move |transaction| {
            for table in ["restarts", "addresses"] {
                let sql = format!("DELETE FROM {table} WHERE container = ?1");
                transaction.execute(&sql, [container.as_str()])?;
            }
            Ok(())
        })
        .await
    }
}
