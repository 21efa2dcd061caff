//! The store: what the server intends and what it has done, in one SQLite file.
//!
//! Invariants: one thread writes, one transaction at a time, durable before the writer answers
//! (WAL, `synchronous=FULL`); readers have a connection of their own and see whole transactions.
//! A row that cannot be decoded is set aside and reported, and the others live. Release and job
//! numbers are never used twice. What the store does not hold: whether anything runs; that is
//! observed.

mod apps;
mod audit;
mod events;
mod fuse;
mod jobs;
mod journal;
mod notices;
mod prune;
mod releases;
mod replicas;
mod row;
mod schema;
mod writer;

pub use apps::{AppRoute, AppRow, Routes};
pub use fuse::Fuse;
pub use jobs::JobRow;
pub use journal::RolloutRow;
pub use notices::Notices;
pub use replicas::Restarts;
pub use row::{Rows, SetAside};

use events::Reports;
use rusqlite::{Connection, OpenFlags, Transaction};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use writer::Writer;

/// The time now, in milliseconds since the Unix epoch.
pub type Clock = fn() -> u64;

/// A handle on the store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    path: Arc<PathBuf>,
    reader: Arc<Mutex<Connection>>,
    writer: Writer,
    reports: Reports,
    clock: Clock,
    notices: Notices,
}

/// Why the store could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("the store {} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A newer Windlass wrote the file.
    #[error("the store {} has version {found}; this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema's version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The copy before a migration could not be made.
    #[error("the store could not be copied to {} before its migration", path.display())]
    Backup {
        /// The copy.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A statement failed: a full disk, a bad sector, a row that breaks a rule.
    #[error("the store could not {doing}")]
    Statement {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A value cannot be written as JSON: a bug.
    #[error("a value cannot be encoded to {doing}")]
    Encode {
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// One row that something depends on cannot be read.
    #[error("{set_aside}")]
    Unreadable {
        /// Which, and why.
        set_aside: SetAside,
    },
    /// Something that was just seen is gone, or was never there.
    #[error("the store has no {what}")]
    Missing {
        /// What was looked for.
        what: String,
    },
    /// Another job of the same app has not ended.
    #[error("job {running} of `{app}` is still running")]
    JobRunning {
        /// The app.
        app: windlass_model::AppName,
        /// The job that runs.
        running: windlass_model::JobId,
    },
    /// The thread that writes has ended: a bug, or the process is ending.
    #[error("the store's writer has ended")]
    Closed,
}

impl Store {
    /// Opens the store, makes it or moves it to this program's schema; `fuse` is for tests of
    /// crashes alone.
    pub fn open(path: &Path, clock: Clock, fuse: Option<Fuse>) -> Result<Self, StoreError> {
        let open = |source| StoreError::Open { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(open)?;
        set_pragmas(&connection).map_err(open)?;
        schema::migrate(&mut connection, path, clock())?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(path, flags).map_err(open)?;
        reader.busy_timeout(BUSY).map_err(open)?;
        Ok(Self {
            path: Arc::new(path.to_owned()),
            reader: Arc::new(Mutex::new(reader)),
            writer: Writer::spawn(connection, fuse),
            reports: Reports::default(),
            clock,
            notices: Notices::default(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The time now, by the clock that the store was given.
    pub fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    /// Tells of events as they become durable.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Reads. Takes microseconds, so it is done where it is asked for.
    fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        work(&reader).map_err(|source| StoreError::Statement { doing, source })
    }

    /// Writes in one transaction, durable when this returns.
    async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Cut> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(doing, false, work).await
    }
}

/// How long a statement waits for a lock that another process holds, such as a backup.
const BUSY: Duration = Duration::from_secs(5);

/// Why a transaction was cut short; [`Writer`] adds what was being done.
enum Cut {
    Sqlite(rusqlite::Error),
    Json(serde_json::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Cut {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite(source)
    }
}

impl From<serde_json::Error> for Cut {
    fn from(source: serde_json::Error) -> Self {
        Self::Json(source)
    }
}

impl From<StoreError> for Cut {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn set_pragmas(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}
