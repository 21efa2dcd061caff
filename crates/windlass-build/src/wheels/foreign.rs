//! Locks of Poetry, PDM and Pipenv: exact versions and the hashes of their files, without
//! addresses.
//!
//! Reading and choosing are pure. What is chosen becomes requirements pinned by `==`, for which
//! the resolver only looks up addresses; the hashes decide which files may be taken. A lock that
//! contradicts its declaration is refused; one whose content hash says only that something of the
//! declaration changed is used, and said.
//! What it does not do: read `uv.lock`, which uv exports, or `pylock.toml`, which names addresses.

mod content_hash;
mod edge;
mod error;
mod pdm;
mod pipenv;
mod poetry;
mod select;

pub use error::ForeignLockError;

use super::resolution::normalize_name;
use edge::Edge;
pub(super) use select::select;
#[cfg(test)]
use select::{Pin, Pins};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use windlass_model::{Digest, LockTool, Selection};

/// A lock, read.
#[derive(Debug)]
pub(super) struct ForeignLock {
    /// Whose it is.
    pub(super) tool: LockTool,
    /// The lock.
    pub(super) file: PathBuf,
    /// The declaration that it was made from.
    pub(super) declaration: PathBuf,
    packages: Vec<Package>,
    /// What the declaration asks for now.
    roots: Vec<Edge>,
    /// Addresses of indexes that the locked packages come from, besides the machine's own.
    sources: Vec<String>,
    /// Whether the declaration is, to the letter, the one that was locked; `None` when the lock
    /// does not say it in a way that is known here.
    is_fresh: Option<bool>,
}

/// One locked package.
#[derive(Debug, Clone, Default)]
struct Package {
    name: String,
    version: String,
    member: Member,
    dependencies: Vec<Edge>,
    /// Packages that each extra adds.
    extras: Vec<(String, Vec<String>)>,
    hashes: BTreeSet<Digest>,
    /// Whether files are listed at all: then no other file may be taken.
    lists_files: bool,
    origin: Origin,
    /// Extras that this entry is for.
    requested: Vec<String>,
}

/// Who needs a package.
#[derive(Debug, Clone, Default, PartialEq)]
enum Member {
    /// The lock does not say: whoever is reached from the declaration.
    #[default]
    Reached,
    /// Groups, each with the marker under which it needs the package.
    Groups(Vec<(String, Option<String>)>),
}

/// Where a package's files come from.
#[derive(Debug, Clone, Default, PartialEq)]
enum Origin {
    #[default]
    Index,
    /// A file or folder, as written: relative to the lock.
    Path(String),
    Url(String),
    Repository(String),
}

/// Reads a lock and the declaration beside it.
pub(super) fn read(
    tool: LockTool,
    file: &Path,
    selection: &Selection,
) -> Result<ForeignLock, ForeignLockError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = if tool == LockTool::Pipenv { "Pipfile" } else { "pyproject.toml" };
    let declaration = folder.join(name);
    let lock = text_of(file)?;
    let declared = toml_of(&declaration, &text_of(&declaration)?)?;
    let read = match tool {
        LockTool::Poetry => poetry::read(&toml_of(file, &lock)?, &declared, selection),
        LockTool::Pdm => pdm::read(&toml_of(file, &lock)?, &declared, selection),
        LockTool::Pipenv | LockTool::Pylock => {
            let json = serde_json::from_str(&lock).map_err(|error| ForeignLockError::Invalid {
                file: file.to_owned(),
                line: error.line(),
                message: error.to_string(),
            })?;
            pipenv::read(&json, &declared, selection)
        }
    };
    let parts = read.map_err(|shape| shape.in_file(file))?;
    Ok(ForeignLock {
        tool,
        file: file.to_owned(),
        declaration,
        packages: parts.packages,
        roots: parts.roots,
        sources: parts.sources,
        is_fresh: parts.is_fresh,
    })
}

impl ForeignLock {
    /// Whether the declaration changed since it was locked, as far as the lock can tell.
    pub(super) fn is_outdated(&self) -> bool {
        self.is_fresh == Some(false)
    }
}

/// What a lock and its declaration say.
#[derive(Debug, Default)]
struct Parts {
    packages: Vec<Package>,
    roots: Vec<Edge>,
    sources: Vec<String>,
    is_fresh: Option<bool>,
}

/// A lock of a form that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// A form that this Windlass does not read.
    Version(String),
    /// A part that is missing or of another type.
    Part(String),
}

impl Shape {
    fn in_file(self, file: &Path) -> ForeignLockError {
        let file = file.to_owned();
        match self {
            Shape::Version(version) => ForeignLockError::Version { file, version },
            Shape::Part(part) => ForeignLockError::Shape { file, part },
        }
    }
}

/// Largest lock or declaration that is read, in bytes; the largest met has four million.
const MAX_BYTES: u64 = 64 << 20;

pub(super) fn text_of(path: &Path) -> Result<String, ForeignLockError> {
    use std::io::Read as _;
    let read = |source| ForeignLockError::Read { file: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(read)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ForeignLockError::TooLarge { file: path.to_owned(), most: MAX_BYTES });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = String::from_utf8_lossy(good).matches('\n').count() + 1;
        let message = "the bytes are not UTF-8".to_owned();
        ForeignLockError::Invalid { file: path.to_owned(), line, message }
    })
}

fn toml_of(path: &Path, text: &str) -> Result<toml::Table, ForeignLockError> {
    text.parse().map_err(|error: toml::de::Error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
        ForeignLockError::Invalid {
            file: path.to_owned(),
            line: before.matches('\n').count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// A SHA-256 written as `sha256:abc`.
fn sha256(text: &str) -> Option<Digest> {
    Digest::from_hex(text.strip_prefix("sha256:")?).ok()
}

#[cfg(test)]
mod tests;
