//! What the engine could not do.

use crate::launch::failure::Failure;
use crate::spec::InvalidSpec;
use std::path::PathBuf;
use windlass_model::ContainerId;

/// Why the engine cannot be used on this host, or with these folders.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A folder cannot be made or read.
    #[error("cannot {action} {path}")]
    Folder {
        /// What was tried: `make`, `read`.
        action: &'static str,
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A Unix socket below the run folder would have a path that the kernel refuses.
    #[error("the run folder {path} is too long: a socket's path has at most 107 bytes")]
    RunPathTooLong {
        /// The run folder.
        path: PathBuf,
    },
}

/// Why a container did not start. Nothing of it is left then.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its spec cannot be run.
    #[error("container {id} cannot be run")]
    Invalid {
        /// The container.
        id: ContainerId,
        /// What is wrong with it.
        source: InvalidSpec,
    },
    /// A file of its bundle cannot be used.
    #[error("container {id}: cannot {action} {path}")]
    Bundle {
        /// The container.
        id: ContainerId,
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What an earlier container of this id left behind cannot be cleared away.
    #[error("container {id}: an earlier run of it cannot be cleared away")]
    Leftovers {
        /// The container.
        id: ContainerId,
        /// Why not.
        source: ControlError,
    },
    /// The shim program cannot be run.
    #[error("container {id}: cannot run its shim {program}")]
    Shim {
        /// The container.
        id: ContainerId,
        /// The program.
        program: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The shim ended, or went on too long, without a word.
    #[error("container {id}: its shim gave no answer")]
    ShimSilent {
        /// The container.
        id: ContainerId,
        /// What it wrote to its standard error.
        said: String,
    },
    /// A step of making the container failed.
    #[error("container {id} did not start: {failure}")]
    Launch {
        /// The container.
        id: ContainerId,
        /// The step and the kernel's reason.
        failure: Failure,
    },
}

/// Why an existing container could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such container, or it does not run.
    #[error("container {id} does not run")]
    NotRunning {
        /// The container.
        id: ContainerId,
    },
    /// A file of the container cannot be used.
    #[error("container {id}: cannot {action} {path}")]
    File {
        /// The container.
        id: ContainerId,
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The container's shim could not be asked.
    #[error("container {id}: its shim cannot be asked")]
    Shim {
        /// The container.
        id: ContainerId,
        /// Why not.
        source: std::io::Error,
    },
    /// The shim tried and failed.
    #[error("container {id}: {failure}")]
    Refused {
        /// The container.
        id: ContainerId,
        /// The step and the kernel's reason.
        failure: Failure,
    },
    /// Its processes do not die, even of SIGKILL: they hang in the kernel.
    #[error("container {id}: its processes did not end within {after_ms} ms of SIGKILL")]
    Unkillable {
        /// The container.
        id: ContainerId,
        /// How long they were given.
        after_ms: u64,
    },
}
