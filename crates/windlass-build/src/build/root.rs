//! Which root an image is made on: pure, from the spec and this machine's processor.

use super::BuildError;
use crate::debian::{RootSpec, Wish, pythons, suite_of};
use crate::image::SystemError;
use crate::wheels::Machine;
use windlass_model::{BuildSpec, DebianPackage};

/// The root that the project needs, and the machine that it is for.
pub(super) fn of(spec: &BuildSpec) -> Result<(RootSpec, Machine), BuildError> {
    let suite = suite_of(spec.python)
        .ok_or_else(|| SystemError::Python { python: spec.python, available: pythons() })?;
    let (architecture, machine) = match std::env::consts::ARCH {
        "x86_64" => ("amd64", Machine::X86_64),
        "aarch64" => ("arm64", Machine::Aarch64),
        machine => return Err(BuildError::Processor { machine }),
    };
    let wish = |package: &DebianPackage| {
        Wish::new(&package.name, package.required, package.evidence.to_string())
    };
    let mut extra: Vec<Wish> = spec.apt.iter().map(wish).collect();
    extra.sort();
    extra.dedup_by(|a, b| a.names == b.names);
    let root = RootSpec {
        python: spec.python,
        suite: suite.to_owned(),
        architecture: architecture.to_owned(),
        extra,
        libraries: Vec::new(),
    };
    Ok((root, machine))
}
