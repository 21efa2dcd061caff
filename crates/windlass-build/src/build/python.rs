//! Which Python an image gets, and with it which root: Debian's own where a release has the version
//! (it is the smallest, and signed like everything around it), else a standalone build on the newest
//! release.

use super::{BuildError, locked};
use crate::debian::{self, NEWEST_SUITE, RootSpec, StandalonePackage, Wish, suite_of};
use crate::image::SystemError;
use crate::meter::{Meter, Part};
use crate::wheels::lock::{LockedPython, WindlassLock};
use crate::wheels::{
    Machine, PackageTools, StandalonePython, StandaloneRequest, standalone_pythons,
};
use std::path::Path;
use windlass_model::{BuildSpec, DebianPackage, Digest, Problem, PythonVersion};

/// The Pythons that an image can have, the oldest first.
pub fn pythons() -> Vec<PythonVersion> {
    let mut all: Vec<_> = standalone_pythons().chain(debian::pythons()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether an image on Debian gets a standalone build, because Debian has none or one is wanted.
pub fn is_standalone(spec: &BuildSpec) -> bool {
    spec.base.standalone || suite_of(spec.python).is_none()
}

/// A chosen Python.
pub(super) struct Python {
    /// What its root is made for.
    pub(super) root: RootSpec,
    pub(super) machine: Machine,
    /// The build, when it is none of Debian's.
    pub(super) standalone: Option<StandalonePython>,
}

/// The error for a version that nobody has.
pub(super) fn unavailable(python: PythonVersion) -> SystemError {
    SystemError::Python { python, available: pythons() }
}

/// For which project, and with what of this machine.
#[derive(Clone, Copy)]
pub(super) struct PythonOrder<'a> {
    pub(super) spec: &'a BuildSpec,
    pub(super) machine: Machine,
    pub(super) tools: &'a PackageTools,
    pub(super) cache: &'a Path,
    pub(super) lock: Option<&'a WindlassLock>,
    /// A build for another machine, whose version is wanted.
    pub(super) like: Option<&'a StandalonePython>,
}

impl PythonOrder<'_> {
    /// The standalone build, fetched.
    fn standalone(&self, meter: &Meter<'_>) -> Result<StandalonePython, BuildError> {
        let (python, machine) = (self.spec.python, self.machine);
        if standalone_pythons().all(|known| known != python) {
            return Err(unavailable(python).into());
        }
        // No file has this digest: the version alone counts.
        let like = self.like.map(|other| LockedPython {
            sha256: Digest::from_bytes([0; 32]),
            ..other.locked.clone()
        });
        let locked = locked::locked_python(self.lock, python, machine);
        let part = Part::begin("python");
        let found = StandalonePython::fetch(&StandaloneRequest {
            python,
            machine,
            locked: like.as_ref().or(locked),
            tools: self.tools,
            cache: self.cache,
        })?;
        meter.end(&part, 1, &format!("standalone Python {}", found.locked.version));
        Ok(found)
    }
}

impl Python {
    /// Finds the project's Python, and fetches it if it is a standalone one.
    pub(super) fn find(order: &PythonOrder<'_>, meter: &Meter<'_>) -> Result<Self, BuildError> {
        let python = order.spec.python;
        let machine = order.machine;
        let suite = suite_of(python).filter(|_| !is_standalone(order.spec));
        let standalone = match suite {
            Some(_) => None,
            None => Some(order.standalone(meter)?),
        };
        let wish = |package: &DebianPackage| {
            Wish::new(&package.name, package.required, package.evidence.to_string())
        };
        // To a base from a registry nothing is added; this root only compiles for it.
        let apt = order.spec.apt.iter().filter(|_| order.spec.base.image.is_none());
        let mut extra: Vec<Wish> = apt.map(wish).collect();
        extra.sort();
        extra.dedup_by(|a, b| a.names == b.names);
        let root = RootSpec {
            python,
            standalone: standalone.as_ref().map(|found| StandalonePackage {
                version: found.locked.version.clone(),
                sha256: found.locked.sha256,
                archive: found.archive.clone(),
            }),
            suite: suite.unwrap_or(NEWEST_SUITE).to_owned(),
            architecture: machine.debian().to_owned(),
            extra,
            libraries: Vec::new(),
        };
        Ok(Self { root, machine, standalone })
    }

    /// The locked build can no longer be had.
    pub(super) fn moved_warning(&self, lock: Option<&WindlassLock>) -> Option<Problem> {
        let locked = locked::locked_python(lock, self.root.python, self.machine);
        locked::python_moved_warning(locked, self.standalone.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_since_3_9_can_be_had() {
        let minors: Vec<u8> = pythons().iter().map(|python| python.minor).collect();
        assert_eq!(minors, [9, 10, 11, 12, 13, 14]);
    }
}
