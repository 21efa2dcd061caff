//! Why a project's dependencies could not be resolved.

use crate::wheels::declaration::DeclarationError;
use crate::wheels::foreign::ForeignLockError;
use crate::wheels::pylock::PylockError;
use crate::wheels::uv::FindUvError;
use crate::wheels::uv_failure::UvFailure;
use std::path::PathBuf;
use windlass_model::Digest;

/// Why a project's dependencies could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The declaration could not be read.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
    /// There is no uv.
    #[error(transparent)]
    FindUv(#[from] FindUvError),
    /// There is no Python for uv to work with.
    #[error("there is no Python 3.8 or later on this machine, which resolving needs")]
    NoPython {
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// uv failed.
    #[error("{failure}")]
    Uv {
        /// What it says.
        #[source]
        failure: UvFailure,
        /// The place in the project that it speaks of: a file relative to the root, and a line.
        place: Option<(String, usize)>,
    },
    /// uv's answer has no use.
    #[error(transparent)]
    Pylock(#[from] PylockError),
    /// A lock of another tool is of no use.
    #[error(transparent)]
    Foreign(#[from] ForeignLockError),
    /// The project's own `pylock.toml` is of no use.
    #[error("{}: {error}", place_in(file, *line))]
    OwnPylock {
        /// The lock, relative to the project.
        file: String,
        /// The line, where it can be told.
        line: Option<usize>,
        /// Why.
        #[source]
        error: Box<PylockError>,
    },
    /// A locked file now has another hash.
    #[error(
        "`{file}` of `{package}` is not the file that windlass.lock names: its SHA-256 differs"
    )]
    LockedHash {
        /// The package with its version.
        package: String,
        /// The file.
        file: String,
        /// SHA-256 in the lock.
        locked: Digest,
        /// SHA-256 that the index gives now.
        offered: Digest,
    },
    /// A locked file is not offered any more.
    #[error("`{file}` of `{package}`, which windlass.lock names, is not offered any more")]
    LockedFileGone {
        /// The package with its version.
        package: String,
        /// The file in the lock.
        file: String,
        /// What would be taken instead.
        offered: String,
    },
    /// The cache could not be used.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

fn place_in(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}
