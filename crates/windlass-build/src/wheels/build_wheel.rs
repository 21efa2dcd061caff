//! Building a wheel from a source archive or a folder, with uv, in isolation, without a compiler.
//!
//! Code of the package runs here, on this machine, as every installer of source archives does.
//! Compilers are replaced by a script that refuses: what depends on this machine's compiler and
//! headers would not be reproducible, and would not fit the image. Packages that can do without
//! their compiled part then build as plain Python; the others are refused, with what they tried.
//! A result is kept by the digest of its source and the Python it was built with.

mod error;

pub use error::BuildWheelError;

use super::host_python::HostPython;
use super::place;
use super::uv::Uv;
use super::wheel_error::WheelError;
use super::wheel_segment::WheelForm;
use crate::scheme::Scheme;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use windlass_model::{Digest, PythonVersion};

/// A wheel that was built, in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BuiltWheel {
    /// Its file.
    pub(super) path: PathBuf,
    /// SHA-256 of it.
    pub(super) digest: Digest,
    /// The Python that the build ran on.
    pub(super) python: PythonVersion,
}

/// What to build.
#[derive(Debug, Clone, Copy)]
pub(super) struct BuildInput<'a> {
    /// Name and version, for messages.
    pub(super) package: &'a str,
    /// A source archive under its proper name, or a folder that may be written to.
    pub(super) source: &'a Path,
    /// Digest of the archive, or of the folder's contents.
    pub(super) digest: Digest,
    /// The image's Python.
    pub(super) scheme: Scheme,
}

/// Builds wheels.
pub(super) struct WheelBuilder<'a> {
    uv: &'a Uv,
    python: HostPython,
    cache: &'a Path,
}

const CACHE_FORM: &str = "2";
/// What the script says that stands in for compilers.
const REFUSAL: &str = "windlass: no compiler here for:";
/// How much of a build's output an error carries.
const OUTPUT_LINES: usize = 20;

/// A wheel built before from a source with that digest: in a segment, or whole. One that a power
/// cut emptied is built again.
pub(super) fn known(source: Digest, scheme: Scheme, cache: &Path) -> Option<BuiltWheel> {
    let index = std::fs::read(folder_of(source, scheme.python, cache).join("built.json")).ok()?;
    let built: BuiltWheel = serde_json::from_slice(&index).ok()?;
    let form = WheelForm { digest: built.digest, scheme, built: true };
    let is_whole = || digest_file(&built.path).is_ok_and(|digest| digest == built.digest);
    (form.known(cache).is_some() || is_whole()).then_some(built)
}

fn folder_of(source: Digest, python: PythonVersion, cache: &Path) -> PathBuf {
    cache.join("built").join(format!("{}-{python}-{CACHE_FORM}", source.hex()))
}

impl<'a> WheelBuilder<'a> {
    /// Prepares builds with the Python of this machine that is nearest to the image's.
    pub(super) fn new(uv: &'a Uv, python: HostPython, cache: &'a Path) -> Self {
        Self { uv, python, cache }
    }

    /// Builds a wheel, or gives the one built before.
    pub(super) fn build(&self, input: BuildInput<'_>) -> Result<BuiltWheel, BuildWheelError> {
        if let Some(built) = known(input.digest, input.scheme, self.cache) {
            return Ok(built);
        }
        let folder = folder_of(input.digest, input.scheme.python, self.cache);
        let io = |source| BuildWheelError::Io { path: folder.clone(), source };
        let scratch = place::scratch_for(&folder).map_err(io)?;
        self.run(input, scratch.path())?;
        let file = only_wheel(scratch.path()).ok_or_else(|| BuildWheelError::Result {
            package: input.package.to_owned(),
            source: None,
        })?;
        refuse_compiled(input.package, &scratch.path().join(&file))?;
        let wheel = scratch.path().join(&file);
        let digest = digest_file(&wheel).map_err(io)?;
        // On disk before the folder has its name: a power cut must not leave a name with nothing in it.
        File::open(&wheel).and_then(|wheel| wheel.sync_all()).map_err(io)?;
        let built = BuiltWheel { path: folder.join(&file), digest, python: self.python.version };
        let index = serde_json::to_vec(&built)
            .unwrap_or_else(|error| unreachable!("a path and a digest serialise: {error}"));
        place::write_file(&scratch.path().join("built.json"), &index).map_err(io)?;
        if folder.exists() && known(input.digest, input.scheme, self.cache).is_none() {
            std::fs::remove_dir_all(&folder).map_err(io)?;
        }
        place::put_folder(scratch, &folder).map_err(io)?;
        // Another process may have been first, with a wheel that differs in its zip times.
        known(input.digest, input.scheme, self.cache)
            .ok_or_else(|| io(std::io::ErrorKind::NotFound.into()))
    }

    fn run(&self, input: BuildInput<'_>, out: &Path) -> Result<(), BuildWheelError> {
        let tools = self.refusing_compilers()?;
        let io = |source| BuildWheelError::Io { path: tools.clone(), source };
        let mut command = self.uv.command();
        command.args(["build", "--wheel", "--out-dir"]).arg(out);
        command.arg("--python").arg(&self.python.executable).arg(input.source);
        command.args(self.uv.index_arguments());
        for name in ["CC", "CXX", "LD", "F77", "F90", "CARGO", "RUSTC"] {
            command.env(name, &tools);
        }
        // A version taken from a repository's history would differ between checkouts, and a
        // copy of a folder has no history.
        for name in ["SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION", "PDM_BUILD_SCM_VERSION"] {
            if input.source.is_dir() {
                command.env(name, "0.0.0");
            }
        }
        let output = command.output().map_err(io)?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Err(read_failure(input.package, &text))
    }

    /// A program that stands in for every compiler and says what it was asked to compile.
    fn refusing_compilers(&self) -> Result<PathBuf, BuildWheelError> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.uv.home().join("no-compiler");
        let io = |source| BuildWheelError::Io { path: path.clone(), source };
        if !path.is_file() {
            let text = format!("#!/bin/sh\necho \"{REFUSAL} $*\" >&2\nexit 1\n");
            let scratch = place::scratch_for(&path).map_err(io)?;
            let ours = scratch.path().join("no-compiler");
            std::fs::write(&ours, text).map_err(io)?;
            std::fs::set_permissions(&ours, PermissionsExt::from_mode(0o755)).map_err(io)?;
            std::fs::rename(&ours, &path).map_err(io)?;
        }
        Ok(path)
    }
}

/// Tells a missing compiler from any other failure of a build.
fn read_failure(package: &str, text: &str) -> BuildWheelError {
    let package = package.to_owned();
    let attempt = text.lines().find_map(|line| line.split_once(REFUSAL).map(|(_, rest)| rest));
    let missing_tool = || {
        let wanted =
            ["pg_config executable not found", "mysql_config", "pkg-config", "can't find Rust"];
        text.lines().find(|line| wanted.iter().any(|tool| line.contains(tool)))
    };
    if let Some(attempt) = attempt.or_else(missing_tool) {
        let attempt = shorten(attempt.trim());
        return BuildWheelError::NeedsCompiler { package, attempt };
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let output = lines[lines.len().saturating_sub(OUTPUT_LINES)..].join("\n");
    BuildWheelError::Failed { package, output }
}

/// The source file of a compiler's command line, else its end.
fn shorten(attempt: &str) -> String {
    let endings = [".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs", ".f", ".f90", ".S"];
    let file = attempt.split_whitespace().find(|word| endings.iter().any(|e| word.ends_with(e)));
    file.map_or_else(|| attempt.chars().take(200).collect(), |file| format!("compiling {file}"))
}

fn only_wheel(folder: &Path) -> Option<String> {
    let mut names = std::fs::read_dir(folder).ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        place::has_extension(&name, "whl").then_some(name)
    });
    let first = names.next()?;
    names.next().is_none().then_some(first)
}

/// A wheel is plain Python when no file in it is machine code, whatever its name claims: the
/// packages that can do without their compiled part still name the platform.
fn refuse_compiled(package: &str, wheel: &Path) -> Result<(), BuildWheelError> {
    let result = |source| BuildWheelError::Result {
        package: package.to_owned(),
        source: Some(WheelError::Archive { source }),
    };
    let io = |source| BuildWheelError::Io { path: wheel.to_owned(), source };
    let file = BufReader::new(File::open(wheel).map_err(io)?);
    let mut archive = zip::ZipArchive::new(file).map_err(result)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(result)?;
        let mut magic = [0; 4];
        if entry.read_exact(&mut magic).is_ok() && magic == *b"\x7fELF" {
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let attempt = format!("its build gives the compiled file {name}");
            return Err(BuildWheelError::NeedsCompiler { package: package.to_owned(), attempt });
        }
    }
    Ok(())
}

/// SHA-256 of a file.
pub(super) fn digest_file(path: &Path) -> std::io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_bytes(hash.finalize().into())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_that_a_power_cut_emptied_is_not_known() {
        let cache = tempfile::tempdir().expect("a folder");
        let (source, python) = (Digest::from_bytes([1; 32]), PythonVersion::three(13));
        let folder = folder_of(source, python, cache.path());
        std::fs::create_dir_all(&folder).expect("made");
        let path = folder.join("a-1-py3-none-any.whl");
        std::fs::write(&path, "a wheel").expect("written");
        let digest = digest_file(&path).expect("readable");
        let built = BuiltWheel { path: path.clone(), digest, python };
        let index = serde_json::to_vec(&built).expect("serialises");
        std::fs::write(folder.join("built.json"), index).expect("written");
        assert_eq!(known(source, Scheme::debian(python), cache.path()), Some(built));
        std::fs::write(&path, "").expect("written");
        assert_eq!(known(source, Scheme::debian(python), cache.path()), None);
    }
}
