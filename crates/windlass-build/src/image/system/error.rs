//! Why the system's layers could not be made.

use crate::debian::{CatalogueError, ResolveError, UnpackPackagesError};
use crate::download::DownloadError;
use crate::image::{CompileError, ShelfError};
use std::io;
use std::path::PathBuf;
use windlass_model::PythonVersion;
use windlass_oci::{LayerError, UnpackError};

/// Why the system's layers could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// Nobody has this Python.
    #[error("Python {python} is neither Debian's nor to be had as a standalone build")]
    Python {
        /// The wanted Python.
        python: PythonVersion,
        /// The ones that there are.
        available: Vec<PythonVersion>,
    },
    /// The archive's indexes could not be had.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The packages cannot be installed together.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A package could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A package could not be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackPackagesError),
    /// A layer could not be made.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The interpreter's root could not be written.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    /// The standard library could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// Why the interpreter's root could not be written.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// It could not be packed.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// It could not be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The cache could not be used.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
