//! Why packages could not be locked or put into an environment.

use crate::build::BuildError;
use crate::wheels::{FindUvError, UvFailure};
use std::path::PathBuf;
use windlass_model::{LockTool, PythonVersion};

/// Why packages could not be locked or put into an environment.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// As in a build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no uv.
    #[error(transparent)]
    FindUv(#[from] FindUvError),
    /// uv failed.
    #[error("{0}")]
    Uv(#[source] UvFailure),
    /// The lock is another tool's.
    #[error("{file} is written by {} alone", tool.as_str())]
    OtherTool {
        /// The lock.
        file: String,
        /// Its tool.
        tool: LockTool,
        /// Whether versions were to be moved.
        upgrade: bool,
    },
    /// The requirements pin everything themselves.
    #[error("{file} pins every version itself")]
    AllHashed {
        /// The requirements.
        file: String,
    },
    /// A package that is to be moved is not there.
    #[error("{file} has no package `{name}`")]
    NotLocked {
        /// The package.
        name: String,
        /// The lock.
        file: String,
    },
    /// This machine lacks the project's Python.
    #[error("Python {wanted}, which the project runs on, is not on this machine")]
    NoPython {
        /// The Python.
        wanted: PythonVersion,
    },
    /// The environment has another Python.
    #[error("{} has Python {found}, and the project runs on {wanted}", folder.display())]
    OtherPython {
        /// The environment.
        folder: PathBuf,
        /// Its Python.
        found: PythonVersion,
        /// The project's.
        wanted: PythonVersion,
    },
    /// The environment is none.
    #[error("{} is not a virtual environment that works", folder.display())]
    NoEnvironment {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
