//! What the user typed, and nothing else: what it means here is [`crate::settings::Settings`].
//!
//! Invariant: no default in this file depends on the machine, so that the help and the reference
//! generated from it are the same everywhere. Examples of each verb are in [`examples`].

pub(crate) mod examples;
mod image;
mod transfer;
mod trust;
mod values;
mod verbs;

pub(crate) use image::*;
pub(crate) use transfer::*;
pub(crate) use trust::*;
pub(crate) use values::{Count, Setting, Size, Tag, Target};
pub(crate) use verbs::*;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use windlass_model::AppName;

/// A Python project's way from its source folder to production.
#[derive(Debug, Parser)]
#[command(
    name = "windlass",
    version,
    about = "Take a Python project from its source folder to production, and keep it there",
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// Options of every verb.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Globals {
    /// Act on this app, instead of the one that the current folder holds
    #[arg(long, global = true, value_name = "NAME", help_heading = "Everywhere")]
    pub(crate) app: Option<AppName>,
    /// Print JSON: one document, or one event a line where the verb follows something
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// Colours: on a terminal, always, or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Everywhere"
    )]
    pub(crate) color: ColorChoice,
    /// Print results only, no progress
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
    /// Show every step and every piece of evidence
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Everywhere")]
    pub(crate) verbose: bool,
    /// Keep everything below this folder [env: WINDLASS_HOME]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    pub(crate) home: Option<PathBuf>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write what Windlass infers about a project into its pyproject.toml
    Init(Init),
    /// Show what a deploy would do, and why; changes nothing
    Plan(Plan),
    /// Build the image of a project, and nothing else; needs no server
    Build(Build),
    /// Write the exact versions of a project's packages into its lock
    Lock(Lock),
    /// Make the project's .venv hold its packages, and nothing else
    Sync(Sync),
    /// Move locked packages to newer versions, and show what moved
    Upgrade(Upgrade),
    /// Build the project, start it beside the old release, prove it, and move the traffic
    Deploy(Deploy),
    /// Show how an app is, or all apps
    Status,
    /// Show what an app's processes print
    Logs(Logs),
    /// List an app's releases, newest first
    Releases,
    /// Make an older release the current one again, exactly
    Rollback(Rollback),
    /// Change how many replicas of a process type run
    Scale(Scale),
    /// Replace every replica by a fresh one of the same release, without a gap
    Restart,
    /// Stop an app; its releases and its data stay
    Stop,
    /// Ask the job that runs now to stop, and undo it
    Cancel,
    /// Remove an app: its releases and logs, and its data when asked
    Destroy(Destroy),
    /// Run a command once, in a fresh container of the app
    Run(Run),
    /// Run a command beside a process that serves now
    Exec(Exec),
    /// Bring an image to a registry
    Push(Push),
    /// Fetch an image from a registry
    Pull(Pull),
    /// Write what other tools need to build the project
    Export(Export),
    /// Look at images, move them as files, say and check what they hold, and free the disk
    Image(Image),
    /// Start, stop, look at or install the server of this machine
    Server(Server),
    /// Print the completion script of a shell
    Completion(Completion),
    /// Print the reference of the command line as Markdown
    #[command(hide = true)]
    Reference,
    /// The reverse proxy's process; the server starts it
    #[command(hide = true)]
    Edge(Edge),
    /// One build's process; the server starts it, with the order on standard input
    #[command(hide = true)]
    Builder,
}

/// The whole command line as clap knows it, examples included.
pub(crate) fn command() -> clap::Command {
    let mut command = Cli::command();
    for name in examples::paths() {
        let text = examples::text(name);
        let mut words = name.split(' ');
        let first = words.next().unwrap_or_default();
        command = match words.next() {
            None => command.mut_subcommand(first, |verb| verb.after_help(text)),
            Some(second) => command.mut_subcommand(first, |verb| {
                verb.mut_subcommand(second, |verb| verb.after_help(text))
            }),
        };
    }
    command
}

/// Parses a command line, the program's name first.
pub(crate) fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(line)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> impl Iterator<Item = OsString> + '_ {
        line.split_whitespace().map(|word| OsString::from(word.trim_matches('\'')))
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_example_is_a_valid_command_line() {
        for (path, rows) in examples::table() {
            for (line, _) in *rows {
                let line = line.split('|').next().unwrap_or_default();
                let line = line.trim_start_matches("xdg-open $(").trim_end_matches(')');
                let cli = parse(words(line)).unwrap_or_else(|error| panic!("{line}: {error}"));
                assert!(cli.verb.is_some(), "{line}");
                assert!(line.contains(path.split(' ').next_back().unwrap_or_default()), "{line}");
            }
        }
    }

    #[test]
    fn every_visible_verb_has_examples() {
        for verb in command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let below: Vec<_> = verb.get_subcommands().collect();
            if below.is_empty() {
                assert!(verb.get_after_help().is_some(), "{} has no examples", verb.get_name());
            }
            for verb in below {
                assert!(verb.get_after_help().is_some(), "{} has no examples", verb.get_name());
            }
        }
    }

    #[test]
    fn options_of_every_verb_stand_before_or_after_it() {
        for line in ["windlass --json --app shop status", "windlass status --app shop --json"] {
            let cli = parse(words(line)).expect("valid");
            assert!(cli.globals.json);
            assert_eq!(cli.globals.app.expect("given").as_str(), "shop");
        }
    }

    #[test]
    fn what_follows_a_run_belongs_to_the_command() {
        let cli = parse(words("windlass run -- python -c pass --json")).expect("valid");
        assert!(!cli.globals.json);
        let Some(Verb::Run(run)) = cli.verb else { panic!("not a run") };
        assert_eq!(run.command, ["python", "-c", "pass", "--json"]);
    }

    #[test]
    fn a_command_runs_beside_the_web_process_unless_another_is_named() {
        for (line, process) in
            [("windlass exec -- ls -l", "web"), ("windlass exec beat.1 -- ls -l", "beat")]
        {
            let cli = parse(words(line)).expect("valid");
            let Some(Verb::Exec(exec)) = cli.verb else { panic!("{line}: not an exec") };
            assert_eq!(exec.target.process.as_str(), process, "{line}");
            assert_eq!(exec.command, ["ls", "-l"], "{line}");
        }
    }

    #[test]
    fn nonsense_is_a_usage_error_that_names_the_cure() {
        for (line, wanted) in [
            ("windlass scale web", "web=2"),
            ("windlass scale web=many", "web=2"),
            ("windlass rollback three", "three"),
            ("windlass deplyo", "deploy"),
            ("windlass exec web.0 -- ls", "counted from 1"),
            ("windlass exec web ls", "-- <COMMAND>"),
            ("windlass --app Shop! status", "lower-case"),
        ] {
            let error = parse(words(line)).expect_err(line).to_string();
            assert!(error.contains(wanted), "{line}: {error}");
        }
    }
}
