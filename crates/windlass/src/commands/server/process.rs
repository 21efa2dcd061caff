//! The long-lived processes that this binary is when the server starts it again, and the server.

use super::super::{At, now_ms};
use crate::args::{Edge, ServerStart};
use crate::build_settings::{Disk, build_settings};
use crate::error::CliError;
use crate::facts::Facts;
use crate::settings::SettingsError;
use std::io::{BufReader, stdin, stdout};
use std::process::ExitCode;
use windlass_model::rollout::RolloutSpec;
use windlass_proxy::{EdgeConfig, LogConfig, edge_main, explain_edge};
use windlass_server::building::{BuilderLink, builder_main};
use windlass_server::explain::explain_server;
use windlass_server::{ServerConfig, serve};

/// Size at which a log of the edge is put away, in bytes.
const LOG_BYTES: u64 = 16 << 20;
/// How many of its older logs are kept.
const LOGS_KEPT: u32 = 4;

/// `windlass server start --foreground`: runs until it is told to end.
pub(super) fn foreground(
    at: &At,
    wanted: &ServerStart,
    facts: &Facts,
) -> Result<ExitCode, CliError> {
    if wanted.own_session {
        // Refused only where it leads a session already, and then that is its own.
        let _ = rustix::process::setsid();
    }
    let settings = &at.settings;
    let listen = wanted.http.map_or_else(|| settings.listen.clone(), |only| vec![only]);
    let config = ServerConfig {
        layout: settings.layout.clone(),
        listen,
        exe: settings.program.clone(),
        build: build_settings(facts, &Disk::real()),
        now: now_ms,
        bake_ms: RolloutSpec::BAKE_MS,
        abort_at_journal_edge: wanted.end_at_journal_edge,
    };
    if !wanted.own_session {
        at.output.note(&format!("serving; the log is in {}", settings.layout.own_logs().display()));
    }
    serve(config).map_err(|error| explain_server(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// `windlass edge`: runs until it is told to end.
pub(in crate::commands) fn edge(wanted: &Edge) -> Result<ExitCode, CliError> {
    let mut config =
        EdgeConfig::new(wanted.listen.clone(), wanted.control.clone(), wanted.snapshot.clone());
    config.workers = wanted.workers.unwrap_or(config.workers);
    config.logs = wanted.logs.clone().map(|folder| LogConfig {
        folder,
        file_max_bytes: LOG_BYTES,
        files_kept: LOGS_KEPT,
    });
    edge_main(config).map_err(|error| explain_edge(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// `windlass builder`: one build, with the order on standard input and its events on standard
/// output.
pub(in crate::commands) fn builder(facts: &Facts) -> Result<ExitCode, CliError> {
    let link = BuilderLink { input: Box::new(BufReader::new(stdin())), output: Box::new(stdout()) };
    let exe = facts.program.clone().ok_or(SettingsError::NoProgram)?;
    builder_main(link, exe)?;
    Ok(ExitCode::SUCCESS)
}
