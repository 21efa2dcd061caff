//! Why an image cannot stand on the base that a project names.

use crate::image::ShelfError;
use std::io;
use std::path::PathBuf;
use windlass_model::PythonVersion;
use windlass_oci::registry::{ParseReferenceError, RegistryError};
use windlass_oci::{StoreError, UnpackError};

/// Why an image cannot stand on the base that a project names.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The name is none.
    #[error("`{name}` is not the name of an image")]
    Name {
        /// What is written.
        name: String,
        /// What is wrong with it.
        source: ParseReferenceError,
    },
    /// The registry did not give it.
    #[error("the base {name} cannot be had")]
    Registry {
        /// The base.
        name: String,
        /// Why.
        source: Box<RegistryError>,
    },
    /// A layer in a form that is not an image's.
    #[error("the base {name} has a layer of the kind {kind}")]
    Layer {
        /// The base.
        name: String,
        /// Its media type.
        kind: String,
    },
    /// Its config does not fit its manifest.
    #[error("the base {name} has {layers} layers, and its config speaks of {diff_ids}")]
    Mismatch {
        /// The base.
        name: String,
        /// In the manifest.
        layers: usize,
        /// In the config.
        diff_ids: usize,
    },
    /// It holds more files than any honest one.
    #[error("the base {name} holds more than {limit} files")]
    TooLarge {
        /// The base.
        name: String,
        /// How many are taken.
        limit: usize,
    },
    /// It has another C library, or none.
    #[error("the base {name} has {}", if *musl { "musl as its C library" } else { "no GNU C library" })]
    Libc {
        /// The base.
        name: String,
        /// Whether it has musl's.
        musl: bool,
    },
    /// It has no Python that packages can be added to.
    #[error("the base {name} {place}")]
    Python {
        /// The base.
        name: String,
        /// What is there.
        place: PythonPlace,
    },
    /// The project does not run on its Python.
    #[error("the base {base} has Python {python}, which the project excludes")]
    Excluded {
        /// The base.
        base: String,
        /// Its Python.
        python: PythonVersion,
        /// What the project runs on.
        allowed: Vec<PythonVersion>,
    },
    /// It has another Python for another machine.
    #[error("the base {name} does not have the same Python for every machine")]
    Differs {
        /// The base.
        name: String,
    },
    /// Debian packages are asked for, and are only added to a system of our own.
    #[error("Debian packages cannot be added to a base from a registry: {}", names.join(", "))]
    Packages {
        /// Their names.
        names: Vec<String>,
    },
    /// It cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The image store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A layer above it could not be made.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The cache or the unpacked layers cannot be used.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a base has in the place of a Python that packages can be added to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PythonPlace {
    /// None on its `PATH`.
    #[error("has no Python on its PATH ({path})")]
    Missing {
        /// The `PATH`.
        path: String,
    },
    /// One whose version or library cannot be told.
    #[error("has a Python at /{program} without a library that goes with it")]
    Unknown {
        /// Its path.
        program: String,
    },
    /// One that is neither in `/usr/local` nor Debian's.
    #[error("has its Python at /{program}, which is neither in /usr/local nor Debian's own")]
    Elsewhere {
        /// Its path.
        program: String,
    },
    /// A virtual environment.
    #[error("has a virtual environment first on its PATH, at /{folder}")]
    Environment {
        /// Its folder.
        folder: String,
    },
}
