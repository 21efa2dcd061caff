//! `windlass.lock`: exactly which files an image was made from, in the project's own folder.
//!
//! Its Python packages are written only for projects without a full lock of their own. For several
//! machines it has a part for each, since their files differ and their versions may. It names versions, files and
//! hashes, and never where they came from: the machine's settings say that, so that the same lock
//! serves behind another mirror. Reading is pure; writing is a temporary file and a rename.

mod machines;

use super::resolution::Resolution;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use windlass_model::{Digest, PythonVersion};

/// What a lock file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindlassLock {
    /// Form of the file.
    pub version: u32,
    /// Digest of what the project declared when this was written.
    pub declaration: Digest,
    /// As of when the versions of the Python packages were chosen (RFC 3339); absent for now.
    #[serde(default, rename = "as-of", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// The image's Python.
    pub python: PythonVersion,
    /// The Debian suite of the image.
    pub suite: String,
    /// The machine that the files are for: `x86_64`.
    pub machine: String,
    /// The standalone Python, when the image's is none of Debian's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<LockedPython>,
    /// The image that this one stands on, when that is one from a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<crate::base::LockedBase>,
    /// Debian packages, sorted by name.
    #[serde(default, rename = "debian", skip_serializing_if = "Vec::is_empty")]
    pub debian: Vec<LockedDebian>,
    /// Python packages, sorted by name.
    #[serde(default, rename = "package", skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<LockedFile>,
    /// The same for other machines, each whole: one may hold while the declaration of another has
    /// moved on. They have no others themselves.
    #[serde(default, rename = "other", skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<WindlassLock>,
}

/// A standalone Python, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPython {
    /// Its version with the patch level.
    pub version: String,
    /// The archive's name.
    pub file: String,
    /// SHA-256 of the archive.
    pub sha256: Digest,
}

/// A Debian package, pinned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedDebian {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the `.deb` file.
    pub sha256: Digest,
}

/// A Python package, pinned to one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    /// Normalised name (PEP 503).
    pub name: String,
    /// Version (PEP 440).
    pub version: String,
    /// The wheel or source archive.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: Digest,
}

/// Why a lock file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Reading or writing failed.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML, or not of this form.
    #[error("{} is not a valid lock file", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What the parser says, with the place.
        #[source]
        source: toml::de::Error,
    },
    /// A later Windlass wrote it.
    #[error("{} has form {version}, and this Windlass knows only up to {}", path.display(), WindlassLock::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        version: u32,
    },
}

const HEADER: &str = "# Written by `windlass`: the exact files that the image is made from.\n\
                      # Commit it. Delete it to take the newest versions again.\n\n";

impl WindlassLock {
    /// The file's name, in the project's root.
    pub const FILE: &'static str = "windlass.lock";
    /// The newest form that this Windlass writes: locks for one machine have the first.
    pub const VERSION: u32 = 2;

    /// The Python packages of a resolution that can be locked: those that are files.
    pub fn packages_of(resolution: &Resolution) -> Vec<LockedFile> {
        let locked = resolution.packages.iter().filter_map(|package| {
            let artifact = package.artifact()?;
            Some(LockedFile {
                name: package.name.clone(),
                version: package.version.clone()?,
                file: artifact.file.clone(),
                sha256: artifact.sha256,
            })
        });
        locked.collect()
    }

    /// The file locked for a package.
    pub fn package(&self, name: &str) -> Option<&LockedFile> {
        self.packages.iter().find(|package| package.name == name)
    }
}

/// Reads the lock of a project; `None` when it has none.
pub fn read(project: &Path) -> Result<Option<WindlassLock>, LockError> {
    #[derive(Deserialize)]
    struct Form {
        version: u32,
    }
    let path = project.join(WindlassLock::FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LockError::Io { path, source }),
    };
    let form: Form = toml::from_str(&text)
        .map_err(|source| LockError::Invalid { path: path.clone(), source })?;
    if form.version > WindlassLock::VERSION {
        return Err(LockError::Newer { path, version: form.version });
    }
    toml::from_str(&text).map(Some).map_err(|source| LockError::Invalid { path, source })
}

/// Writes the lock of a project when it differs from what is there; says whether it did.
pub fn write(project: &Path, lock: &WindlassLock) -> Result<bool, LockError> {
    let path = project.join(WindlassLock::FILE);
    let io = |source| LockError::Io { path: path.clone(), source };
    let text = render(lock);
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    let mut file = tempfile::Builder::new()
        .prefix(".windlass-lock-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(project)
        .map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(&path).map_err(|error| io(error.error))?;
    Ok(true)
}

fn render(lock: &WindlassLock) -> String {
    let body = toml::to_string(lock)
        .unwrap_or_else(|error| unreachable!("a lock is made of texts and numbers: {error}"));
    format!("{HEADER}{body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn lock() -> WindlassLock {
        WindlassLock {
            version: 1,
            declaration: Digest::from_bytes([1; 32]),
            as_of: Some("2026-11-01T00:00:00Z".to_owned()),
            python: PythonVersion::three(13),
            suite: "trixie".to_owned(),
            machine: "x86_64".to_owned(),
            interpreter: Some(LockedPython {
                version: "3.12.1".to_owned(),
                file: "cpython-3.12.1.tar.gz".to_owned(),
                sha256: Digest::from_bytes([4; 32]),
            }),
            base: Some(crate::base::LockedBase::sample()),
            debian: vec![LockedDebian {
                name: "libc6".to_owned(),
                version: "2.41-12".to_owned(),
                sha256: Digest::from_bytes([2; 32]),
            }],
            packages: vec![LockedFile {
                name: "flask".to_owned(),
                version: "3.1.0".to_owned(),
                file: "flask-3.1.0-py3-none-any.whl".to_owned(),
                sha256: Digest::from_bytes([3; 32]),
            }],
            others: vec![],
        }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_is_written_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()).expect("no lock"), None);
        assert!(write(folder.path(), &lock()).expect("written"));
        assert_eq!(read(folder.path()).expect("readable"), Some(lock()));
        assert!(!write(folder.path(), &lock()).expect("the same"));
        let text = std::fs::read_to_string(folder.path().join(WindlassLock::FILE)).expect("a file");
        assert!(!text.contains("://"), "{text}");
    }

    #[test]
    fn bad_locks_are_refused_with_their_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(WindlassLock::FILE);
        for (text, newer) in
            [("version = 3\nnew = 1\n", true), ("version = 1\nodd = 2\n", false), ("x", false)]
        {
            std::fs::write(&path, text).expect("written");
            let error = read(folder.path()).expect_err("refused");
            assert_eq!(matches!(error, LockError::Newer { .. }), newer, "{text}: {error}");
        }
    }
}
