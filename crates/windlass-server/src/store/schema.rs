//! Tables, and how an older file becomes a newer one.

use super::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// Each takes the file from the version of its index to the next.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE apps (
        name TEXT PRIMARY KEY,
        project TEXT,
        counts TEXT NOT NULL DEFAULT '{}',
        current TEXT,
        routed TEXT,
        last_release INTEGER NOT NULL DEFAULT 0,
        created_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE releases (
        app TEXT NOT NULL REFERENCES apps (name) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        release TEXT NOT NULL,
        served INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (app, number)
    ) STRICT;
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        app TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        final INTEGER NOT NULL DEFAULT 0,
        cancelled INTEGER NOT NULL DEFAULT 0,
        release INTEGER,
        submitted_at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX one_running_job_per_app ON jobs (app) WHERE final = 0;
    CREATE INDEX jobs_of_app ON jobs (app, id);
    CREATE TABLE rollouts (
        job INTEGER PRIMARY KEY REFERENCES jobs (id),
        spec TEXT NOT NULL,
        phase TEXT NOT NULL,
        final INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE journal (
        job INTEGER NOT NULL REFERENCES rollouts (job),
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        entry TEXT NOT NULL,
        PRIMARY KEY (job, seq)
    ) STRICT;
    CREATE TABLE events (
        job INTEGER NOT NULL REFERENCES jobs (id),
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (job, seq)
    ) STRICT;
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        app TEXT NOT NULL,
        job INTEGER,
        what TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
    CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
    CREATE TABLE restarts (
        container TEXT PRIMARY KEY,
        app TEXT NOT NULL REFERENCES apps (name) ON DELETE CASCADE,
        count INTEGER NOT NULL,
        last_exit TEXT,
        last_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE addresses (
        container TEXT PRIMARY KEY,
        app TEXT NOT NULL REFERENCES apps (name) ON DELETE CASCADE,
        address TEXT NOT NULL UNIQUE
    ) STRICT;
"];

/// Brings the file to the newest version, one migration a transaction, a copy before each.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    now_ms: u64,
) -> Result<(), StoreError> {
    let statement = |source| StoreError::Statement { doing: "migrate", source };
    let known = MIGRATIONS.len() as u32;
    let found: u32 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(statement)?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for version in found..known {
        if version > 0 {
            back_up(connection, path, version, now_ms)?;
        }
        let transaction = connection.transaction().map_err(statement)?;
        transaction.execute_batch(MIGRATIONS[version as usize]).map_err(statement)?;
        transaction.pragma_update(None, "user_version", version + 1).map_err(statement)?;
        transaction.commit().map_err(statement)?;
    }
    Ok(())
}

fn back_up(
    connection: &Connection,
    path: &Path,
    version: u32,
    now_ms: u64,
) -> Result<(), StoreError> {
    let copy = path.with_extension(format!("v{version}-{now_ms}.db"));
    connection
        .execute("VACUUM INTO ?1", [copy.to_string_lossy()])
        .map(drop)
        .map_err(|source| StoreError::Backup { path: copy, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_newer_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().expect("memory");
        connection.pragma_update(None, "user_version", 99).expect("set");
        let error = migrate(&mut connection, Path::new("x.db"), 0).expect_err("refused");
        assert!(matches!(error, StoreError::Newer { found: 99, known: 1, .. }), "{error}");
    }

    #[test]
    fn the_audit_cannot_be_changed() {
        let mut connection = Connection::open_in_memory().expect("memory");
        migrate(&mut connection, Path::new("x.db"), 0).expect("migrated");
        migrate(&mut connection, Path::new("x.db"), 0).expect("a second time changes nothing");
        connection
            .execute("INSERT INTO audit (at_ms, uid, app, what) VALUES (1, 0, 'shop', 'x')", [])
            .expect("append");
        for change in ["UPDATE audit SET what = 'y'", "DELETE FROM audit"] {
            let error = connection.execute(change, []).expect_err(change);
            assert!(error.to_string().contains("append-only"), "{error}");
        }
    }
}
