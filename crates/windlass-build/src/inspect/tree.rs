//! The listing of a project and the text of the files that inspection may want.
//!
//! A [`Tree`] is plain data, so that everything after it is pure and a test can write one down.
//! [`Tree::read`] is the only part of inspection that touches the disk. It is bounded in files,
//! bytes and depth, follows no link out of the project, and never enters folders of tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A project's files by path below its root, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, TreeFile>,
    /// Whether a limit cut the listing short.
    pub truncated: bool,
}

/// One file of a [`Tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its text, when it is of a kind that inspection reads and within the limits. Bytes that are
    /// not UTF-8 are replaced.
    pub text: Option<String>,
    /// Whether bytes had to be replaced.
    pub lossy: bool,
}

/// Why a project cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The folder is not there, or is no folder.
    #[error("`{}` is not a folder that can be read", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Most files listed; a web project has hundreds, a checkout with data has more.
const MAX_FILES: usize = 50_000;
/// Largest file whose text is kept, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Most text kept in all, in bytes.
const MAX_TOTAL_BYTES: u64 = 64 << 20;
/// Deepest folder entered.
const MAX_DEPTH: usize = 24;

const SKIPPED_FOLDERS: [&str; 14] = [
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    "__pypackages__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "site-packages",
];

impl Tree {
    /// A tree written down, for tests and for callers that have the files at hand.
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let file = |text: &str| TreeFile {
            bytes: text.len() as u64,
            text: Some(text.to_owned()),
            lossy: false,
        };
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), file(text))).collect();
        Self { files, truncated: false }
    }

    /// Lists a project and reads what inspection may want.
    pub fn read(project: &Path) -> Result<Self, TreeError> {
        let root_error = |source| TreeError::Root { path: project.to_owned(), source };
        let root = project.canonicalize().map_err(root_error)?;
        std::fs::read_dir(&root).map_err(root_error)?;
        let mut walk = Walk { root, tree: Self::default(), kept_bytes: 0 };
        walk.folder("", 0);
        Ok(walk.tree)
    }

    /// The text of a file, when it is there and was read.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.text.as_deref()
    }

    /// Whether there is such a file.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether there is a file below such a folder; the root always is one.
    pub fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.below(folder).next().is_some()
    }

    /// All files, in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &TreeFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// All files below a folder, at any depth.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &TreeFile)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = prefix.clone();
        self.files
            .range(start..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, file)| (path.as_str(), file))
    }
}

/// `folder/name`, or `name` in the root.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder of a file; empty for one in the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a file holds Python source, by its name.
pub(super) fn is_python(path: &str) -> bool {
    file_name(path).rsplit_once('.').is_some_and(|(_, extension)| extension == "py")
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

struct Walk {
    root: PathBuf,
    tree: Tree,
    kept_bytes: u64,
}

impl Walk {
    /// Lists one folder. What cannot be read is left out: the build will say why it matters.
    fn folder(&mut self, folder: &str, depth: usize) {
        let Ok(entries) = std::fs::read_dir(self.root.join(folder)) else { return };
        let mut names: Vec<(String, std::fs::FileType)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?))
            })
            .collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        if !folder.is_empty() && names.iter().any(|(name, _)| name == "pyvenv.cfg") {
            return;
        }
        let is_build = self.is_build_folder(folder);
        for (name, kind) in names {
            let path = join(folder, &name);
            if self.tree.files.len() >= MAX_FILES {
                self.tree.truncated = true;
                return;
            }
            if kind.is_dir() {
                let skipped = SKIPPED_FOLDERS.contains(&name.as_str())
                    || name.ends_with(".egg-info")
                    || is_build && is_remains(&name);
                if depth >= MAX_DEPTH {
                    self.tree.truncated = true;
                } else if !skipped {
                    self.folder(&path, depth + 1);
                }
            } else {
                self.file(path, kind.is_symlink());
            }
        }
    }

    /// Whether setuptools builds there: its own folder lies beside what it reads.
    fn is_build_folder(&self, folder: &str) -> bool {
        let beside = self.root.join(parent(folder));
        file_name(folder) == "build"
            && ["setup.py", "setup.cfg", "pyproject.toml"].iter().any(|n| beside.join(n).is_file())
    }

    fn file(&mut self, path: String, link: bool) {
        let full = self.root.join(&path);
        if link {
            let inside = full.canonicalize().is_ok_and(|target| target.starts_with(&self.root));
            if !inside {
                return;
            }
        }
        let Ok(metadata) = std::fs::metadata(&full) else { return };
        if !metadata.is_file() {
            return;
        }
        let bytes = metadata.len();
        let wanted = is_wanted(&path)
            && bytes <= MAX_FILE_BYTES
            && self.kept_bytes + bytes <= MAX_TOTAL_BYTES;
        let content = if wanted { std::fs::read(&full).ok() } else { None };
        let mut file = TreeFile { bytes, text: None, lossy: false };
        if let Some(content) = content {
            self.kept_bytes += content.len() as u64;
            let text = String::from_utf8_lossy(&content);
            file.lossy = matches!(text, std::borrow::Cow::Owned(_));
            file.text = Some(text.trim_start_matches('\u{feff}').to_owned());
        }
        self.tree.files.insert(path, file);
    }
}

/// Whether setuptools leaves a copy of the code in a folder of this name below its `build`:
/// `lib`, `lib.linux-x86_64-cpython-311`, `bdist.linux-x86_64`.
fn is_remains(name: &str) -> bool {
    name == "lib" || name.starts_with("lib.") || name.starts_with("bdist.")
}

/// Whether inspection reads files of this name.
fn is_wanted(path: &str) -> bool {
    let name = file_name(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let requirements = extension == "txt"
        && (name.contains("require") || path.contains("requirements/") || name == "runtime.txt");
    matches!(extension, "py" | "toml" | "in")
        || requirements
        || name.starts_with("Procfile")
        || name.starts_with("Dockerfile")
        || matches!(
            name,
            ".python-version"
                | ".tool-versions"
                | "Aptfile"
                | "Pipfile"
                | "setup.cfg"
                | ".flaskenv"
        )
}

#[cfg(test)]
mod tests;
