//! uv for a project's own files: its lock and its virtual environment.
//!
//! Unlike in a build, uv writes into the project here, as its owner would have it do.

use super::host_python::HostPython;
use super::tools::PackageTools;
use super::uv::{FindUvError, Uv};
use super::uv_failure::UvFailure;
use std::path::{Path, PathBuf};
use windlass_model::PythonVersion;

/// A uv that may write into the project.
#[derive(Debug)]
pub struct UvProject {
    uv: Uv,
    pythons: Vec<PathBuf>,
}

impl UvProject {
    /// Finds uv, or fetches it into `cache`.
    pub fn find(tools: &PackageTools, cache: &Path) -> Result<Self, FindUvError> {
        let uv = Uv::find(tools, cache)?;
        Ok(Self { uv, pythons: tools.search.python.clone() })
    }

    /// The machine's Python of exactly that version.
    pub fn python(&self, wanted: PythonVersion) -> Option<String> {
        let mut all = HostPython::all(&self.pythons, self.uv.home());
        let python = all.find(|python| python.version == wanted)?;
        Some(python.executable.display().to_string())
    }

    /// Runs uv for a project, with the project's Python where the machine has it; gives what it
    /// wrote to its standard output.
    pub fn run(
        &self,
        project: &Path,
        python: PythonVersion,
        arguments: &[String],
    ) -> Result<String, UvFailure> {
        let mut all = arguments.to_vec();
        all.extend(["--quiet".to_owned(), "--project".to_owned(), project.display().to_string()]);
        if let Some(python) = self.python(python) {
            all.extend(["--python".to_owned(), python]);
        }
        all.extend(self.uv.index_arguments());
        self.uv.run_in(project, all)
    }

    /// Runs uv outside of any project.
    pub fn run_plain(&self, arguments: &[&str]) -> Result<String, UvFailure> {
        self.uv.run(arguments)
    }

    /// A folder of ours that uv may read from.
    pub fn home(&self) -> &Path {
        self.uv.home()
    }
}
