//! Credential helpers: programs named `docker-credential-<name>` that are asked with `get`, the
//! server on standard input, and answer JSON on standard output.
//!
//! Invariants: no shell; the name is a plain word; the program is looked for in the caller's
//! folders alone, gets the caller's environment alone, and is killed when it takes too long.

use super::credentials::{Credentials, CredentialsError, Keychain, Secret};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::Deserialize;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long a helper may take: some ask a person or a server.
const LIMIT: Duration = Duration::from_mins(1);
/// Largest answer that is read, in bytes.
const ANSWER: u64 = 1 << 20;
/// What a helper says where it has nothing: Docker's own words, on standard output.
const NOTHING: &str = "credentials not found";

/// Why a helper gave no credentials.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// There is no such program, or the name is none.
    #[error("there is no credential helper `docker-credential-{name}` to be found")]
    Missing {
        /// The helper's name.
        name: String,
    },
    /// It could not be run.
    #[error("{} could not be run", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It took too long.
    #[error("{} gave no answer within {limit_ms} ms", program.display())]
    Slow {
        /// The program.
        program: PathBuf,
        /// How long it may take, in milliseconds.
        limit_ms: u64,
    },
    /// It ended with a failure.
    #[error("{} knows nothing about {server}: {said}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// What it was asked about.
        server: String,
        /// What it printed, or how it ended.
        said: String,
    },
    /// Its answer is no JSON with a user name and a secret.
    #[error("{} gave an answer that is none", program.display())]
    Answer {
        /// The program.
        program: PathBuf,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks the helper `name` about a server; `None` where it has nothing.
pub(super) fn ask(
    keychain: &Keychain,
    name: &str,
    server: &str,
) -> Result<Option<Credentials>, CredentialsError> {
    Ok(ask_within(keychain, name, server, LIMIT)?)
}

fn ask_within(
    keychain: &Keychain,
    name: &str,
    server: &str,
    limit: Duration,
) -> Result<Option<Credentials>, ProgramError> {
    let program = find(&keychain.helper_folders, name)
        .ok_or_else(|| ProgramError::Missing { name: name.to_owned() })?;
    let failed = |source| ProgramError::Run { program: program.clone(), source };
    let mut child = Command::new(&program)
        .arg("get")
        .env_clear()
        .envs(&keychain.environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that knows the answer without reading is none the worse.
        let _ = writeln!(input, "{server}");
    }
    let slow =
        || ProgramError::Slow { program: program.clone(), limit_ms: limit.as_millis() as u64 };
    let (output, status) = output_within(child, limit).map_err(failed)?.ok_or_else(slow)?;
    answer(&program, server, &output, status)
}

/// What the program printed, and how it ended; `None` when it had to be killed.
fn output_within(mut child: Child, limit: Duration) -> io::Result<Option<(Vec<u8>, ExitStatus)>> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let handle = pidfd_open(pid.ok_or(io::ErrorKind::InvalidData)?, PidfdFlags::empty())?;
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        let mut output = Vec::new();
        let stdout = child.stdout.take();
        let read = stdout.map_or(Ok(0), |out| out.take(ANSWER).read_to_end(&mut output));
        let status = child.wait();
        // Nobody listens any more when it took too long.
        let _ = sender.send(read.and(status).map(|status| (output, status)));
    });
    if let Ok(ended) = ended.recv_timeout(limit) {
        return ended.map(Some);
    }
    pidfd_send_signal(&handle, Signal::KILL)?;
    Ok(None)
}

fn answer(
    program: &Path,
    server: &str,
    output: &[u8],
    status: ExitStatus,
) -> Result<Option<Credentials>, ProgramError> {
    let program = program.to_owned();
    if !status.success() {
        let said: String = String::from_utf8_lossy(output).trim().chars().take(200).collect();
        if said.contains(NOTHING) {
            return Ok(None);
        }
        let said = if said.is_empty() { status.to_string() } else { said };
        return Err(ProgramError::Failed { program, server: server.to_owned(), said });
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(output) else {
        return Err(ProgramError::Answer { program });
    };
    let secret = Secret::new(answer.secret);
    Ok(Some(match answer.username.as_str() {
        "<token>" => Credentials::Identity { token: secret },
        _ => Credentials::Basic { user: answer.username, password: secret },
    }))
}

fn find(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let file = format!("docker-credential-{name}");
    folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use tempfile::TempDir;

    /// A helper that runs `script` with a shell of its own.
    fn helper(script: &str) -> (TempDir, Keychain) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("docker-credential-test");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("ours");
        let environment = [("WHO".to_owned(), "ada".to_owned())].into();
        let folders = vec![dir.path().to_owned()];
        (dir, Keychain { helper_folders: folders, environment, ..Keychain::default() })
    }

    #[test]
    fn a_helper_is_asked_about_the_server_and_answers() {
        let (_dir, keychain) = helper(
            r#"read server; test "$1" = get || exit 9
            printf '{"ServerURL":"%s","Username":"%s","Secret":"for-%s"}' "$server" "$WHO" "$server""#,
        );
        let found = ask(&keychain, "test", "r.example:5000").expect("it answers");
        let password = Secret::new("for-r.example:5000");
        assert_eq!(found, Some(Credentials::Basic { user: "ada".to_owned(), password }));
        for bad in ["", "../test", "a b", "none"] {
            let error = ask(&keychain, bad, "r.example").expect_err(bad);
            let CredentialsError::Helper(error) = error else { panic!("{bad}: {error}") };
            assert!(matches!(error, ProgramError::Missing { .. }), "{bad}: {error}");
        }
    }

    #[test]
    fn a_token_and_nothing_and_failures_are_told_apart() {
        let (_dir, keychain) = helper(r#"echo '{"Username":"<token>","Secret":"t"}'"#);
        let found = ask(&keychain, "test", "s").expect("it answers");
        assert_eq!(found, Some(Credentials::Identity { token: Secret::new("t") }));
        let (_dir, keychain) = helper("echo credentials not found in native keychain; exit 1");
        assert_eq!(ask(&keychain, "test", "s").expect("it answers"), None);
        let (_dir, keychain) = helper("echo the vault is locked; exit 1");
        let error = ask(&keychain, "test", "s").expect_err("it fails");
        assert!(error.to_string().contains("the vault is locked"), "{error}");
        let (_dir, keychain) = helper("echo hello");
        let error = ask(&keychain, "test", "s").expect_err("no answer");
        assert!(matches!(error, CredentialsError::Helper(ProgramError::Answer { .. })), "{error}");
    }

    #[test]
    fn a_helper_that_hangs_is_killed() {
        let (_dir, keychain) = helper("read server; exec sleep 600");
        let ended = ask_within(&keychain, "test", "s", Duration::from_millis(200));
        assert!(matches!(ended, Err(ProgramError::Slow { limit_ms: 200, .. })), "{ended:?}");
    }
}
