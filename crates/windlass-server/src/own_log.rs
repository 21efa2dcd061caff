//! The server's own log: one JSON object a line, bounded on disk.

use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use windlass_model::Problem;

use crate::store::Clock;

/// A file is put aside at this size; one older file is kept.
const LIMIT_BYTES: u64 = 4 << 20;

/// A handle on the log; cheap to clone. A line that cannot be written is lost: the log must
/// never stop what it tells of.
#[derive(Clone)]
pub struct OwnLog {
    clock: Clock,
    file: Arc<Mutex<Open>>,
}

struct Open {
    path: PathBuf,
    file: File,
    written: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    at_ms: u64,
    level: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a Problem>,
}

impl OwnLog {
    /// Opens `server.log` in `folder`, which must exist.
    pub fn open(folder: &Path, clock: Clock) -> std::io::Result<Self> {
        let path = folder.join("server.log");
        let file = OpenOptions::new().append(true).create(true).open(&path)?;
        let written = file.metadata()?.len();
        Ok(Self { clock, file: Arc::new(Mutex::new(Open { path, file, written })) })
    }

    /// What happened in the normal course of things.
    pub fn info(&self, message: &str) {
        self.line("info", message, None);
    }

    /// What went wrong and harmed nobody yet.
    pub fn warn(&self, message: &str, problem: &Problem) {
        self.line("warning", message, Some(problem));
    }

    /// What went wrong.
    pub fn error(&self, message: &str, problem: &Problem) {
        self.line("error", message, Some(problem));
    }

    fn line(&self, level: &str, message: &str, problem: Option<&Problem>) {
        let line = Line { at_ms: (self.clock)(), level, message, problem };
        let Ok(mut line) = serde_json::to_vec(&line) else { return };
        line.push(b'\n');
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if open.written > LIMIT_BYTES {
            let _ = open.rotate();
        }
        if open.file.write_all(&line).is_ok() {
            open.written += line.len() as u64;
        }
    }
}

impl Open {
    fn rotate(&mut self) -> std::io::Result<()> {
        std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
        self.file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        self.written = 0;
        Ok(())
    }
}

impl std::fmt::Debug for OwnLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnLog").finish_non_exhaustive()
    }
}
