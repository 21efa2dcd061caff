//! Why a verb ended early: facts. The words are in [`crate::explain`].

mod image;

pub(crate) use image::ImageError;

use crate::commands::{ExportError, InitError};
use crate::server_process::StartError;
use crate::settings::SettingsError;
use crate::unit::UnitError;
use std::io;
use std::path::PathBuf;
use windlass_model::{AppName, Problem, ProcessType};
use windlass_server::ClientError;
use windlass_server::images::OfflineError;

/// Everything that can end a verb.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error(transparent)]
    Init(#[from] InitError),
    /// Whoever read our output has enough: not a problem.
    #[error("the reader of the output is gone")]
    ReaderGone,
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
    #[error("a value cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    #[error("{} is not a folder that can be read", path.display())]
    ProjectFolder { path: PathBuf, source: Option<io::Error> },
    #[error("nothing says which app is meant")]
    WhichApp { folder: PathBuf, why: Box<Problem>, known: Vec<AppName> },
    #[error("there is no app `{app}` here")]
    UnknownApp { app: AppName, known: Vec<AppName> },
    #[error("{app} has no job to watch")]
    NoJob { app: AppName },
    #[error("no job of {app} runs")]
    NothingToCancel { app: AppName },
    #[error("{app} has no process `{process}`, or nothing of it runs")]
    NoReplica { app: AppName, process: ProcessType, index: u32, running: Vec<String> },
    #[error("destroying {app} was not confirmed")]
    NotConfirmed { app: AppName },
    #[error("destroying {app} must be confirmed, and standard input is no terminal")]
    CannotAsk { app: AppName },
    #[error("the server was not seen again for {waited_ms} ms")]
    ServerLost { waited_ms: u64, source: ClientError },
    #[error("process {pid} cannot be signalled")]
    Signal { pid: u32, source: io::Error },
    #[error("left before {app} was stopped")]
    LeftRunning { app: AppName },
    #[error("process {pid} did not end within {waited_ms} ms")]
    DidNotStop { pid: u32, waited_ms: u64 },
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("cannot use {}", path.display())]
    ImageFile { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Offline(#[from] OfflineError),
    #[error("the reactor cannot be made")]
    Reactor(#[source] io::Error),
    /// Explained where it happened: by the server, or by another crate.
    #[error("{0}")]
    Explained(Box<Problem>),
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        CliError::Explained(Box::new(problem))
    }
}
