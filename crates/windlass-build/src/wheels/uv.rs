//! uv as an executable: found, or fetched by the machine's own pip, and run with care.
//!
//! It runs outside the project's folder (except where requirements name paths), with an environment made from nothing, an interpreter
//! that is always named, and a cache of ours. It never downloads a Python to run it.

mod job;

use super::host_python::HostPython;
use super::index_settings::IndexSettings;
use super::tools::{PackageTools, UvSearch};
use super::uv_failure::{UvFailure, read_failure};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why there is no uv to run.
#[derive(Debug, thiserror::Error)]
pub enum FindUvError {
    /// `$UV` names something that does not run.
    #[error("{} was named as uv, but it does not run", path.display())]
    Explicit {
        /// The path given.
        path: PathBuf,
    },
    /// There is no uv, and no Python that could fetch it.
    #[error("uv is not installed, and there is no Python 3 with pip that could fetch it")]
    NoPython {
        /// Where Python was looked for.
        tried: Vec<PathBuf>,
    },
    /// pip could not install it.
    #[error("uv is not installed, and {} -m pip could not fetch it", python.display())]
    Pip {
        /// The Python whose pip was asked last.
        python: PathBuf,
        /// The last lines that pip wrote.
        output: String,
    },
    /// A folder of the cache could not be used.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A uv that runs.
#[derive(Debug)]
pub(super) struct Uv {
    binary: PathBuf,
    settings: IndexSettings,
    cache: PathBuf,
    home: PathBuf,
}

/// How much of pip's output an error carries.
const PIP_LINES: usize = 15;

impl Uv {
    /// Finds uv, or fetches it into `cache`.
    pub(super) fn find(tools: &PackageTools, cache: &Path) -> Result<Self, FindUvError> {
        let home = cache.join("uv-home");
        std::fs::create_dir_all(&home)
            .map_err(|source| FindUvError::Io { path: home.clone(), source })?;
        let binary = match installed(&tools.search, &home)? {
            Some(binary) => binary,
            None => fetched(tools, cache, &home)?,
        };
        let settings = IndexSettings::for_uv(tools);
        Ok(Self { binary, settings, cache: cache.join("uv-cache"), home })
    }

    /// A folder of ours to run programs in: no project's settings apply there.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Runs uv and gives what it wrote to its standard output.
    pub(super) fn run<I, S>(&self, arguments: I) -> Result<String, UvFailure>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.run_in(&self.home, arguments)
    }

    /// The same in another folder, which relative paths in requirements start from.
    pub(super) fn run_in<I, S>(&self, folder: &Path, arguments: I) -> Result<String, UvFailure>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.finish(self.command().current_dir(folder).args(arguments))
    }

    /// The same without the machine's index settings, so that uv judges a project's own lock by
    /// the project's own indexes: behind a mirror, every lock would look out of date.
    pub(super) fn run_without_indexes<I, S>(&self, arguments: I) -> Result<String, UvFailure>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command();
        for name in ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"] {
            command.env_remove(name);
        }
        self.finish(command.args(arguments))
    }

    /// Runs a command of [`Self::command`], and gives what it wrote.
    pub(super) fn finish(&self, command: &mut Command) -> Result<String, UvFailure> {
        let output = command
            .output()
            .map_err(|source| UvFailure::Start { binary: self.binary.clone(), source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(read_failure(&String::from_utf8_lossy(&output.stderr)))
    }

    /// The index options that have no variable. Folders that do not exist are left out: pip only
    /// warns about them, uv would stop.
    pub(super) fn index_arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for link in &self.settings.find_links {
            let is_page = link.contains("://");
            if is_page || Path::new(link).exists() {
                arguments.extend(["--find-links".to_owned(), link.clone()]);
            }
        }
        if self.settings.no_index {
            arguments.push("--no-index".to_owned());
        }
        arguments
    }

    /// What a resolution depends on beside the project: hashed into its cache key.
    pub(super) fn settings_of(tools: &PackageTools) -> BTreeMap<String, String> {
        let settings = IndexSettings::for_uv(tools);
        let mut out = settings.environment;
        out.retain(|name, _| name.starts_with("UV_"));
        out.insert("find-links".to_owned(), settings.find_links.join(" "));
        out.insert("no-index".to_owned(), settings.no_index.to_string());
        out
    }

    /// A command that runs uv, with its whole environment set.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .envs(&self.settings.environment)
            .env("UV_CACHE_DIR", &self.cache)
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("UV_NO_PROGRESS", "1")
            .env("NO_COLOR", "1")
            // Archives cannot hold dates before 1980; any fixed one keeps built wheels equal.
            .env("SOURCE_DATE_EPOCH", "315532800")
            .env("PYTHONHASHSEED", "0")
            .current_dir(&self.home)
            .stdin(Stdio::null());
        command
    }
}

fn runs(binary: &Path, home: &Path) -> bool {
    Command::new(binary)
        .arg("--version")
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"uv "))
}

fn installed(search: &UvSearch, home: &Path) -> Result<Option<PathBuf>, FindUvError> {
    if let Some(path) = &search.explicit {
        let answer = runs(path, home).then(|| Some(path.clone()));
        return answer.ok_or_else(|| FindUvError::Explicit { path: path.clone() });
    }
    let candidates = std::iter::once(&search.beside).chain(&search.path);
    Ok(candidates.filter(|path| path.is_absolute()).find(|path| runs(path, home)).cloned())
}

/// The uv in our cache, put there by pip when it is not there yet.
///
/// Two processes may do this at once: each installs into a folder of its own, and the first to
/// rename it into place wins.
fn fetched(tools: &PackageTools, cache: &Path, home: &Path) -> Result<PathBuf, FindUvError> {
    let place = cache.join("uv-tool");
    let binary = place.join("bin/uv");
    if runs(&binary, home) {
        return Ok(binary);
    }
    let io = |source| FindUvError::Io { path: place.clone(), source };
    let mut last = FindUvError::NoPython { tried: tools.search.python.clone() };
    for python in HostPython::all(&tools.search.python, home) {
        let scratch = tempfile::Builder::new().prefix("uv-tool-").tempdir_in(cache).map_err(io)?;
        match install_with_pip(&python.executable, scratch.path(), tools, home) {
            Ok(()) => {}
            Err(error) => {
                last = error;
                continue;
            }
        }
        if place.exists() && !runs(&binary, home) {
            // A broken remainder, such as one of another processor on a shared disk.
            std::fs::remove_dir_all(&place).map_err(io)?;
        }
        let ours = scratch.keep();
        if let Err(source) = std::fs::rename(&ours, &place) {
            std::fs::remove_dir_all(&ours).map_err(io)?;
            if !runs(&binary, home) {
                return Err(io(source));
            }
        }
        return Ok(binary);
    }
    Err(last)
}

fn install_with_pip(
    python: &Path,
    target: &Path,
    tools: &PackageTools,
    home: &Path,
) -> Result<(), FindUvError> {
    let failed = |output: String| FindUvError::Pip { python: python.to_owned(), output };
    let output = Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary", ":all:", "--target"])
        .arg(target)
        .arg("uv")
        .env_clear()
        .envs(IndexSettings::for_pip(tools))
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() && runs(&target.join("bin/uv"), home) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    Err(failed(lines[lines.len().saturating_sub(PIP_LINES)..].join("\n")))
}
