//! What a project declares, gathered: every file that decides its dependencies, and their digest.
//!
//! The digest is the key by which a lock and a cached resolution are recognised as still valid.
//! Of a `pyproject.toml` only what decides dependencies counts, so that a changed description
//! resolves nothing anew. Requirements files are followed through `-r` and `-c`.

mod requirements;
mod uv_lock;

use requirements::{RequirementsTree, source_folder};

use super::hashes::{self, Hashes};
use super::place::normalize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use windlass_model::{BuildSpec, Dependencies, Digest, LockTool, Selection};

/// Why a declaration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DeclarationError {
    /// A file is missing or unreadable.
    #[error("{} cannot be read{}", path.display(), from(included_by.as_ref()))]
    Read {
        /// The file.
        path: PathBuf,
        /// The file and line that include it.
        included_by: Option<(PathBuf, usize)>,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file larger than any declaration.
    #[error("{} is larger than {most} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that are read at most.
        most: u64,
    },
    /// A `pyproject.toml` that is not TOML.
    #[error("{} is not valid TOML", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What the parser says, with the place.
        #[source]
        source: toml::de::Error,
    },
}

fn from(included_by: Option<&(PathBuf, usize)>) -> String {
    included_by.map_or_else(String::new, |(file, line)| {
        format!(", which {}:{line} includes", file.display())
    })
}

/// What decides a project's dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declaration {
    /// Digest of everything that decides them, the Python included.
    pub(super) digest: Digest,
    /// Whether the project pins everything itself, each file by its hash.
    pub(super) is_locked: bool,
    /// The files that its requirements files allow.
    pub(super) hashes: Hashes,
    /// The files that say all this.
    pub(super) files: Vec<PathBuf>,
}

/// Names of parts that are not files.
const NOT_FILES: [&str; 4] = ["python", "extra", "selection", "listed"];

/// Largest file that is read, in bytes; the largest lock met has four million.
const MAX_BYTES: u64 = 64 << 20;

/// Included files may nest this deep; the deepest met in the wild is three.
const MAX_DEPTH: usize = 16;

impl Declaration {
    /// Reads the declaration of a project, for a patch level of its Python.
    pub(super) fn read(
        spec: &BuildSpec,
        project: &Path,
        patch: u16,
    ) -> Result<Self, DeclarationError> {
        let mut parts = wanted(spec, patch);
        let mut hashes = Hashes::new();
        let mut files = Vec::new();
        let is_locked = match &spec.dependencies {
            Dependencies::None => false,
            Dependencies::UvLock { dir } => {
                uv_lock::read(project, dir, &mut parts)?;
                spec.extra_requirements.is_empty()
            }
            Dependencies::Lock { tool, file } => {
                read_lock(*tool, &project.join(file), &mut parts)?;
                spec.extra_requirements.is_empty()
            }
            Dependencies::Requirements { files } => {
                for file in files {
                    let tree = RequirementsTree { project };
                    tree.read(&project.join(file), None, 0, &mut parts)?;
                }
                texts(&parts).for_each(|text| hashes::collect(&text, &mut hashes));
                spec.extra_requirements.is_empty() && all_hashed(&parts)
            }
            Dependencies::Project { file } if Path::new(file).ends_with("pyproject.toml") => {
                read_project(&project.join(file), &mut parts)?;
                false
            }
            Dependencies::Project { file } => {
                read_build_script(project.join(file).parent().unwrap_or(project), &mut parts)?;
                false
            }
            Dependencies::Listed { file, requirements, .. } => {
                read_listed(project, requirements, &mut parts)?;
                files.push(project.join(file));
                false
            }
        };
        let is_file = |name: &&String| !NOT_FILES.contains(&name.as_str());
        files.extend(parts.keys().filter(is_file).map(PathBuf::from));
        Ok(Self { digest: digest_of(project, &parts), is_locked, hashes, files })
    }
}

/// What decides beside the files: the Python, what running needs, the extras and groups.
fn wanted(spec: &BuildSpec, patch: u16) -> Parts {
    let mut parts = Parts::new();
    parts.insert("python".to_owned(), format!("{}.{patch}", spec.python).into_bytes());
    parts.insert("extra".to_owned(), spec.extra_requirements.join("\n").into_bytes());
    let Selection { extras, groups, date: _ } = &spec.selection;
    if !extras.is_empty() || !groups.is_empty() {
        let text = format!("{} ; {}", extras.join(","), groups.join(","));
        parts.insert("selection".to_owned(), text.into_bytes());
    }
    parts
}

/// Digest over names and contents, each with its length, so that no two inputs share a text.
/// Names are relative to the project, so that the place of a checkout does not matter.
fn digest_of(project: &Path, parts: &BTreeMap<String, Vec<u8>>) -> Digest {
    let prefix = format!("{}/", project.display());
    let mut hash = Sha256::new();
    for (name, bytes) in parts {
        for part in [name.replace(&prefix, "").as_bytes(), bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Digest::from_bytes(hash.finalize().into())
}

type Parts = BTreeMap<String, Vec<u8>>;

fn read_into(
    path: &Path,
    included_by: Option<&(PathBuf, usize)>,
    parts: &mut Parts,
) -> Result<String, DeclarationError> {
    let read = |source| {
        let path = path.to_owned();
        DeclarationError::Read { path, included_by: included_by.cloned(), source }
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(read)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(DeclarationError::TooLarge { path: path.to_owned(), most: MAX_BYTES });
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    parts.insert(path.display().to_string(), bytes);
    Ok(text)
}

/// Adds what decides the dependencies of a folder of sources.
fn read_sources(folder: &Path, parts: &mut Parts) -> Result<(), DeclarationError> {
    let pyproject = folder.join("pyproject.toml");
    if pyproject.is_file() {
        return read_project(&pyproject, parts);
    }
    read_build_script(folder, parts)
}

fn read_build_script(folder: &Path, parts: &mut Parts) -> Result<(), DeclarationError> {
    for name in ["setup.py", "setup.cfg", "requirements.txt"] {
        let file = folder.join(name);
        if file.is_file() {
            read_into(&file, None, parts)?;
        }
    }
    Ok(())
}

/// Adds a lock of another tool, and what it was made from.
fn read_lock(tool: LockTool, lock: &Path, parts: &mut Parts) -> Result<(), DeclarationError> {
    read_into(lock, None, parts)?;
    let folder = lock.parent().unwrap_or(Path::new(""));
    let pyproject = folder.join("pyproject.toml");
    match tool {
        LockTool::Pipenv => read_into(&folder.join("Pipfile"), None, parts).map(|_| ()),
        LockTool::Poetry | LockTool::Pdm => read_project(&pyproject, parts),
        // It names everything itself.
        LockTool::Pylock => Ok(()),
    }
}

/// Adds requirements that inspection read, and the folders of sources that they name.
fn read_listed(
    project: &Path,
    requirements: &[String],
    parts: &mut Parts,
) -> Result<(), DeclarationError> {
    parts.insert("listed".to_owned(), requirements.join("\n").into_bytes());
    for text in requirements {
        let path = text.split_once(" @ ").and_then(|(_, path)| source_folder(path));
        let folder = path.map(|path| normalize(&project.join(path)));
        if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
            read_sources(&folder, parts)?;
        }
    }
    Ok(())
}

/// The texts of the files among the parts.
fn texts(parts: &Parts) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    let files = parts.iter().filter(|(name, _)| !NOT_FILES.contains(&name.as_str()));
    files.map(|(_, bytes)| String::from_utf8_lossy(bytes))
}

/// Every requirement in every file is pinned to a version and to hashes.
fn all_hashed(parts: &Parts) -> bool {
    let answers: Vec<bool> = texts(parts).filter_map(|text| hashes::is_full_lock(&text)).collect();
    !answers.is_empty() && answers.iter().all(|full| *full)
}

/// Adds what decides dependencies in a `pyproject.toml`, and where they are left to a build
/// script, the script.
fn read_project(path: &Path, parts: &mut Parts) -> Result<(), DeclarationError> {
    let mut whole = Parts::new();
    let text = read_into(path, None, &mut whole)?;
    let document: toml::Table = toml::from_str(&text)
        .map_err(|source| DeclarationError::Toml { path: path.to_owned(), source })?;
    let table = |name: &str| document.get(name).and_then(toml::Value::as_table);
    let project = table("project");
    let mut kept = toml::Table::new();
    for key in ["dependencies", "optional-dependencies", "requires-python", "dynamic"] {
        if let Some(value) = project.and_then(|table| table.get(key)) {
            kept.insert(format!("project.{key}"), value.clone());
        }
    }
    for (key, value) in [
        ("dependency-groups", document.get("dependency-groups")),
        ("tool.uv", table("tool").and_then(|tool| tool.get("uv"))),
        ("tool.pdm", table("tool").and_then(|tool| tool.get("pdm"))),
    ] {
        if let Some(value) = value {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    let poetry = table("tool").and_then(|tool| tool.get("poetry"));
    for key in ["dependencies", "group", "extras", "source", "dev-dependencies"] {
        if let Some(value) = poetry.and_then(|poetry| poetry.get(key)) {
            kept.insert(format!("tool.poetry.{key}"), value.clone());
        }
    }
    parts.insert(path.display().to_string(), kept.to_string().into_bytes());
    let by_poetry = kept.contains_key("tool.poetry.dependencies");
    let is_dynamic = kept.get("project.dynamic").is_some_and(|v| v.to_string().contains("depend"));
    if is_dynamic || project.is_none() && !by_poetry {
        read_build_script(path.parent().unwrap_or(Path::new("")), parts)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
