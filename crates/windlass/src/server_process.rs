//! The server as a process: found, started, stopped.
//!
//! Invariant: a server that is started here outlives us: a session of its own, its output in a
//! log, its current folder `/`.

use crate::error::CliError;
use crate::process_end::end;
use crate::settings::Settings;
use crate::unit;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use windlass_server::wire::Ping;
use windlass_server::{Client, ClientError};

/// How long a server may take until it answers. It recovers unfinished rollouts only afterwards.
const START: Duration = Duration::from_secs(20);
/// How long it may take to end: it finishes the step that it is in.
const STOP: Duration = Duration::from_mins(1);
/// Pause between two looks at a server that starts or ends.
const LOOK: Duration = Duration::from_millis(20);
/// How many of its last lines an error shows.
const TAIL: usize = 20;

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("the folder {} cannot be made", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("the server's log {} cannot be written", path.display())]
    Log { path: PathBuf, source: io::Error },
    #[error("{} cannot be started as the server", program.display())]
    Spawn { program: PathBuf, source: io::Error },
    #[error("systemd did not start the unit {}", unit::NAME)]
    Systemd { source: unit::UnitError },
    #[error("the server died while it started ({status})")]
    Died { status: String, log: PathBuf, tail: Vec<String> },
    #[error("the server did not answer within {waited_ms} ms")]
    Silent { waited_ms: u64, log: PathBuf, tail: Vec<String> },
}

/// A server that answers, and whether it was started just now.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) ping: Ping,
    pub(crate) fresh: bool,
}

/// The server that runs, or a new one in the background.
pub(crate) async fn ensure(
    settings: &Settings,
    http: Option<SocketAddr>,
) -> Result<Running, CliError> {
    let client = Client::connect(&settings.layout);
    match client.ping().await {
        Ok(ping) => return Ok(Running { ping, fresh: false }),
        Err(ClientError::NotRunning { source, .. })
            if source.kind() != io::ErrorKind::PermissionDenied => {}
        Err(error) => return Err(error.into()),
    }
    let ping = if unit::is_installed(settings) {
        unit::start().await.map_err(|source| StartError::Systemd { source })?;
        await_unit(&client).await?
    } else {
        let started = spawn(settings, http)?;
        started.await_ping(&client).await?
    };
    Ok(Running { ping, fresh: true })
}

/// Asks the server to end, and waits until it has. `None` when none ran.
pub(crate) async fn stop(settings: &Settings) -> Result<Option<Ping>, CliError> {
    let client = Client::connect(&settings.layout);
    let ping = match client.ping().await {
        Ok(ping) => ping,
        Err(ClientError::NotRunning { source, .. })
            if source.kind() != io::ErrorKind::PermissionDenied =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    end(ping.pid, STOP).await?;
    Ok(Some(ping))
}

struct Started {
    child: Child,
    /// What it prints: nothing, unless it cannot start or panics. Its log is a file of its own.
    log: PathBuf,
}

fn spawn(settings: &Settings, http: Option<SocketAddr>) -> Result<Started, StartError> {
    let folder = settings.layout.own_logs();
    // As private as the server itself makes them.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|source| StartError::Folder { path: folder, source })?;
    let path = settings.layout.own_logs().join("server-output.log");
    let failed = |source| StartError::Log { path: path.clone(), source };
    File::create(&path).map_err(failed)?;
    let log = File::options().append(true).open(&path).map_err(failed)?;
    let other = log.try_clone().map_err(failed)?;
    let mut command = Command::new(&settings.program);
    if let Some(home) = &settings.home {
        command.arg("--home").arg(home);
    }
    command.args(["--color", "never", "server", "start", "--foreground", "--own-session"]);
    if let Some(http) = http {
        command.arg("--http").arg(http.to_string());
    }
    command.current_dir("/").stdin(Stdio::null()).stdout(log).stderr(other);
    let child = command
        .spawn()
        .map_err(|source| StartError::Spawn { program: settings.program.clone(), source })?;
    Ok(Started { child, log: path })
}

impl Started {
    async fn await_ping(mut self, client: &Client) -> Result<Ping, CliError> {
        let begun = Instant::now();
        loop {
            // Looked at before the ping: of two servers that start at once one gives way, and
            // then the other one answers.
            let ended = self.child.try_wait().ok().flatten();
            if let Ok(ping) = client.ping().await {
                return Ok(ping);
            }
            let tail = || tail(&self.log);
            if let Some(status) = ended {
                let (status, log, tail) = (status.to_string(), self.log.clone(), tail());
                return Err(StartError::Died { status, log, tail }.into());
            }
            if begun.elapsed() > START {
                let waited_ms = START.as_millis() as u64;
                let (log, tail) = (self.log.clone(), tail());
                return Err(StartError::Silent { waited_ms, log, tail }.into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

async fn await_unit(client: &Client) -> Result<Ping, CliError> {
    let begun = Instant::now();
    loop {
        match client.ping().await {
            Ok(ping) => return Ok(ping),
            Err(error) if begun.elapsed() > START => return Err(error.into()),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// The last lines of a log; empty when it cannot be read.
fn tail(log: &Path) -> Vec<String> {
    let read = || -> io::Result<String> {
        let mut file = File::open(log)?;
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(end.saturating_sub(64 * 1024)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_shown() {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let text: String = (0..30).fold(String::new(), |text, n| text + &format!("line {n}\n"));
        std::fs::write(log.path(), text).expect("written");
        let lines = tail(log.path());
        assert_eq!(lines.len(), TAIL);
        assert_eq!(lines.last().expect("lines"), "line 29");
        assert!(tail(Path::new("/nonexistent")).is_empty());
    }
}
