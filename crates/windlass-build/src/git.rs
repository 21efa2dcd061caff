//! git, only read from.
//!
//! Everything is switched off by which a repository's own configuration could start a program or a
//! transfer: hooks, file system monitors, signature checks, filters, lazy fetches. The environment
//! is made from nothing, times are UTC, paths are said as they are.

use std::collections::BTreeMap;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// What git needs of the environment: itself, and the settings of the user.
const PASSED: [&str; 4] = ["PATH", "HOME", "XDG_CONFIG_HOME", "USER"];

/// A folder in a repository, or in none.
#[derive(Clone, Copy)]
pub(crate) struct Git<'a> {
    /// The folder.
    pub(crate) folder: &'a Path,
    /// The environment that the few variables are taken from.
    pub(crate) environment: &'a BTreeMap<String, String>,
}

impl Git<'_> {
    /// What git answers; `None` when it fails or is not there.
    pub(crate) fn ask(&self, arguments: &[&str], input: Option<&str>) -> Option<Vec<u8>> {
        let stdin = match input {
            None => Stdio::null(),
            // A file and no pipe: git may answer before it has read everything.
            Some(input) => {
                let mut file = tempfile::tempfile().ok()?;
                file.write_all(input.as_bytes()).ok()?;
                file.rewind().ok()?;
                Stdio::from(file)
            }
        };
        let kept = PASSED.iter().filter_map(|name| Some((name, self.environment.get(*name)?)));
        let output = Command::new("git")
            .args(["--no-optional-locks", "--no-pager", "--literal-pathspecs"])
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
            .args(["-c", "log.showSignature=false", "-c", "protocol.allow=never"])
            .args(["-c", "core.quotePath=false", "-C"])
            .arg(self.folder)
            .args(arguments)
            .env_clear()
            .envs(kept)
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(stdin)
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output.status.success().then_some(output.stdout)
    }
}
