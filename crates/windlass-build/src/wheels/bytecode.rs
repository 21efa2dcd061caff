//! Bytecode of the wheels' modules, compiled once per wheel and Python, and kept as a segment.
//!
//! Unchecked-hash files (PEP 552): they hold no time, and importing them costs no look at the
//! source. They hold the path of their source, so they are made for its path in the image. The
//! image's own interpreter compiles them. What a file compiles to may depend on what its process
//! compiled before, so each process gets a fixed run of one wheel's files. Sources that are not
//! valid for this Python (templates, Python 2 remainders, tests) get none, as with every
//! installer. RECORD lists the bytecode, so it is in this segment and not in the wheel's.

mod error;

pub use error::BytecodeError;

use super::cores::on_every_core;
use super::place;
use super::placement::{Placement, PlannedContent};
use super::segment::{Segment, SegmentDraft};
use super::wheel_segment::add_text;
use crate::scheme::Scheme;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use windlass_model::Digest;
use windlass_oci::{FileHead, PieceSource, SegmentError};

/// The image's interpreter as something that can be run here.
#[derive(Clone, Copy)]
pub struct Interpreter<'a> {
    /// Makes a command that runs it, ready for arguments.
    pub command: &'a (dyn Fn() -> Command + Sync),
    /// Where it is in the image, and which feature release it is.
    pub scheme: Scheme,
}

/// Changes whenever what is compiled, or how, or how it is kept, does.
const CACHE_FORM: &str = "3";
const SCRIPT: &str = include_str!("compile.py");
/// Files that one process compiles: most of the cost of a process is shared.
const GROUP: usize = 32;

/// Gives the bytecode of each wheel, compiling what the cache lacks in one run.
pub(super) fn ensure(
    wheels: &[&Segment],
    interpreter: Interpreter<'_>,
    cache: &Path,
) -> Result<Vec<Segment>, BytecodeError> {
    let identity = identity_of(interpreter)?;
    let keys: Vec<Digest> = wheels.iter().map(|wheel| key_of(wheel.key, &identity)).collect();
    let mut ready = on_every_core(&keys, |key| Segment::open(*key, cache));
    let missing: Vec<usize> = (0..wheels.len()).filter(|at| ready[*at].is_none()).collect();
    if !missing.is_empty() {
        let pending = on_every_core(&missing, |at| {
            Pending::extract(wheels[*at], *at, interpreter.scheme, cache)
        });
        let pending = pending.into_iter().collect::<Result<Vec<_>, _>>()?;
        let invalid = compile(&pending, interpreter)?;
        let placement = Placement { scheme: interpreter.scheme };
        let packed = on_every_core(&pending, |wheel| {
            wheel.pack((wheels[wheel.index], keys[wheel.index]), placement, &invalid, cache)
        });
        for (at, packed) in missing.into_iter().zip(packed) {
            ready[at] = Some(packed?);
        }
    }
    Ok(ready.into_iter().flatten().collect())
}

/// A wheel whose bytecode is being made.
struct Pending {
    index: usize,
    scratch: TempDir,
    jobs: Vec<Job>,
}

struct Job {
    /// The source and the bytecode, in the scratch folder.
    source: PathBuf,
    target: PathBuf,
    shown: String,
    /// The bytecode's path in the image.
    path: String,
    source_sha256: String,
}

impl Pending {
    /// Writes the wheel's sources where the compiler can read them.
    fn extract(
        wheel: &Segment,
        index: usize,
        scheme: Scheme,
        cache: &Path,
    ) -> Result<Self, BytecodeError> {
        let io = |source| BytecodeError::Io { path: cache.to_owned(), source };
        let scratch = tempfile::Builder::new().prefix("compile-").tempdir_in(cache).map_err(io)?;
        let mut jobs = Vec::new();
        for file in &wheel.index.files {
            let Some(path) = bytecode_path(&file.path, scheme) else { continue };
            let number = jobs.len();
            let job = Job {
                source: scratch.path().join(format!("{number}.py")),
                target: scratch.path().join(format!("{number}.pyc")),
                shown: format!("/{}", file.path),
                path,
                source_sha256: file.sha256.clone(),
            };
            let text = wheel.files.content(&file.slice).map_err(|error| failed(error, cache))?;
            std::fs::write(&job.source, text).map_err(io)?;
            jobs.push(job);
        }
        Ok(Self { index, scratch, jobs })
    }

    /// Makes a segment of what was compiled, and RECORD.
    fn pack(
        &self,
        (wheel, key): (&Segment, Digest),
        placement: Placement,
        invalid: &BTreeSet<(usize, usize)>,
        cache: &Path,
    ) -> Result<Segment, BytecodeError> {
        let io = |source| BytecodeError::Io { path: self.scratch.path().to_owned(), source };
        let pack = |error| failed(error, cache);
        let mut draft = SegmentDraft::new(key, cache).map_err(io)?;
        let numbered = self.jobs.iter().enumerate();
        let valid = numbered.filter(|(number, _)| !invalid.contains(&(self.index, *number)));
        let mut valid: Vec<&Job> = valid.map(|(_, job)| job).collect();
        valid.sort_by(|a, b| a.path.cmp(&b.path));
        for job in &valid {
            let mut bytecode = File::open(&job.target).map_err(io)?;
            let size = bytecode.metadata().map_err(io)?.len();
            let head = FileHead { path: &job.path, mode: 0o644, size };
            let content = PieceSource::Plain(&mut bytecode);
            draft.add(head, content, &mut |_| {}).map_err(pack)?;
            // Equal sources at one path give equal bytecode.
            draft.set_hash(format!("bytecode of {}", job.source_sha256));
        }
        let paths: Vec<String> = valid.iter().map(|job| job.path.clone()).collect();
        let record = placement.record(&wheel.index, &paths);
        if let PlannedContent::Text(text) = &record.content {
            add_text(&mut draft, &record, text).map_err(pack)?;
        }
        draft.finish(&wheel.index.dist_info).map_err(pack)
    }
}

fn failed(error: SegmentError, cache: &Path) -> BytecodeError {
    match error {
        SegmentError::Damaged { path } => BytecodeError::Damaged { path },
        SegmentError::Read { path, source } => BytecodeError::Io { path, source },
        SegmentError::Write { source } | SegmentError::Content { source } => {
            BytecodeError::Io { path: cache.to_owned(), source }
        }
        SegmentError::Path { .. } | SegmentError::Deflate(_) | SegmentError::Length { .. } => {
            BytecodeError::Io { path: cache.to_owned(), source: std::io::Error::other(error) }
        }
    }
}

/// `pkg/__pycache__/mod.cpython-313.pyc` for `pkg/mod.py` (PEP 3147).
fn bytecode_path(source: &str, scheme: Scheme) -> Option<String> {
    let (folder, name) = source.rsplit_once('/')?;
    let stem = name.strip_suffix(".py")?;
    let is_module = format!("{folder}/").starts_with(&format!("{}/", scheme.packages()));
    let tag = format!("cpython-{}{}", scheme.python.major, scheme.python.minor);
    is_module.then(|| format!("{folder}/__pycache__/{stem}.{tag}.pyc"))
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
    let version = String::from_utf8_lossy(&output.stdout);
    // Bytecode holds the paths of its sources.
    Ok(format!("{version} in /{}", interpreter.scheme.packages()))
}

fn key_of(wheel: Digest, identity: &str) -> Digest {
    place::digest_of([CACHE_FORM, SCRIPT, &wheel.hex(), identity])
}

/// Compiles everything in one run and gives the jobs whose source is not valid, each by the
/// wheel's number and its own.
fn compile(
    pending: &[Pending],
    interpreter: Interpreter<'_>,
) -> Result<BTreeSet<(usize, usize)>, BytecodeError> {
    let (mut lines, mut jobs) = (String::new(), Vec::new());
    for wheel in pending {
        for (number, job) in wheel.jobs.iter().enumerate() {
            let (source, target) = (job.source.display(), job.target.display());
            let group = format!("{}.{}", wheel.index, number / GROUP);
            let _ = writeln!(lines, "{source}\0{}\0{target}\0{group}", job.shown);
            jobs.push((wheel.index, number));
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
    let numbers = text.lines().filter_map(|line| line.parse::<usize>().ok());
    Ok(numbers.filter_map(|line| jobs.get(line).copied()).collect())
}
