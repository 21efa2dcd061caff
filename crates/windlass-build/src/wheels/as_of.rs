//! As of when versions are chosen: the date of the declaration's last commit, unless told.
//!
//! A project without a full lock gets, whenever its image is built, the versions that there were
//! when its requirements were last written: releases since then break nothing. A lock that moves
//! on never goes back behind the moment that it was made for.

use super::commit_date::Repository;
use super::lock::WindlassLock;
use std::fmt;
use std::path::{Path, PathBuf};
use windlass_model::ResolveDate;

/// As of when versions were chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// A lock says them: nothing was chosen.
    Lock {
        /// As of when the lock was made.
        date: Option<String>,
    },
    /// As of a time (RFC 3339).
    Date(String),
    /// As of now.
    Now(WhyNow),
}

/// Why versions are chosen as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNow {
    /// The project wants it so.
    Wanted,
    /// The folder is in no repository with a commit, or git is not there to say.
    NoCommit,
    /// A file of the declaration has changes that are not committed.
    NotCommitted {
        /// The file.
        file: String,
    },
    /// As of the date there is no solution.
    NoSolution {
        /// The date.
        date: String,
    },
}

impl AsOf {
    /// The value for uv's `--exclude-newer`.
    pub(super) fn date(&self) -> Option<&str> {
        match self {
            AsOf::Date(date) => Some(date),
            AsOf::Lock { .. } | AsOf::Now(_) => None,
        }
    }

    /// What a lock of these versions says.
    pub fn for_lock(&self) -> Option<String> {
        match self {
            AsOf::Lock { date } => date.clone(),
            AsOf::Date(date) => Some(date.clone()),
            AsOf::Now(_) => None,
        }
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AsOf::Lock { .. } => f.write_str("as locked"),
            AsOf::Date(date) => write!(f, "as of {date}"),
            AsOf::Now(why) => write!(f, "as of now: {why}"),
        }
    }
}

impl fmt::Display for WhyNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhyNow::Wanted => f.write_str("resolve-date says so"),
            WhyNow::NoCommit => f.write_str("the project is in no git repository with a commit"),
            WhyNow::NotCommitted { file } => write!(f, "{file} is not committed as it is"),
            WhyNow::NoSolution { date } => write!(f, "there is no solution as of {date}"),
        }
    }
}

/// Decides it. `lock` is the project's lock when it no longer holds, but its versions are kept
/// where they can be.
pub(super) fn decide(
    wanted: &ResolveDate,
    repository: &Repository<'_>,
    files: &[PathBuf],
    lock: Option<&WindlassLock>,
) -> AsOf {
    let date = match wanted {
        ResolveDate::Now => return AsOf::Now(WhyNow::Wanted),
        ResolveDate::At { date } => return AsOf::Date(whole(date)),
        ResolveDate::Commit => repository.last_change(files),
    };
    match date {
        Ok(date) => AsOf::Date(not_before(date, lock)),
        Err(why) => AsOf::Now(why),
    }
}

/// The later of two times in the same form.
fn not_before(date: String, lock: Option<&WindlassLock>) -> String {
    match lock.and_then(|lock| lock.as_of.clone()) {
        Some(locked) if locked.ends_with('Z') && locked > date => locked,
        _ => date,
    }
}

/// A date stands for its end in UTC: uv would take the machine's own time zone.
fn whole(date: &str) -> String {
    if date.len() == "2026-11-01".len() {
        return format!("{date}T23:59:59Z");
    }
    date.replacen(' ', "T", 1)
}

/// The files of a declaration that a repository can know: those that exist.
pub(super) fn committed_files(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        files.iter().filter(|file| Path::is_file(file)).cloned().collect();
    files.sort();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::{Digest, PythonVersion};

    #[test]
    fn dates_are_whole_and_never_go_back() {
        assert_eq!(whole("2026-11-01"), "2026-11-01T23:59:59Z");
        assert_eq!(whole("2026-11-01 10:00:00+01:00"), "2026-11-01T10:00:00+01:00");
        let lock = |as_of: &str| WindlassLock {
            version: 1,
            declaration: Digest::from_bytes([0; 32]),
            as_of: Some(as_of.to_owned()),
            python: PythonVersion::three(13),
            suite: String::new(),
            machine: String::new(),
            interpreter: None,
            base: None,
            debian: vec![],
            packages: vec![],
            others: vec![],
        };
        let (old, new) = ("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z");
        assert_eq!(not_before(old.to_owned(), Some(&lock(new))), new);
        assert_eq!(not_before(new.to_owned(), Some(&lock(old))), new);
        assert_eq!(not_before(old.to_owned(), None), old);
    }
}
