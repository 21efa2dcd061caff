//! Where a project declares what it depends on, and what of it an image gets.
//!
//! Plain data: inspection chooses, the builder obeys. Paths are relative to the project's root.

use serde::{Deserialize, Serialize};

/// Where a project declares what it depends on. Paths are relative to the project's root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Dependencies {
    /// A `uv.lock` beside a `pyproject.toml`, or of the workspace that it is a member of.
    UvLock {
        /// Folder of the `pyproject.toml`; the lock is there or in the nearest folder above.
        dir: String,
    },
    /// A lock of another tool, or of PEP 751. Its declaration lies beside it.
    Lock {
        /// Whose form it has.
        tool: LockTool,
        /// The lock.
        file: String,
    },
    /// Requirements files, with whatever they include.
    Requirements {
        /// The files, in order.
        files: Vec<String>,
    },
    /// The `[project]` table of a `pyproject.toml` without a lock, or a `setup.py` whose
    /// requirements only its own code knows.
    Project {
        /// The file.
        file: String,
    },
    /// Requirements that inspection read out of a file in another tool's form.
    Listed {
        /// The file.
        file: String,
        /// Its form.
        form: ListForm,
        /// PEP 508 texts, and options of requirements files (`--extra-index-url`).
        requirements: Vec<String>,
    },
    /// The project declares nothing.
    None,
}

/// A tool whose lock names every package with its version and the hashes of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockTool {
    /// `pylock.toml` (PEP 751), whoever wrote it.
    Pylock,
    /// `poetry.lock`.
    Poetry,
    /// `pdm.lock`.
    Pdm,
    /// `Pipfile.lock`.
    Pipenv,
}

/// A form in which a project lists requirements without a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListForm {
    /// `[tool.poetry.dependencies]`.
    Poetry,
    /// `[packages]` of a `Pipfile`.
    Pipfile,
    /// `install_requires` of a `setup.cfg` or, written out, of a `setup.py`.
    Setuptools,
    /// Inline script metadata (PEP 723).
    Script,
}

/// What of a declaration is wanted beyond its production part, and as of when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Extras of the project itself (`[project.optional-dependencies]`, `[tool.poetry.extras]`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<String>,
    /// Dependency groups (PEP 735, and those of Poetry, PDM and Pipenv).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// As of when versions are chosen where no lock says them.
    #[serde(default)]
    pub date: ResolveDate,
}

/// As of when versions are chosen where no lock says them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ResolveDate {
    /// When the declaration was last committed; now where that is not known.
    #[default]
    Commit,
    /// Now.
    Now,
    /// A date or time (RFC 3339), such as `2026-11-01`: for a date, its end in UTC.
    At {
        /// As written.
        date: String,
    },
}

impl LockTool {
    /// The tool's name for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            LockTool::Pylock => "PEP 751",
            LockTool::Poetry => "Poetry",
            LockTool::Pdm => "PDM",
            LockTool::Pipenv => "Pipenv",
        }
    }

    /// The command that writes the lock anew, keeping what it can.
    pub fn lock_command(self) -> &'static str {
        match self {
            LockTool::Pylock => "uv export --format pylock.toml -o pylock.toml",
            LockTool::Poetry => "poetry lock",
            LockTool::Pdm => "pdm lock --update-reuse",
            LockTool::Pipenv => "pipenv lock",
        }
    }

    /// The command that moves locked versions.
    pub fn upgrade_command(self) -> &'static str {
        match self {
            LockTool::Pylock => {
                "uv lock --upgrade && uv export --format pylock.toml -o pylock.toml"
            }
            LockTool::Poetry => "poetry update",
            LockTool::Pdm => "pdm update",
            LockTool::Pipenv => "pipenv update",
        }
    }
}

impl Dependencies {
    /// The declaration for a person: `poetry.lock`, `[project] of pyproject.toml`.
    pub fn describe(&self) -> String {
        match self {
            Dependencies::UvLock { dir } if dir.is_empty() => "uv.lock".to_owned(),
            Dependencies::UvLock { dir } => format!("uv.lock for {dir}"),
            Dependencies::Requirements { files } => files.join(", "),
            Dependencies::Project { file } if is_pyproject(file) => format!("[project] of {file}"),
            Dependencies::Lock { file, .. } | Dependencies::Project { file } => file.clone(),
            Dependencies::Listed { file, form, .. } => match form {
                ListForm::Poetry => format!("[tool.poetry.dependencies] of {file}"),
                ListForm::Pipfile => format!("[packages] of {file}"),
                ListForm::Setuptools => format!("install_requires of {file}"),
                ListForm::Script => format!("the script metadata of {file}"),
            },
            Dependencies::None => "none declared: well-known imports stand for packages".to_owned(),
        }
    }
}

fn is_pyproject(file: &str) -> bool {
    file.rsplit('/').next() == Some("pyproject.toml")
}
