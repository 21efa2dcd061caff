//! What `windlass.lock` says before a build, and what it must say after it. Pure, but for the
//! note of what it used.

use super::BuildRequest;
use crate::base::LockedBase;
use crate::cache::{self, BuildRecord};
use crate::debian::{RootPlan, RootSpec};
use crate::image::System;
use crate::wheels::lock::{LockedDebian, LockedPython, WindlassLock};
use crate::wheels::{Machine, Resolution, Resolved, Source, StandalonePython};
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::{Digest, Problem, PythonVersion};

/// The locked Debian packages, when the lock is for the same root.
pub(super) fn debian_pins(
    lock: Option<&WindlassLock>,
    root: &RootSpec,
) -> BTreeMap<String, Digest> {
    let same_root = |lock: &&WindlassLock| {
        lock.python == root.python
            && lock.suite == root.suite
            && Machine::from_debian(&root.architecture)
                .is_some_and(|machine| machine.as_str() == lock.machine)
    };
    lock.filter(same_root)
        .map(|lock| lock.debian.iter().map(|p| (p.name.clone(), p.sha256)).collect())
        .unwrap_or_default()
}

/// The lock that stands for this build.
pub(super) fn lock_of(
    (root, python, base): (&RootSpec, Option<&StandalonePython>, Option<LockedBase>),
    machine: Machine,
    plan: &RootPlan,
    resolved: &Resolved,
) -> WindlassLock {
    let mut debian: Vec<_> = plan
        .packages()
        .filter(|package| !package.standalone)
        .map(|package| LockedDebian {
            name: package.name.clone(),
            version: package.version.clone(),
            sha256: package.sha256,
        })
        .collect();
    debian.sort();
    let packages = if resolved.needs_lock {
        WindlassLock::packages_of(&resolved.resolution)
    } else {
        Vec::new()
    };
    WindlassLock {
        version: 1,
        declaration: resolved.declaration,
        as_of: resolved.as_of.for_lock(),
        python: root.python,
        suite: root.suite.clone(),
        machine: machine.as_str().to_owned(),
        interpreter: python.map(|python| python.locked.clone()),
        base,
        debian,
        packages,
        others: Vec::new(),
    }
}

/// What an image was made from, by digest.
pub(super) fn used(
    system: &System,
    lock: &WindlassLock,
    resolution: &Resolution,
) -> BTreeSet<Digest> {
    let mut used: BTreeSet<Digest> = lock.debian.iter().map(|package| package.sha256).collect();
    used.extend(resolution.packages.iter().filter_map(|package| match &package.source {
        Source::Wheel(file) | Source::Sdist(file) => Some(file.sha256),
        Source::Directory { .. } => None,
    }));
    used.extend(lock.base.as_ref().map(|base| base.digest));
    used.extend(lock.interpreter.as_ref().map(|python| python.sha256));
    let own = &system.interpreter;
    for interpreter in std::iter::once(own).chain(own.twin.as_deref()) {
        let root = interpreter.root.file_name().and_then(|name| name.to_str());
        used.extend(root.and_then(|name| Digest::from_hex(name).ok()));
    }
    used
}

/// Notes in the cache what this build used. Where that fails a later sweep of the cache may cost
/// time, and this build is as good as before.
pub(super) fn note_use(request: &BuildRequest<'_>, used: BTreeSet<Digest>) {
    let _ = cache::note(&request.dirs.cache, &request.spec.app, &BuildRecord { used });
}

/// The locked standalone Python, when the lock is for the same one.
pub(super) fn locked_python(
    lock: Option<&WindlassLock>,
    python: PythonVersion,
    machine: Machine,
) -> Option<&LockedPython> {
    let lock = lock.filter(|lock| lock.python == python && lock.machine == machine.as_str());
    lock?.interpreter.as_ref()
}

/// The locked standalone Python can no longer be had.
pub(super) fn python_moved_warning(
    locked: Option<&LockedPython>,
    now: Option<&StandalonePython>,
) -> Option<Problem> {
    let (locked, now) = (locked?, &now?.locked);
    (locked.sha256 != now.sha256).then(|| {
        Problem::user("python-build-moved", "the locked build of Python can no longer be had")
            .cause(format!("{} {} -> {}", locked.file, locked.version, now.version))
            .cause("another build is taken, and noted in windlass.lock")
            .hint("Commit the changed windlass.lock once the new image has proved itself.")
    })
}

/// Locked packages that the archive no longer has at the locked version.
pub(super) fn moved_warning(lock: Option<&WindlassLock>, now: &WindlassLock) -> Option<Problem> {
    let before = lock.filter(|lock| lock.suite == now.suite && lock.machine == now.machine)?;
    let moved: Vec<String> = before
        .debian
        .iter()
        .filter_map(|old| {
            let new = now.debian.iter().find(|new| new.name == old.name)?;
            (new.sha256 != old.sha256)
                .then(|| format!("{} {} -> {}", old.name, old.version, new.version))
        })
        .collect();
    let count = moved.len();
    let problem = Problem::user(
        "debian-packages-moved",
        format!(
            "{count} locked Debian packages are no longer in the archive: newer ones are taken"
        ),
    );
    (count > 0).then(|| {
        moved
            .into_iter()
            .fold(problem, Problem::cause)
            .hint("Commit the changed windlass.lock once the new image has proved itself.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(version: &str, byte: u8) -> WindlassLock {
        WindlassLock {
            version: 1,
            declaration: Digest::from_bytes([0; 32]),
            as_of: None,
            python: PythonVersion::three(13),
            suite: "trixie".to_owned(),
            machine: "x86_64".to_owned(),
            interpreter: None,
            base: None,
            debian: vec![LockedDebian {
                name: "libc6".to_owned(),
                version: version.to_owned(),
                sha256: Digest::from_bytes([byte; 32]),
            }],
            packages: vec![],
            others: vec![],
        }
    }

    #[test]
    fn pins_hold_only_for_the_same_root_and_moves_are_told() {
        let mut root = RootSpec {
            python: PythonVersion::three(13),
            standalone: None,
            suite: "trixie".to_owned(),
            architecture: "amd64".to_owned(),
            extra: vec![],
            libraries: vec![],
        };
        let (old, new) = (lock("1", 1), lock("2", 2));
        assert_eq!(debian_pins(Some(&old), &root).len(), 1);
        let warning = moved_warning(Some(&old), &new).expect("moved");
        assert_eq!(warning.causes, ["libc6 1 -> 2"]);
        assert_eq!(moved_warning(Some(&old), &old), None);
        root.architecture = "arm64".to_owned();
        assert!(debian_pins(Some(&old), &root).is_empty());
    }
}
