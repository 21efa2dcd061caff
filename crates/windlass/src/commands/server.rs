//! The server's verbs.

use super::{At, done, now_ms, wait};
use crate::args::{ServerInstall, ServerStart, ServerVerb};
use crate::error::CliError;
use crate::facts::Facts;
use crate::{render, server_process, unit};
use std::net::SocketAddr;
use std::process::ExitCode;

mod everything;
mod process;

pub(super) use process::{builder, edge};

/// `windlass server ...`.
pub(super) fn server(at: &At, verb: ServerVerb, facts: &Facts) -> Result<ExitCode, CliError> {
    let root = facts.uid == 0;
    match verb {
        ServerVerb::Start(wanted) if wanted.foreground => process::foreground(at, &wanted, facts),
        ServerVerb::Start(wanted) => wait(start(at, &wanted)),
        ServerVerb::Stop(wanted) => wait(stop(at, wanted.all)),
        ServerVerb::Status => wait(status(at)),
        ServerVerb::Install(wanted) => wait(install(at, &wanted, root)),
        ServerVerb::Uninstall(wanted) if wanted.dry_run => {
            done(at.output.line(&format!("would stop, disable and remove {}", unit::NAME)))
        }
        ServerVerb::Uninstall(_) => wait(uninstall(at, root)),
    }
}

async fn start(at: &At, wanted: &ServerStart) -> Result<ExitCode, CliError> {
    let running = server_process::ensure(&at.settings, wanted.http).await?;
    if !running.fresh {
        at.output.note("it runs already");
    }
    status(at).await
}

async fn stop(at: &At, all: bool) -> Result<ExitCode, CliError> {
    if all {
        everything::stop(at).await?;
        at.output.note("nothing runs any more; `windlass restart --app NAME` brings an app back");
        return Ok(ExitCode::SUCCESS);
    }
    let stopped = server_process::stop(&at.settings).await?;
    if at.output.show().json {
        return done(at.output.document(&serde_json::json!({ "stopped": stopped })));
    }
    at.output.note(match stopped {
        Some(_) => "stopped; the apps go on serving",
        None => "no server ran",
    });
    Ok(ExitCode::SUCCESS)
}

async fn status(at: &At) -> Result<ExitCode, CliError> {
    let ping = at.client().ping().await?;
    done(if at.output.show().json {
        at.output.document(&ping)
    } else {
        at.output.lines(&render::server::running(&ping, now_ms(), at.output.style()))
    })
}

async fn install(at: &At, wanted: &ServerInstall, root: bool) -> Result<ExitCode, CliError> {
    let text = unit::text(&at.settings, wanted.http.or_else(|| asked_for(at)));
    if wanted.dry_run {
        return done(at.output.line(text.trim_end()));
    }
    let path = unit::install(&text, root).await?;
    // One server owns the state: that of the background gives way to the unit's.
    server_process::stop(&at.settings).await?;
    unit::start().await?;
    at.output.note(&format!("installed and started {}", path.display()));
    Ok(ExitCode::SUCCESS)
}

async fn uninstall(at: &At, root: bool) -> Result<ExitCode, CliError> {
    match unit::uninstall(root).await? {
        Some(path) => at.output.note(&format!("removed {}; state and apps stay", path.display())),
        None => at.output.note("no unit is installed"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The address of `WINDLASS_HTTP`, which a unit does not inherit.
fn asked_for(at: &At) -> Option<SocketAddr> {
    match at.settings.listen.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}
