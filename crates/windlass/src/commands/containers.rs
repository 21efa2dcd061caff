//! Verbs that run a command in a container: on this terminal, through the engine itself, so that
//! neither keystrokes nor output pass through the server.

use super::At;
use super::app::known_app;
use crate::args::{Exec, Run};
use crate::error::CliError;
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use windlass_engine::explain::{explain_control, explain_engine};
use windlass_engine::{ControlError, Engine, EngineDirs, ExecSpec};
use windlass_model::{ContainerId, ReleaseNumber};
use windlass_server::wire::{ReplicaState, ReplicaStatus, RunRequest};

/// 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// `windlass run`: a container of its own, removed afterwards however the command ends.
pub(super) async fn run(at: &At, wanted: &Run) -> Result<ExitCode, CliError> {
    let app = known_app(at).await?;
    let request = RunRequest {
        release: wanted.release.map(ReleaseNumber),
        env: wanted.env.iter().map(|it| (it.name.clone(), it.value.clone())).collect(),
    };
    let started = at.client().start_run(&app, &request).await?;
    let ended = command_in(at, &started.container, &wanted.command).await;
    let removed = at.client().end_run(&app, &started.container).await;
    let code = ended?;
    removed?;
    Ok(code)
}

/// `windlass exec`.
pub(super) async fn exec(at: &At, wanted: &Exec) -> Result<ExitCode, CliError> {
    let app = known_app(at).await?;
    let replicas = at.client().status(&app).await?.replicas;
    let runs = |replica: &&ReplicaStatus| replica.state == ReplicaState::Running;
    let named = |replica: &&ReplicaStatus| {
        (&replica.replica.process, replica.replica.index)
            == (&wanted.target.process, wanted.target.index)
    };
    match replicas.iter().filter(runs).find(named) {
        Some(found) => command_in(at, &found.container, &wanted.command).await,
        None => Err(CliError::NoReplica {
            app,
            process: wanted.target.process.clone(),
            index: wanted.target.index,
            running: replicas.iter().filter(runs).map(|it| it.replica.to_string()).collect(),
        }),
    }
}

/// Runs the command on a terminal of the container's where our input and output are one, else with
/// our streams; the engine gives it a pipe for one that is a terminal all the same.
async fn command_in(
    at: &At,
    container: &ContainerId,
    command: &[String],
) -> Result<ExitCode, CliError> {
    let settings = &at.settings;
    let dirs = EngineDirs {
        containers: settings.layout.containers(),
        runs: settings.layout.container_runs(),
    };
    let shim = vec![settings.program.clone().into_os_string(), "shim".into()];
    let engine = Engine::open(dirs, shim).map_err(|error| explain_engine(&error))?;
    let spec = ExecSpec {
        command: command.to_vec(),
        env: terminal_kind(settings.terminal, settings.term.as_deref()),
        cwd: None,
        terminal: settings.terminal,
    };
    let container = container.clone();
    let program = tokio::task::spawn_blocking(move || on_our_streams(&engine, &container, &spec));
    tokio::select! {
        ended = program => {
            let ended = ended.map_err(|error| CliError::Reactor(error.into()))?;
            Ok(ExitCode::from(ended.map_err(|error| explain_control(&error))?))
        }
        // Without a terminal of its own the program does not see it: leaving ends it (SIGHUP).
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

fn on_our_streams(
    engine: &Engine,
    container: &ContainerId,
    spec: &ExecSpec,
) -> Result<u8, ControlError> {
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    engine.exec(container, spec, [input.as_fd(), output.as_fd(), errors.as_fd()])
}

/// A program on a terminal wants to know which kind.
fn terminal_kind(terminal: bool, term: Option<&str>) -> std::collections::BTreeMap<String, String> {
    let kind = term.filter(|_| terminal).map(|term| ("TERM".to_owned(), term.to_owned()));
    kind.into_iter().collect()
}
