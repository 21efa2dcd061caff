//! A command in the form that `execve` takes.

use super::failure::{Failure, c_string};
use super::report::{EXECUTE, Report, WORK_FOLDER};
use crate::sys::{self, NullTerminated};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// A command, its environment and its folder, ready to be executed without allocating.
pub(crate) struct Program {
    candidates: Vec<CString>,
    argv: NullTerminated,
    env: NullTerminated,
    cwd: CString,
}

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Program {
    /// Prepares a command; a name without `/` is looked for along the `PATH` in `env`.
    pub(crate) fn new(
        command: &[String],
        env: &BTreeMap<String, String>,
        cwd: &Path,
    ) -> Result<Self, Failure> {
        let name = command.first().map(String::as_str).unwrap_or_default();
        let path = env.get("PATH").map_or(DEFAULT_PATH, String::as_str);
        let candidates = candidates(name, path).iter().map(c_string).collect::<Result<_, _>>()?;
        let argv = command.iter().map(c_string).collect::<Result<_, _>>()?;
        let env = env
            .iter()
            .map(|(name, value)| c_string(&format!("{name}={value}")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            candidates,
            argv: NullTerminated::new(argv),
            env: NullTerminated::new(env),
            cwd: c_string(cwd)?,
        })
    }

    /// Becomes the command. On failure reports it and ends the process with 127 when there is no
    /// such command and 126 otherwise, as shells do.
    pub(crate) fn execute(&self, report: BorrowedFd<'_>) -> ! {
        if let Err(error) = rustix::process::chdir(&self.cwd) {
            Report::Failed { index: WORK_FOLDER, errno: error.raw_os_error() }.write(report);
            sys::exit_now(126);
        }
        let error = sys::run_program(&self.candidates, &self.argv, &self.env);
        Report::Failed { index: EXECUTE, errno: error.raw_os_error() }.write(report);
        sys::exit_now(if error == rustix::io::Errno::NOENT { 127 } else { 126 })
    }
}

fn candidates(name: &str, path: &str) -> Vec<PathBuf> {
    if name.contains('/') {
        return vec![name.into()];
    }
    // An empty entry means the current folder to shells; here it is no entry at all.
    path.split(':').filter(|dir| !dir.is_empty()).map(|dir| Path::new(dir).join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_looked_up_as_shells_do() {
        assert_eq!(candidates("/bin/sh", "/a"), [PathBuf::from("/bin/sh")]);
        assert_eq!(candidates("./x", "/a"), [PathBuf::from("./x")]);
        assert_eq!(candidates("sh", "/a::/b"), [PathBuf::from("/a/sh"), "/b/sh".into()]);
    }
}
