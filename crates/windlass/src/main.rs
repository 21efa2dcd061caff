//! The binary: arguments, settings, rendering, exit codes.
//!
//! It joins the libraries and decides nothing about apps; what it alone may do is read the
//! environment, print and exit. The same file runs as the CLI, the server, the edge and the
//! shim of each container.

#![forbid(unsafe_code)]

mod app_of_folder;
mod args;
mod build_settings;
mod commands;
mod error;
mod explain;
mod facts;
mod git;
mod image_tags;
mod output;
mod process_end;
mod progress;
mod reference;
mod registry_settings;
mod render;
mod server_process;
mod settings;
mod unit;
mod watch;

use crate::args::Cli;
use crate::error::CliError;
use crate::facts::Facts;
use crate::output::Output;
use crate::settings::Show;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use windlass_model::{Kind, Problem};

fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    // Before anything else: the shim forks, so its process must have one thread only.
    if line.get(1).is_some_and(|word| word == "shim") {
        return ExitCode::from(windlass_engine::shim_main(&line[2..]));
    }
    let facts = Facts::read();
    let cli = match args::parse(line) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = Output::new(Show::resolve(&cli.globals, &facts));
    run(cli, &facts, output)
}

fn run(cli: Cli, facts: &Facts, output: Output) -> ExitCode {
    let verb = AssertUnwindSafe(|| commands::dispatch(cli.verb, &cli.globals, facts, output));
    let problem = match catch_unwind(verb) {
        Ok(Ok(code)) => return code,
        // `windlass logs | head`: whoever read has enough.
        Ok(Err(CliError::ReaderGone)) => return ExitCode::SUCCESS,
        Ok(Err(error)) => explain::explain(&error),
        // The message and the place were printed by the panic itself.
        Err(_) => Problem::bug("panic", "Windlass stopped in the middle of what it was doing"),
    };
    output.failure(&problem, true);
    ExitCode::from(problem.kind.exit_code())
}

/// What clap has to say: help and version are results, the rest is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (false, _) => ExitCode::SUCCESS,
        (true, _) => ExitCode::from(Kind::Usage.exit_code()),
    }
}
