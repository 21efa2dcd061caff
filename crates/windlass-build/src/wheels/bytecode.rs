//! Bytecode of the wheels' modules, compiled once per wheel and Python.
//!
//! Unchecked-hash files (PEP 552): they hold no time, and importing them costs no look at the
//! source. They hold the path of their source, so they are made for its path in the image. The
//! image's own interpreter compiles them. What a file compiles to may depend on what its process
//! compiled before, so each process gets a fixed run of one wheel's files. Sources that are not valid for this Python
//! (templates, Python 2 remainders, tests) get none, as with every installer.

mod error;

pub use error::BytecodeError;

use super::place;
use super::placement::{PlacedFile, PlacedWheel};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use windlass_model::{Digest, PythonVersion};
use windlass_oci::Content;

/// The image's interpreter as something that can be run here.
#[derive(Clone, Copy)]
pub struct Interpreter<'a> {
    /// Makes a command that runs it, ready for arguments.
    pub command: &'a (dyn Fn() -> Command + Sync),
    /// Its feature release.
    pub version: PythonVersion,
}

/// One bytecode file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Compiled {
    /// Path in the image.
    pub(super) path: String,
    /// SHA-256 of its source: equal sources at one path give equal bytecode.
    pub(super) source_sha256: String,
    /// Name of the file in its cache folder.
    file: String,
    /// Size in bytes: a file that a power cut emptied is told by it.
    size: u64,
}

/// Bytecode of one wheel.
#[derive(Debug, Clone)]
pub(super) struct Bytecode {
    /// The folder that holds the files.
    folder: PathBuf,
    /// The files.
    pub(super) files: Vec<Compiled>,
}

/// Changes whenever what is compiled, or how, does.
const CACHE_FORM: &str = "2";
const SCRIPT: &str = include_str!("compile.py");
const INDEX: &str = "index.json";
/// Files that one process compiles: most of the cost of a process is shared.
const GROUP: usize = 32;

/// Gives the bytecode of each wheel, compiling what the cache lacks in one run.
pub(super) fn ensure(
    wheels: &[(Digest, &PlacedWheel)],
    interpreter: Interpreter<'_>,
    cache: &Path,
) -> Result<Vec<Bytecode>, BytecodeError> {
    let identity = identity_of(interpreter)?;
    let folders: Vec<PathBuf> = wheels
        .iter()
        .map(|(digest, _)| cache.join("bytecode").join(key_of(*digest, &identity)))
        .collect();
    let mut ready: Vec<Option<Bytecode>> = folders.iter().map(|folder| open(folder)).collect();
    let mut pending = Vec::new();
    for (index, known) in ready.iter().enumerate() {
        if known.is_none() {
            pending.push(Pending::new(
                index,
                wheels[index].1,
                &folders[index],
                interpreter.version,
            )?);
        }
    }
    if !pending.is_empty() {
        let invalid = compile(&pending, interpreter)?;
        let mut line = 0;
        for wheel in pending {
            let index = wheel.index;
            let lines = line..line + wheel.jobs.len();
            line = lines.end;
            let skipped: Vec<bool> = lines.map(|line| invalid.contains(&line)).collect();
            ready[index] = Some(wheel.finish(&folders[index], &skipped)?);
        }
    }
    Ok(ready.into_iter().flatten().collect())
}

impl Bytecode {
    /// The files as part of an installation.
    pub(super) fn placed(&self) -> impl Iterator<Item = PlacedFile> + '_ {
        self.files.iter().map(|compiled| PlacedFile {
            path: compiled.path.clone(),
            mode: 0o644,
            content: Content::Path(self.folder.join(&compiled.file)),
            sha256: format!("bytecode of {}", compiled.source_sha256),
            size: compiled.size,
        })
    }
}

/// A wheel whose bytecode is being made.
struct Pending {
    index: usize,
    scratch: TempDir,
    jobs: Vec<Job>,
}

struct Job {
    source: PathBuf,
    shown: String,
    path: String,
    source_sha256: String,
    file: String,
}

impl Pending {
    fn new(
        index: usize,
        wheel: &PlacedWheel,
        folder: &Path,
        version: PythonVersion,
    ) -> Result<Self, BytecodeError> {
        let scratch = place::scratch_for(folder)
            .map_err(|source| BytecodeError::Io { path: folder.to_owned(), source })?;
        let modules = wheel.files.iter().filter_map(|file| match &file.content {
            Content::Path(source) => Some((source, bytecode_path(&file.path, version)?, file)),
            Content::Bytes(_) => None,
        });
        let jobs = modules
            .enumerate()
            .map(|(number, (source, path, file))| Job {
                source: source.clone(),
                shown: format!("/{}", file.path),
                path,
                source_sha256: file.sha256.clone(),
                file: format!("{number}.pyc"),
            })
            .collect();
        Ok(Self { index, scratch, jobs })
    }

    fn finish(self, folder: &Path, skipped: &[bool]) -> Result<Bytecode, BytecodeError> {
        let io = |source| BytecodeError::Io { path: folder.to_owned(), source };
        let mut files = Vec::with_capacity(self.jobs.len());
        for (job, skipped) in self.jobs.into_iter().zip(skipped) {
            if !skipped {
                let size = self.scratch.path().join(&job.file).metadata().map_err(io)?.len();
                files.push(Compiled {
                    path: job.path,
                    source_sha256: job.source_sha256,
                    file: job.file,
                    size,
                });
            }
        }
        let bytes = serde_json::to_vec(&files)
            .unwrap_or_else(|error| unreachable!("an index is made of texts: {error}"));
        place::write_file(&self.scratch.path().join(INDEX), &bytes).map_err(io)?;
        if folder.exists() && open(folder).is_none() {
            std::fs::remove_dir_all(folder).map_err(io)?;
        }
        place::put_folder(self.scratch, folder).map_err(io)?;
        Ok(Bytecode { folder: folder.to_owned(), files })
    }
}

/// `pkg/__pycache__/mod.cpython-313.pyc` for `pkg/mod.py` (PEP 3147).
fn bytecode_path(source: &str, version: PythonVersion) -> Option<String> {
    let (folder, name) = source.rsplit_once('/')?;
    let stem = name.strip_suffix(".py")?;
    let is_module = folder.contains("/dist-packages");
    let tag = format!("cpython-{}{}", version.major, version.minor);
    is_module.then(|| format!("{folder}/__pycache__/{stem}.{tag}.pyc"))
}

fn open(folder: &Path) -> Option<Bytecode> {
    let files: Vec<Compiled> =
        serde_json::from_slice(&std::fs::read(folder.join(INDEX)).ok()?).ok()?;
    let whole = files.iter().all(|compiled| {
        folder.join(&compiled.file).metadata().is_ok_and(|found| found.len() == compiled.size)
    });
    whole.then(|| Bytecode { folder: folder.to_owned(), files })
}

/// What the interpreter says of itself: version, build, compiler.
fn identity_of(interpreter: Interpreter<'_>) -> Result<String, BytecodeError> {
    let output = (interpreter.command)()
        .arg("-VV")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| BytecodeError::Start { source })?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BytecodeError::Failed { output });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn key_of(wheel: Digest, identity: &str) -> String {
    place::digest_of([CACHE_FORM, SCRIPT, &wheel.hex(), identity]).hex()
}

/// Compiles everything in one run and gives the numbers of the jobs whose source is not valid.
fn compile(
    pending: &[Pending],
    interpreter: Interpreter<'_>,
) -> Result<BTreeSet<usize>, BytecodeError> {
    let mut lines = String::new();
    for wheel in pending {
        for (number, job) in wheel.jobs.iter().enumerate() {
            let target = wheel.scratch.path().join(&job.file);
            let (source, shown) = (job.source.display(), &job.shown);
            let group = format!("{}.{}", wheel.index, number / GROUP);
            let _ = writeln!(lines, "{source}\0{shown}\0{}\0{group}", target.display());
        }
    }
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut child = (interpreter.command)()
        .args(["-s", "-S", "-B", "-W", "ignore", "-c", SCRIPT])
        .arg(at_once.to_string())
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| BytecodeError::Start { source })?;
    // The script reads all of its input before it writes; one that died early shows by its status.
    let sent = child.stdin.take().map(|mut stdin| stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().map_err(|source| BytecodeError::Start { source })?;
    if !output.status.success() || sent.is_some_and(|sent| sent.is_err()) {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BytecodeError::Failed { output });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}
