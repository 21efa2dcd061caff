//! Forgetting old jobs.

use super::{Store, StoreError};
use rusqlite::params;
use windlass_model::AppName;

impl Store {
    /// Forgets the app's ended jobs but the newest `keep`, with their events and journals. Their
    /// numbers are not used again, and the audit keeps who asked for them.
    pub async fn prune_jobs(&self, app: AppName, keep: u32) -> Result<(), StoreError> {
        self.write("forget old jobs", move |transaction| {
            let doomed = "SELECT id FROM jobs WHERE app = ?1 AND final = 1 AND id NOT IN
                          (SELECT id FROM jobs WHERE app = ?1 ORDER BY id DESC LIMIT ?2)";
            // Those that refer to others first.
            for (table, key) in
                [("events", "job"), ("journal", "job"), ("rollouts", "job"), ("jobs", "id")]
            {
                let sql = format!("DELETE FROM {table} WHERE {key} IN ({doomed})");
                transaction.execute(&sql, params![app.as_str(), keep])?;
            }
            Ok(())
        })
        .await
    }
}
