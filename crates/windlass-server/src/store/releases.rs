//! Releases: immutable once written.

use super::row::decode;
use super::{Rows, SetAside, Store, StoreError, events};
use rusqlite::{OptionalExtension as _, Row, params};
use std::path::Path;
use windlass_model::{AppName, Event, JobId, Release, ReleaseNumber};

/// A release and whether it ever served.
pub(crate) struct ReleaseRow {
    pub(crate) release: Release,
    pub(crate) served: bool,
}

impl Store {
    /// Writes a release under the app's next number, that `job` made it, and that the app is now
    /// that of `project`. The number in `release` is ignored; numbers are never used twice, not
    /// even after a failure.
    pub async fn add_release(
        &self,
        job: JobId,
        project: &Path,
        mut release: Release,
    ) -> Result<Release, StoreError> {
        let project = project.to_string_lossy().into_owned();
        let (at_ms, notices) = (self.now_ms(), self.notices.clone());
        let added = self
            .write("write a release", move |transaction| {
                let app = release.app.as_str().to_owned();
                let number: Option<u32> = transaction
                    .query_row(
                        "UPDATE apps SET last_release = last_release + 1, project = ?2
                         WHERE name = ?1 RETURNING last_release",
                        [&app, &project],
                        |row| row.get(0),
                    )
                    .optional()?;
                let missing = || StoreError::Missing { what: format!("app `{app}`") };
                release.number = ReleaseNumber(number.ok_or_else(missing)?);
                transaction.execute(
                    "INSERT INTO releases (app, number, release) VALUES (?1, ?2, ?3)",
                    params![app, release.number.0, serde_json::to_string(&release)?],
                )?;
                transaction.execute(
                    "UPDATE jobs SET release = ?2 WHERE id = ?1",
                    params![job.0 as i64, release.number.0],
                )?;
                let event = Event::Released { release: release.number };
                events::append(transaction, job, at_ms, &event)?;
                Ok(release)
            })
            .await?;
        notices.ring();
        Ok(added)
    }

    /// One release.
    pub fn release(
        &self,
        app: &AppName,
        number: ReleaseNumber,
    ) -> Result<Option<Release>, StoreError> {
        let sql = "SELECT number, release, served FROM releases WHERE app = ?1 AND number = ?2";
        let found = self.read("read a release", |connection| {
            connection
                .query_row(sql, params![app.as_str(), number.0], |row| Ok(decoded(app, row)))
                .optional()
        })?;
        Ok(found.transpose()?.map(|row| row.release))
    }

    /// The app's releases, newest first.
    pub(crate) fn releases(&self, app: &AppName) -> Result<Rows<ReleaseRow>, StoreError> {
        self.read("read releases", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT number, release, served FROM releases WHERE app = ?1
                 ORDER BY number DESC",
            )?;
            let rows = statement.query_map([app.as_str()], |row| Ok(decoded(app, row)))?;
            Ok(Rows::collect(rows.collect::<Result<_, _>>()?))
        })
    }
}

fn decoded(app: &AppName, row: &Row<'_>) -> Result<ReleaseRow, SetAside> {
    let number: u32 = row.get(0).unwrap_or_default();
    let key = format!("{app}/{number}");
    let read = |error: rusqlite::Error| SetAside {
        table: "releases",
        key: key.clone(),
        reason: error.to_string(),
    };
    let json: String = row.get(1).map_err(read)?;
    Ok(ReleaseRow { release: decode("releases", &key, &json)?, served: row.get(2).map_err(read)? })
}
