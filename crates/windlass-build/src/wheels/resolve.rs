//! From a declaration to a [`Resolution`]: from the cache when nothing changed, else through uv.
//!
//! Invariants: with nothing changed uv is never started; a lock whose declaration is unchanged is
//! obeyed to the file and its hash, and another machine's to the version wherever that fits; where
//! requirements list hashes, only those files are taken; a lock whose declaration changed keeps
//! every version that it can. What it does not do: download packages, or write the lock.

mod error;
mod locks;

pub use error::ResolveError;

use super::as_of::{self, AsOf, WhyNow};
use super::commit_date::Repository;
use super::declaration::Declaration;
use super::foreign;
use super::lock::WindlassLock;
use super::moved::Moved;
use super::place;
use super::resolution::Resolution;
use super::resolver::Resolver;
use super::target::Target;
use super::tools::PackageTools;
use super::uv::Uv;
use super::uv_failure::UvFailure;
use locks::Locks;
use std::path::{Path, PathBuf};
use windlass_model::{BuildSpec, Dependencies, Digest, LockTool};

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
    /// As of when versions were chosen.
    pub as_of: AsOf,
    /// What the user should know of the way in which versions were chosen.
    pub notes: Vec<ResolveNote>,
}

/// What the user should know of a resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolveNote {
    /// The declaration changed since the lock was made, though not in what production needs.
    LockOutdated {
        /// The lock.
        lock: String,
        /// The declaration.
        declaration: String,
        /// The lock's tool.
        tool: LockTool,
    },
    /// Versions are those of now, since there is no solution as of the date.
    NoSolutionThen {
        /// The date.
        date: String,
        /// uv's words.
        explanation: String,
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
    let notes = lock_notes(request)?;
    let Locks { own, pinned, elsewhere, any: lock } = Locks::of(request, &declaration);
    let held = AsOf::Lock { date: pinned.and_then(|lock| lock.as_of.clone()) };
    let answer = |resolution: Resolution, from_cache: bool| Resolved {
        as_of: held.clone(),
        moved: Moved::between(own, &resolution),
        declaration: declaration.digest,
        needs_lock: !declaration.is_locked && !resolution.packages.is_empty(),
        from_cache,
        resolution,
        notes: notes.clone(),
    };
    if request.spec.dependencies == Dependencies::None && request.spec.extra_requirements.is_empty()
    {
        return Ok(answer(Resolution::default(), true));
    }
    let cached = cache_path(request, &declaration);
    if declaration.is_locked || pinned.is_some() {
        let known = read_cached(&cached)
            .filter(|known| pinned.is_none_or(|lock| enforce(lock, known).is_ok()));
        if let Some(resolution) = known {
            return Ok(answer(resolution, true));
        }
    }
    let uv = Uv::find(request.tools, request.cache)?;
    let resolver = Resolver::new(uv, request, &declaration.hashes, pinned, lock)?;
    let as_of = if declaration.is_locked || pinned.is_some() {
        held.clone()
    } else if let Some(date) = elsewhere.and_then(|lock| lock.as_of.clone()) {
        AsOf::Date(date)
    } else {
        let repository = Repository::around(request.project, &request.tools.environment);
        let files = as_of::committed_files(&declaration.files);
        as_of::decide(&request.spec.selection.date, &repository, &files, lock)
    };
    let (resolution, as_of, note) = chosen(&resolver, as_of)?;
    if let Some(lock) = pinned {
        enforce(lock, &resolution)?;
    }
    write_cached(&cached, &resolution)?;
    let mut resolved = Resolved { as_of, ..answer(resolution, false) };
    resolved.notes.extend(note);
    Ok(resolved)
}

/// Resolves as of a date; where that has no solution (a clock that was wrong, an index that does
/// not say when files came), as of now.
fn chosen(
    resolver: &Resolver<'_>,
    as_of: AsOf,
) -> Result<(Resolution, AsOf, Option<ResolveNote>), ResolveError> {
    let date = as_of.date().map(str::to_owned);
    match (resolver.run(date.as_deref()), date) {
        (Ok(resolution), _) => Ok((resolution, as_of, None)),
        (Err(ResolveError::Uv { failure, .. }), Some(date)) if is_about_versions(&failure) => {
            let explanation = failure.explanation().unwrap_or_default().to_owned();
            let resolution = resolver.run(None)?;
            let why = WhyNow::NoSolution { date: date.clone() };
            let note = ResolveNote::NoSolutionThen { date, explanation };
            Ok((resolution, AsOf::Now(why), Some(note)))
        }
        (Err(error), _) => Err(error),
    }
}

fn is_about_versions(failure: &UvFailure) -> bool {
    matches!(
        failure,
        UvFailure::Unsatisfiable { .. }
            | UvFailure::UnknownPackage { .. }
            | UvFailure::Build { .. }
            | UvFailure::Other { .. }
    )
}

/// Another tool's lock is compared with its declaration each time: it is cheap, and a cached
/// resolution must not hide it.
fn lock_notes(request: &ResolveRequest<'_>) -> Result<Vec<ResolveNote>, ResolveError> {
    let Dependencies::Lock { tool, file } = &request.spec.dependencies else {
        return Ok(Vec::new());
    };
    if *tool == LockTool::Pylock {
        return Ok(Vec::new());
    }
    let lock = foreign::read(*tool, &request.project.join(file), &request.spec.selection)?;
    let relative =
        |path: &Path| path.strip_prefix(request.project).unwrap_or(path).display().to_string();
    let (tool, declaration) = (*tool, relative(&lock.declaration));
    let note = ResolveNote::LockOutdated { lock: relative(&lock.file), declaration, tool };
    Ok(lock.is_outdated().then_some(note).into_iter().collect())
}

/// Refuses a resolution that is not the one in the lock.
fn enforce(lock: &WindlassLock, found: &Resolution) -> Result<(), ResolveError> {
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
