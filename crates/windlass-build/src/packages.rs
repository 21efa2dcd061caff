//! A project's packages outside of images: locked, moved on, and put into `.venv`.
//!
//! What a project's own tool owns stays that tool's: `uv.lock` is written by uv, the locks of
//! others are refused with the command that writes them. Everything else is locked by
//! `windlass.lock`, exactly as a build would lock it.
//! What it does not do: build an image, or touch an environment other than the project's `.venv`.

mod environment;
mod error;
mod explain;
mod sync;
mod uv_lock;

pub use error::PackagesError;
pub use explain::explain;
pub use sync::{SyncReport, sync};

use crate::build::{BuildError, LockOrder, lock_only, locked_root, this_machine};
use crate::wheels::lock::{self, WindlassLock};
use crate::wheels::{AsOf, Moved, ResolveNote};
use std::path::Path;
use windlass_model::{BuildSpec, Dependencies, Machine, ResolveDate};

/// A project, and what the machine offers.
#[derive(Clone, Copy)]
pub struct PackagesRequest<'a> {
    /// The project's declaration and its Python.
    pub spec: &'a BuildSpec,
    /// The project's root, absolute.
    pub project: &'a Path,
    /// The cache folder of this installation.
    pub cache: &'a Path,
    /// The image store of this installation.
    pub images: &'a Path,
    /// What the machine offers.
    pub settings: &'a crate::BuildSettings,
}

/// Which versions may move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upgrade {
    /// None that need not.
    Nothing,
    /// All of them, to those of `now` (RFC 3339).
    All {
        /// The time.
        now: String,
    },
    /// These packages.
    Only {
        /// Their names.
        names: Vec<String>,
        /// The time.
        now: String,
    },
}

/// What locking did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockReport {
    /// The lock, relative to the project.
    pub file: String,
    /// Whether it was written: otherwise it was right already.
    pub written: bool,
    /// How many Python packages are locked.
    pub packages: usize,
    /// Versions that moved.
    pub moved: Vec<Moved>,
    /// Debian packages that moved.
    pub moved_debian: Vec<Moved>,
    /// As of when versions were chosen; `None` where uv locks.
    pub as_of: Option<AsOf>,
    /// What the user should know.
    pub notes: Vec<ResolveNote>,
}

/// Locks a project's packages, or moves them to newer versions.
///
/// # Errors
/// [`PackagesError::OtherTool`] where the lock is another tool's; whatever resolving met.
pub fn lock(request: PackagesRequest<'_>, upgrade: &Upgrade) -> Result<LockReport, PackagesError> {
    match &request.spec.dependencies {
        Dependencies::UvLock { dir } => uv_lock::lock(request, dir, upgrade),
        Dependencies::Lock { tool, file } => Err(PackagesError::OtherTool {
            file: file.clone(),
            tool: *tool,
            upgrade: *upgrade != Upgrade::Nothing,
        }),
        Dependencies::Requirements { .. }
        | Dependencies::Project { .. }
        | Dependencies::Listed { .. }
        | Dependencies::None => lock_ours(request, upgrade),
    }
}

/// Locks for this machine, and for every other that the lock has a part for: none is left behind.
fn lock_ours(request: PackagesRequest<'_>, upgrade: &Upgrade) -> Result<LockReport, PackagesError> {
    let mut whole = lock::read(request.project).map_err(BuildError::from)?;
    check_names(whole.as_ref(), upgrade)?;
    let here = this_machine()?;
    let others = Machine::ALL.into_iter().filter(|machine| {
        let has = |lock: &WindlassLock| lock.machine == machine.as_str();
        let mut parts = whole.iter().flat_map(|lock| std::iter::once(lock).chain(&lock.others));
        *machine != here && parts.any(has)
    });
    let others: Vec<Machine> = others.collect();
    let (after, mut report) = lock_for(request, (here, whole.clone()), upgrade)?;
    whole = Some(after.beside(whole));
    for machine in others {
        let (after, more) = lock_for(request, (machine, whole.clone()), upgrade)?;
        whole = Some(after.beside(whole));
        report.add(more);
    }
    if let Some(whole) = whole {
        report.written = lock::write(request.project, &whole).map_err(BuildError::from)?;
    }
    Ok(report)
}

/// The lock of one machine; nothing is written.
fn lock_for(
    request: PackagesRequest<'_>,
    (machine, before): (Machine, Option<WindlassLock>),
    upgrade: &Upgrade,
) -> Result<(WindlassLock, LockReport), PackagesError> {
    let before = before.map(|lock| lock.seen_from(machine.as_str()));
    let mut spec = request.spec.clone();
    if let Upgrade::All { now } | Upgrade::Only { now, .. } = upgrade {
        spec.selection.date = ResolveDate::At { date: now.clone() };
    }
    let kept = kept_of(before.as_ref(), upgrade);
    let PackagesRequest { project, cache, images, settings, .. } = request;
    let order = LockOrder { spec: &spec, machine, project, cache, images, settings };
    let (after, resolved) = lock_only(&order, kept.as_ref())?;
    if !resolved.needs_lock
        && *upgrade != Upgrade::Nothing
        && !resolved.resolution.packages.is_empty()
    {
        return Err(PackagesError::AllHashed { file: spec.dependencies.describe() });
    }
    let own = before.filter(|lock| lock.machine == machine.as_str());
    let report = LockReport {
        file: WindlassLock::FILE.to_owned(),
        written: false,
        packages: resolved.resolution.packages.len(),
        moved: Moved::between(own.as_ref(), &resolved.resolution),
        moved_debian: own.map(|before| locked_root(&before, &after)).unwrap_or_default(),
        as_of: Some(resolved.as_of),
        notes: resolved.notes,
    };
    Ok((after, report))
}

impl LockReport {
    /// What another machine's lock adds: mostly the same.
    fn add(&mut self, more: Self) {
        self.packages = self.packages.max(more.packages);
        add_new(&mut self.moved, more.moved);
        add_new(&mut self.moved_debian, more.moved_debian);
        add_new(&mut self.notes, more.notes);
    }
}

fn add_new<T: PartialEq>(there: &mut Vec<T>, found: Vec<T>) {
    for one in found {
        if !there.contains(&one) {
            there.push(one);
        }
    }
}

/// A package that is asked to move must be there.
fn check_names(lock: Option<&WindlassLock>, upgrade: &Upgrade) -> Result<(), PackagesError> {
    let (Some(lock), Upgrade::Only { names, .. }) = (lock, upgrade) else { return Ok(()) };
    let unknown = |name: &&String| {
        let name = crate::wheels::normalize_name(name);
        std::iter::once(lock).chain(&lock.others).all(|lock| lock.package(&name).is_none())
    };
    match names.iter().find(unknown) {
        Some(name) => Err(PackagesError::NotLocked {
            name: name.clone(),
            file: WindlassLock::FILE.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The part of a lock that shall hold where it can.
fn kept_of(lock: Option<&WindlassLock>, upgrade: &Upgrade) -> Option<WindlassLock> {
    let mut kept = lock?.clone();
    match upgrade {
        Upgrade::Nothing => {}
        Upgrade::All { .. } => return None,
        Upgrade::Only { names, .. } => {
            let names: Vec<String> =
                names.iter().map(|name| crate::wheels::normalize_name(name)).collect();
            kept.packages.retain(|package| !names.contains(&package.name));
            // Not the declaration that was locked any more: preferred, and no longer obeyed.
            kept.declaration = WindlassLock::NO_DECLARATION;
            kept.others.clear();
        }
    }
    Some(kept)
}
