//! Bytecode for sources outside wheels: the standard library and the project itself.

use super::Interpreter;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Stdio;
use windlass_model::PythonVersion;

const SCRIPT: &str = include_str!("../wheels/compile.py");

/// One source to compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompileJob {
    pub(crate) source: PathBuf,
    /// The source's path in the image, which tracebacks show.
    pub(crate) shown: String,
    /// Where the bytecode goes; its folder exists.
    pub(crate) target: PathBuf,
    /// Jobs of one group that follow each other share a process. What a file compiles to can
    /// depend on what its process compiled before, so a group must always have the same files.
    pub(crate) group: usize,
}

/// Why bytecode could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The interpreter cannot be started.
    #[error("the image's Python does not start on this machine")]
    Start {
        /// Why.
        source: io::Error,
    },
    /// The interpreter failed at something else than a source's syntax.
    #[error("the image's Python failed while it compiled modules")]
    Failed {
        /// What it wrote.
        output: String,
    },
}

/// Compiles all sources; gives the numbers of those that are not valid for this Python.
pub(crate) fn compile(
    interpreter: &Interpreter,
    jobs: &[CompileJob],
) -> Result<BTreeSet<usize>, CompileError> {
    let mut lines = String::new();
    for job in jobs {
        let (source, target) = (job.source.display(), job.target.display());
        let _ = writeln!(lines, "{source}\0{}\0{target}\0{}", job.shown, job.group);
    }
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let start = |source| CompileError::Start { source };
    let mut child = interpreter
        .command()
        .args(["-W", "ignore", "-c", SCRIPT, &at_once.to_string()])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    // The script reads all of its input before it writes; one that died early shows by its status.
    let sent = child.stdin.take().map(|mut stdin| stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().map_err(start)?;
    if !output.status.success() || !matches!(sent, Some(Ok(()))) {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(CompileError::Failed { output });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// `a/__pycache__/b.cpython-313.pyc` for `a/b.py` (PEP 3147); `None` for what is not a module.
pub(crate) fn bytecode_path(source: &str, python: PythonVersion) -> Option<String> {
    let stem = source.strip_suffix(".py")?;
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let slash = if folder.is_empty() { "" } else { "/" };
    let tag = format!("cpython-{}{}", python.major, python.minor);
    (!name.is_empty()).then(|| format!("{folder}{slash}__pycache__/{name}.{tag}.pyc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_lies_beside_its_source() {
        let python = PythonVersion::three(13);
        for (source, path) in [
            ("app/a.py", Some("app/__pycache__/a.cpython-313.pyc")),
            ("a.py", Some("__pycache__/a.cpython-313.pyc")),
            ("a.txt", None),
            ("a/.py", None),
        ] {
            assert_eq!(bytecode_path(source, python).as_deref(), path);
        }
    }
}
