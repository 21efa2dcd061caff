//! Why what the project has run while its image is built gave no layer.

use crate::image::{ProjectError, ShelfError};
use std::io;
use std::path::PathBuf;
use windlass_model::{ExitReason, Machine, Problem};
use windlass_oci::UnpackError;

/// A failed build step.
#[derive(Debug, thiserror::Error)]
pub enum BuildStepError {
    /// A command failed.
    #[error("a build command failed")]
    Failed {
        /// The command.
        command: Vec<String>,
        /// How it ended.
        exit: ExitReason,
        /// The last lines that it printed.
        output: Vec<String>,
    },
    /// A command took too long.
    #[error("a build command was stopped after {limit_ms} ms")]
    Deadline {
        /// The command.
        command: Vec<String>,
        /// How long it was given.
        limit_ms: u64,
        /// The last lines that it printed.
        output: Vec<String>,
    },
    /// Its container could not be run.
    #[error("a build command cannot be run in a container")]
    Container {
        /// Why, in words.
        problem: Box<Problem>,
    },
    /// A declared secret is not there.
    #[error("the build secret {name} is not set")]
    Secret {
        /// Its name.
        name: String,
    },
    /// More came out than an image should hold.
    #[error("the build commands left more than {limit} {what} below /app")]
    TooMuch {
        /// `files` or `bytes`.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// What came out runs on this machine alone, and the image is for another.
    #[error("the build commands left what does not run on {machine}: /{}", paths.first().map_or("", String::as_str))]
    Programs {
        /// What the image is for.
        machine: Machine,
        /// Programs and libraries in the image, by path.
        paths: Vec<String>,
    },
    /// The image so far could not be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// What came out could not be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The layer could not be made.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// A folder of the build could not be used.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
