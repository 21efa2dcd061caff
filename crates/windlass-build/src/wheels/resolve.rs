//! From a declaration to a [`Resolution`]: from the cache when nothing changed, else through uv.
//!
//! Invariants: with nothing changed uv is never started; a lock whose declaration is unchanged is
//! obeyed to the file and its hash; where requirements list hashes, only those files are taken; a lock whose declaration changed keeps every version that it
//! can. What it does not do: download packages, or write the lock.

use super::declaration::{Declaration, DeclarationError};
use super::lock::WindlassLock;
use super::moved::Moved;
use super::place;
use super::pylock::PylockError;
use super::resolution::Resolution;
use super::resolver::Resolver;
use super::target::Target;
use super::tools::PackageTools;
use super::uv::{FindUvError, Uv};
use super::uv_failure::UvFailure;
use std::path::{Path, PathBuf};
use windlass_model::{BuildSpec, Dependencies, Digest};

/// What to resolve, and for what.
#[derive(Debug, Clone, Copy)]
pub struct ResolveRequest<'a> {
    /// The project's declaration and its Python.
    pub spec: &'a BuildSpec,
    /// The project's root.
    pub project: &'a Path,
    /// What the packages must run on.
    pub target: Target,
    /// uv, Pythons, index settings.
    pub tools: &'a PackageTools,
    /// The cache folder of this installation.
    pub cache: &'a Path,
    /// The project's `windlass.lock`, when it has one.
    pub lock: Option<&'a WindlassLock>,
}

/// A resolution, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The packages.
    pub resolution: Resolution,
    /// Digest of the declaration, for the lock.
    pub declaration: Digest,
    /// Whether a `windlass.lock` must hold the resolution, since the project has no full lock.
    pub needs_lock: bool,
    /// Whether it was known already, without uv.
    pub from_cache: bool,
    /// What differs from the lock that was there.
    pub moved: Vec<Moved>,
}

/// Why a project's dependencies could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The declaration could not be read.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
    /// There is no uv.
    #[error(transparent)]
    FindUv(#[from] FindUvError),
    /// There is no Python for uv to work with.
    #[error("there is no Python 3.8 or later on this machine, which resolving needs")]
    NoPython {
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// uv failed.
    #[error("{failure}")]
    Uv {
        /// What it says.
        #[source]
        failure: UvFailure,
        /// The place in the project that it speaks of: a file relative to the root, and a line.
        place: Option<(String, usize)>,
    },
    /// uv's answer has no use.
    #[error(transparent)]
    Pylock(#[from] PylockError),
    /// A locked file now has another hash.
    #[error(
        "`{file}` of `{package}` is not the file that windlass.lock names: its SHA-256 differs"
    )]
    LockedHash {
        /// The package with its version.
        package: String,
        /// The file.
        file: String,
        /// SHA-256 in the lock.
        locked: Digest,
        /// SHA-256 that the index gives now.
        offered: Digest,
    },
    /// A locked file is not offered any more.
    #[error("`{file}` of `{package}`, which windlass.lock names, is not offered any more")]
    LockedFileGone {
        /// The package with its version.
        package: String,
        /// The file in the lock.
        file: String,
        /// What would be taken instead.
        offered: String,
    },
    /// The cache could not be used.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Resolves a project's dependencies.
pub fn resolve(request: &ResolveRequest<'_>) -> Result<Resolved, ResolveError> {
    // uv runs in other folders than this process does.
    let (project, cache) = (absolute(request.project)?, absolute(request.cache)?);
    resolve_absolute(&ResolveRequest { project: &project, cache: &cache, ..*request })
}

fn absolute(path: &Path) -> Result<PathBuf, ResolveError> {
    std::path::absolute(path).map_err(|source| ResolveError::Io { path: path.to_owned(), source })
}

fn resolve_absolute(request: &ResolveRequest<'_>) -> Result<Resolved, ResolveError> {
    let declaration = Declaration::read(request.spec, request.project, request.target.patch)?;
    let lock = request.lock.filter(|_| !declaration.is_locked);
    let pinned = lock.filter(|lock| {
        lock.declaration == declaration.digest && lock.python == request.spec.python
    });
    let answer = |resolution: Resolution, from_cache: bool| Resolved {
        moved: Moved::between(lock, &resolution),
        declaration: declaration.digest,
        needs_lock: !declaration.is_locked && !resolution.packages.is_empty(),
        from_cache,
        resolution,
    };
    if request.spec.dependencies == Dependencies::None && request.spec.extra_requirements.is_empty()
    {
        return Ok(answer(Resolution::default(), true));
    }
    let cached = cache_path(request, &declaration);
    if declaration.is_locked || pinned.is_some() {
        let known = read_cached(&cached)
            .filter(|known| pinned.is_none_or(|lock| enforce(lock, known, request.target).is_ok()));
        if let Some(resolution) = known {
            return Ok(answer(resolution, true));
        }
    }
    let uv = Uv::find(request.tools, request.cache)?;
    let resolution = Resolver::new(uv, request, &declaration.hashes, pinned, lock)?.run()?;
    if let Some(lock) = pinned {
        enforce(lock, &resolution, request.target)?;
    }
    write_cached(&cached, &resolution)?;
    Ok(answer(resolution, false))
}

/// Refuses a resolution that is not the one in the lock.
fn enforce(lock: &WindlassLock, found: &Resolution, target: Target) -> Result<(), ResolveError> {
    if lock.machine != target.machine.as_str() {
        return Ok(());
    }
    for package in &found.packages {
        let (Some(locked), Some(artifact)) = (lock.package(&package.name), package.artifact())
        else {
            continue;
        };
        let package = package.label();
        if locked.file != artifact.file {
            return Err(ResolveError::LockedFileGone {
                package,
                file: locked.file.clone(),
                offered: artifact.file.clone(),
            });
        }
        if locked.sha256 != artifact.sha256 {
            return Err(ResolveError::LockedHash {
                package,
                file: artifact.file.clone(),
                locked: locked.sha256,
                offered: artifact.sha256,
            });
        }
    }
    Ok(())
}

/// Changes whenever the form or the meaning of cached resolutions does.
const CACHE_FORM: &str = "2";

fn cache_path(request: &ResolveRequest<'_>, declaration: &Declaration) -> PathBuf {
    let target = format!("{:?}", request.target);
    // Relative requirements in the resolution are absolute paths: the folder is an input too.
    let project = request.project.display().to_string();
    let settings = format!("{:?}", Uv::settings_of(request.tools));
    let declared = declaration.digest.hex();
    let key = place::digest_of([CACHE_FORM, &declared, &target, &project, &settings]);
    request.cache.join("resolutions").join(format!("{}.json", key.hex()))
}

/// A cached resolution; anything unreadable counts as absent, since it can be made again.
fn read_cached(path: &Path) -> Option<Resolution> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn write_cached(path: &Path, resolution: &Resolution) -> Result<(), ResolveError> {
    let bytes = serde_json::to_vec(resolution)
        .unwrap_or_else(|error| unreachable!("a resolution is made of texts: {error}"));
    place::write_file(path, &bytes)
        .map_err(|source| ResolveError::Io { path: path.to_owned(), source })
}
