//! The verbs: each joins arguments, settings, the server's client and a rendering.

mod app;
mod build;
mod confirm;
mod containers;
mod export;
mod image;
mod init;
mod job;
mod logs;
mod packages;
mod plan;
mod pull;
mod push;
mod server;
mod status;

pub(crate) use export::ExportError;
pub(crate) use image::FOUND;
pub(crate) use init::InitError;

use crate::args::{self, Completion, Globals, Verb};
use crate::error::CliError;
use crate::facts::Facts;
use crate::output::Output;
use crate::reference;
use crate::settings::Settings;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use windlass_model::{JobKind, ReleaseNumber};
use windlass_server::Client;

/// Where a verb works: settings, and where it writes.
#[derive(Debug)]
pub(crate) struct At {
    settings: Settings,
    output: Output,
}

/// Does what the command line says.
pub(crate) fn dispatch(
    verb: Option<Verb>,
    globals: &Globals,
    facts: &Facts,
    output: Output,
) -> Result<ExitCode, CliError> {
    let verb = match verb {
        None => return done(output.lines(&reference::tour(output.style()))),
        // Packagers ask for it where there is no home folder.
        Some(Verb::Completion(wanted)) => return completion(&wanted, output),
        Some(Verb::Reference) => return done(output.line(&reference::markdown())),
        // Its order says what others find out.
        Some(Verb::Builder) => return server::builder(facts),
        Some(verb) => verb,
    };
    let at = At { settings: Settings::resolve(globals, facts)?, output };
    match verb {
        Verb::Init(wanted) => init::init(&at, &wanted),
        Verb::Plan(wanted) => wait(plan::plan(&at, &wanted)),
        Verb::Lock(wanted) => packages::lock(&at, &wanted, facts),
        Verb::Sync(wanted) => packages::sync(&at, wanted, facts),
        Verb::Upgrade(wanted) => packages::upgrade(&at, wanted, facts),
        Verb::Build(wanted) => wait(build::build(&at, wanted, facts)),
        Verb::Deploy(wanted) => wait(job::deploy(&at, &wanted)),
        Verb::Status => wait(status::status(&at)),
        Verb::Logs(wanted) => wait(logs::logs(&at, &wanted)),
        Verb::Releases => wait(status::releases(&at)),
        Verb::Rollback(wanted) => {
            let to = wanted.release.map(ReleaseNumber);
            wait(job::submit(&at, JobKind::Rollback { to }))
        }
        Verb::Scale(wanted) => wait(job::submit(&at, scale(wanted))),
        Verb::Restart => wait(job::submit(&at, JobKind::Restart)),
        Verb::Stop => wait(job::submit(&at, JobKind::Stop)),
        Verb::Cancel => wait(job::cancel(&at)),
        Verb::Destroy(wanted) => wait(job::destroy(&at, &wanted)),
        Verb::Run(wanted) => wait(containers::run(&at, &wanted)),
        Verb::Exec(wanted) => wait(containers::exec(&at, &wanted)),
        Verb::Push(wanted) => push::push(&at, &wanted, facts),
        Verb::Pull(wanted) => pull::pull(&at, &wanted, facts),
        Verb::Export(wanted) => export::run(&at, &wanted.verb),
        Verb::Image(wanted) => image::image(&at, &wanted.verb, facts),
        Verb::Server(wanted) => server::server(&at, wanted.verb, facts),
        Verb::Completion(wanted) => completion(&wanted, output),
        Verb::Reference => done(output.line(&reference::markdown())),
        Verb::Edge(wanted) => server::edge(&wanted),
        Verb::Builder => server::builder(facts),
    }
}

/// The job of `windlass scale`.
fn scale(wanted: args::Scale) -> JobKind {
    let counts = wanted.counts.into_iter().map(|word| (word.process, word.count));
    JobKind::Scale { counts: counts.collect() }
}

impl At {
    fn client(&self) -> Client {
        Client::connect(&self.settings.layout)
    }

    /// A project's folder as typed, absolute and without links.
    fn project(&self, path: &Path) -> Result<PathBuf, CliError> {
        let path = self.settings.folder.join(path);
        let real = path.canonicalize();
        let failed = |source| CliError::ProjectFolder { path: path.clone(), source };
        let real = real.map_err(|source| failed(Some(source)))?;
        if real.is_dir() { Ok(real) } else { Err(failed(None)) }
    }
}

/// Runs a verb to its end on a reactor of one thread: it mostly waits for the server.
fn wait<T>(verb: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let reactor = reactor.map_err(CliError::Reactor)?;
    let ended = reactor.block_on(verb);
    // A program that was left on Ctrl-C may still hold its thread.
    reactor.shutdown_background();
    ended
}

fn completion(wanted: &Completion, output: Output) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(wanted.shell, &mut args::command(), "windlass", &mut script);
    let script = String::from_utf8_lossy(&script);
    done(output.line(script.trim_end()))
}

/// The verb succeeded once its result was written.
fn done(written: Result<(), CliError>) -> Result<ExitCode, CliError> {
    written.map(|()| ExitCode::SUCCESS)
}

/// Milliseconds since the Unix epoch; 0 when the clock is before it.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
