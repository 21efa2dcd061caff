//! The machine's own Pythons: asked for their version, never trusted by their name.
//!
//! A `python3` on the search path may be a shim that reads a `.python-version` of the folder it
//! is started in and dies; so candidates run in a folder of ours, and what counts is the real
//! path that the interpreter itself reports.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use windlass_model::PythonVersion;

/// An interpreter of this machine that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPython {
    /// What it calls itself: an absolute path.
    pub(super) executable: PathBuf,
    /// Its feature release.
    pub(super) version: PythonVersion,
}

/// The oldest Python that the resolver can work with.
const OLDEST: PythonVersion = PythonVersion::three(8);

impl HostPython {
    /// Every candidate that runs and is recent enough, in the order given.
    pub(super) fn all<'a>(
        candidates: &'a [PathBuf],
        home: &'a Path,
    ) -> impl Iterator<Item = Self> + 'a {
        candidates
            .iter()
            .filter_map(move |candidate| ask(candidate, home))
            .filter(|python| python.version >= OLDEST)
    }

    /// The first of exactly this version, else the first that runs at all.
    pub(super) fn nearest(
        candidates: &[PathBuf],
        home: &Path,
        wanted: PythonVersion,
    ) -> Option<Self> {
        let mut first = None;
        for python in Self::all(candidates, home) {
            if python.version == wanted {
                return Some(python);
            }
            first.get_or_insert(python);
        }
        first
    }
}

fn ask(candidate: &Path, home: &Path) -> Option<HostPython> {
    let script = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)";
    let output = Command::new(candidate)
        .args(["-I", "-S", "-c", script])
        .current_dir(home)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let (version, executable) = text.trim_end().split_once('\n')?;
    let executable = PathBuf::from(executable);
    let version = version.parse().ok()?;
    executable.is_absolute().then_some(HostPython { executable, version })
}
