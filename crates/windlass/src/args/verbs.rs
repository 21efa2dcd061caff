//! The arguments of each verb.

use super::{Count, Setting, Tag, Target};
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use windlass_model::{Machine, ProcessType};

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Show the lines and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// A name for the image, beside the app's own; may be given more than once
    #[arg(short, long = "tag", value_name = "NAME")]
    pub(crate) tags: Vec<Tag>,
    /// What the image is for, such as `linux/arm64`; otherwise the `platforms` of the project, or this
    /// machine's. Several give one index
    #[arg(long = "platform", value_name = "PLATFORM", value_delimiter = ',')]
    pub(crate) platforms: Vec<Machine>,
    /// A setting for the project's build commands, over those of the project
    #[arg(long = "build-env", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<Setting>,
    /// Write the image to this folder too, or to this file where it ends in .tar: as an OCI layout
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Lock {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Only what production needs, without the sets for development and tests
    #[arg(long)]
    pub(crate) no_dev: bool,
    /// This dependency group or requirements file (requirements-NAME.txt) as well
    #[arg(long = "group", value_name = "NAME")]
    pub(crate) groups: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Upgrade {
    /// The packages to move; all of them when left out
    #[arg(value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Submit the deploy and return at once
    #[arg(short, long, conflicts_with = "follow")]
    pub(crate) detach: bool,
    /// Submit nothing: watch the job that runs, or see how the last one ended
    #[arg(long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Go on with new lines as they are written
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Lines of this release; otherwise of the current one
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<u32>,
    /// Lines of this process type only
    #[arg(long, value_name = "TYPE")]
    pub(crate) process: Option<ProcessType>,
    /// Begin with this many of the last lines
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) lines: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The release to go back to; the one before the current when left out
    pub(crate) release: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// Process types and their counts
    #[arg(required = true, value_name = "TYPE=COUNT")]
    pub(crate) counts: Vec<Count>,
}

#[derive(Debug, Args)]
pub(crate) struct Destroy {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Remove the app's data too: its database files, uploads, everything it kept
    #[arg(long)]
    pub(crate) data: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Run the image of this release instead of the current one
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<u32>,
    /// A setting for this run only, over those of the release
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<Setting>,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// A process type, or one of its replicas, such as `web.2`
    #[arg(value_name = "PROCESS[.N]", default_value = "web")]
    pub(crate) target: Target,
    /// The command and its arguments
    #[arg(required = true, last = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Server {
    #[command(subcommand)]
    pub(crate) verb: ServerVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServerVerb {
    /// Start the server, in the background unless told otherwise
    Start(ServerStart),
    /// Stop the server; the apps go on serving
    Stop(ServerStop),
    /// Show whether the server runs, where it listens and what this machine cannot do
    Status,
    /// Make the server a systemd unit, so that it starts with the machine
    Install(ServerInstall),
    /// Remove the systemd unit again
    Uninstall(ServerUninstall),
}

#[derive(Debug, Args)]
pub(crate) struct ServerStart {
    /// Stay in the foreground and log to the terminal
    #[arg(long)]
    pub(crate) foreground: bool,
    /// The address that apps are reached at [env: WINDLASS_HTTP]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) http: Option<SocketAddr>,
    /// Leave the terminal's session: what a start in the background passes on
    #[arg(long, hide = true, requires = "foreground")]
    pub(crate) own_session: bool,
    /// End as if killed at this edge of the journal, two for each write: for proofs
    #[arg(long, hide = true, requires = "foreground", value_name = "COUNT")]
    pub(crate) end_at_journal_edge: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct ServerStop {
    /// Stop every app and the reverse proxy too: nothing runs any more
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServerInstall {
    /// Print the unit and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The address that apps are reached at [env: WINDLASS_HTTP]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) http: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct ServerUninstall {
    /// Print what would be done and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Edge {
    /// Address to listen on; several are tried in order
    #[arg(long, value_name = "ADDRESS:PORT", required = true)]
    pub(crate) listen: Vec<SocketAddr>,
    /// The control socket
    #[arg(long, value_name = "FILE")]
    pub(crate) control: PathBuf,
    /// The last routing table
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot: PathBuf,
    /// Folder of the edge's own logs
    #[arg(long, value_name = "DIR")]
    pub(crate) logs: Option<PathBuf>,
    /// Worker threads; one per core when left out
    #[arg(long, value_name = "COUNT")]
    pub(crate) workers: Option<usize>,
}
