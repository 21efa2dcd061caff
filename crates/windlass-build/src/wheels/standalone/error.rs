//! Why there is no standalone build.

use crate::wheels::uv::FindUvError;
use crate::wheels::uv_failure::UvFailure;
use std::path::PathBuf;
use windlass_model::Machine;
use windlass_model::PythonVersion;

/// Why there is no standalone build of the wanted Python.
#[derive(Debug, thiserror::Error)]
pub enum StandaloneError {
    /// There is no uv.
    #[error(transparent)]
    FindUv(#[from] FindUvError),
    /// This machine's settings forbid it.
    #[error("Python {python} must be fetched, and UV_PYTHON_DOWNLOADS forbids that")]
    Forbidden {
        /// The wanted Python.
        python: PythonVersion,
    },
    /// uv knows no such build.
    #[error("uv knows no build of Python {python} for {}", machine.as_str())]
    NotOffered {
        /// The wanted Python.
        python: PythonVersion,
        /// The processor.
        machine: Machine,
    },
    /// uv could not list or fetch it.
    #[error("no standalone Python could be fetched: {0}")]
    Uv(#[from] UvFailure),
    /// uv's list cannot be read.
    #[error("uv's list of the builds of Python {python} cannot be read")]
    List {
        /// The wanted Python.
        python: PythonVersion,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// uv left no archive behind.
    #[error("uv fetched Python {version}, but kept no archive in {}", folder.display())]
    NoArchive {
        /// Where it should be.
        folder: PathBuf,
        /// The version.
        version: String,
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
