//! Why no image was built.

use super::steps::BuildStepError;
use crate::base::BaseError;
use crate::image::{ProjectError, ShelfError, SystemError};
use crate::wheels;
use crate::wheels::lock::LockError;
use windlass_model::Machine;
use windlass_oci::StoreError;

/// A build that failed, by the part that did.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The system's layers.
    #[error(transparent)]
    System(#[from] SystemError),
    /// A Python that Debian does not have.
    #[error(transparent)]
    Python(#[from] wheels::StandaloneError),
    /// The image that the project's own stands on.
    #[error(transparent)]
    Base(Box<BaseError>),
    /// What the project depends on, decided.
    #[error(transparent)]
    Resolve(Box<wheels::ResolveError>),
    /// The dependencies, installed.
    #[error(transparent)]
    Install(#[from] wheels::InstallError),
    /// The project's files.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// What the project has run while its image is built.
    #[error(transparent)]
    Step(Box<BuildStepError>),
    /// `windlass.lock`.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A layer.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The image store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cache, or what is known of an image's libraries, could not be kept or read.
    #[error("cannot use {}", path.display())]
    Note {
        /// The file or folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody wants the image any more.
    #[error("the build was cancelled")]
    Cancelled,
    /// The image for one of several machines, or for another than this one.
    #[error("the image for {machine} cannot be built")]
    For {
        /// The machine.
        machine: Machine,
        /// Why.
        source: Box<BuildError>,
    },
    /// This machine's processor is not one that images are made for.
    #[error("images are not made for the processor `{machine}`")]
    Processor {
        /// Rust's name of the processor.
        machine: &'static str,
    },
}

impl From<BuildStepError> for BuildError {
    fn from(error: BuildStepError) -> Self {
        Self::Step(Box::new(error))
    }
}

impl From<wheels::ResolveError> for BuildError {
    fn from(error: wheels::ResolveError) -> Self {
        Self::Resolve(Box::new(error))
    }
}

impl From<BaseError> for BuildError {
    fn from(error: BaseError) -> Self {
        Self::Base(Box::new(error))
    }
}
