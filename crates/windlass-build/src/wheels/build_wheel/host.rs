//! Building plain Python wheels with this machine's own Python.
//!
//! Compilers are replaced by a script that refuses: what depends on this machine's compiler and
//! headers would not be reproducible, and would not fit the image.

use super::{BuildInput, BuildWheelError, only_wheel};
use crate::wheels::host_python::HostPython;
use crate::wheels::place;
use crate::wheels::uv::Uv;
use crate::wheels::wheel_error::WheelError;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use windlass_model::{Problem, PythonVersion};

/// What the script says that stands in for compilers.
const REFUSAL: &str = "windlass: no compiler here for:";
/// How much of a build's output an error carries.
const OUTPUT_LINES: usize = 20;

/// Builds plain Python wheels on this machine.
pub(in crate::wheels) struct HostBuilder<'a> {
    uv: &'a Uv,
    python: HostPython,
}

impl<'a> HostBuilder<'a> {
    /// Prepares builds with the Python of this machine that is nearest to the image's.
    pub(in crate::wheels) fn new(uv: &'a Uv, python: HostPython) -> Self {
        Self { uv, python }
    }

    /// Builds a wheel without a compiler. `no_container` says why none is at hand.
    pub(in crate::wheels) fn build(
        &self,
        input: BuildInput<'_>,
        out: &Path,
        no_container: Option<Box<Problem>>,
    ) -> Result<PythonVersion, BuildWheelError> {
        let built = self.run(input, out).and_then(|()| match only_wheel(out) {
            Some(file) => refuse_compiled(input.package, &out.join(file)),
            None => Ok(()),
        });
        match built {
            Ok(()) => Ok(self.python.version),
            Err(BuildWheelError::NeedsCompiler { package, attempt, .. }) => {
                Err(BuildWheelError::NeedsCompiler { package, attempt, no_container })
            }
            Err(error) => Err(error),
        }
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
        return BuildWheelError::NeedsCompiler { package, attempt, no_container: None };
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
            let package = package.to_owned();
            return Err(BuildWheelError::NeedsCompiler { package, attempt, no_container: None });
        }
    }
    Ok(())
}
