//! A build on a base from a registry: where the base comes in, and what it changes.

use super::python::unavailable;
use super::{BuildError, BuildRequest, BuildSettings};
use crate::base::{Base, BaseError, BaseOrder, LockedBase};
use crate::debian::{RootPlan, RootSpec};
use crate::image::{System, SystemError, SystemRequest};
use crate::meter::Meter;
use crate::wheels::Target;
use crate::wheels::lock::WindlassLock;
use std::collections::BTreeMap;
use std::path::Path;
use windlass_model::{BuildSpec, Digest, Machine};
use windlass_oci::ImageStore;

/// Whose base, and with what of this machine.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) spec: &'a BuildSpec,
    pub(super) settings: &'a BuildSettings,
    pub(super) cache: &'a Path,
    /// Folder of unpacked layers.
    pub(super) layers: &'a Path,
}

impl<'a> From<&BuildRequest<'a>> for Wanted<'a> {
    fn from(request: &BuildRequest<'a>) -> Self {
        let (cache, layers) = (&request.dirs.cache, &request.dirs.layers);
        Self { spec: request.spec, settings: request.settings, cache, layers }
    }
}

/// The project's base for each machine; none where it stands on Debian.
pub(super) fn find_all(
    wanted: &Wanted<'_>,
    (store, lock): (&ImageStore, Option<&WindlassLock>),
    machines: &[Machine],
    meter: &Meter<'_>,
) -> Result<BTreeMap<Machine, Base>, BuildError> {
    let mut bases: BTreeMap<Machine, Base> = BTreeMap::new();
    let mut locked = None;
    for machine in machines {
        let lock = lock.cloned().map(|lock| lock.seen_from(machine.as_str()));
        // What one machine got is what the next one gets.
        let known = lock.and_then(|lock| lock.base).or_else(|| locked.clone());
        let Some(base) = find(wanted, *machine, (store, known.as_ref()), meter)? else { continue };
        if bases.values().any(|other| other.python() != base.python()) {
            return Err(BaseError::Differs { name: base.locked.name }.into());
        }
        locked = Some(base.locked.clone());
        bases.insert(*machine, base);
    }
    Ok(bases)
}

/// The project's base for a machine; `None` where it stands on Debian.
pub(super) fn find(
    wanted: &Wanted<'_>,
    machine: Machine,
    (store, locked): (&ImageStore, Option<&LockedBase>),
    meter: &Meter<'_>,
) -> Result<Option<Base>, BuildError> {
    let order = BaseOrder {
        spec: wanted.spec,
        architecture: machine.debian(),
        locked,
        store,
        layers: wanted.layers,
        cache: wanted.cache,
        http: &wanted.settings.download,
        credentials: &wanted.settings.credentials,
        environment: &wanted.settings.tools.environment,
    };
    Ok(Base::find(&order, meter)?)
}

/// The spec of an image on this base.
pub(super) fn spec(base: Option<&Base>, spec: &BuildSpec) -> BuildSpec {
    base.map_or_else(|| spec.clone(), |base| base.spec(spec))
}

/// What an image says it stands on.
pub(super) fn name(base: Option<&LockedBase>, root: &RootSpec) -> (String, Option<Digest>) {
    match base {
        Some(base) => (base.name.clone(), Some(base.digest)),
        None => (format!("debian:{}", root.suite), None),
    }
}

/// What packages must fit: the base's Python and C library, or those of the root.
pub(super) fn target(
    base: Option<&Base>,
    (root, plan): (&RootSpec, &RootPlan),
    machine: Machine,
) -> Result<Target, BuildError> {
    let python = root.python;
    let (patch, glibc) = if let Some(base) = base {
        base.target()
    } else {
        let glibc = Target::glibc_of(&root.suite);
        (plan.python_patch(python), glibc.ok_or_else(|| unavailable(python))?)
    };
    Ok(Target { python, patch, glibc, machine })
}

/// The base as a system. The Python that is planned, or its twin for this machine, compiles for it.
pub(super) fn system(
    base: &Base,
    wanted: &SystemRequest<'_>,
    plan: RootPlan,
    meter: &Meter<'_>,
) -> Result<System, SystemError> {
    let compiler = match wanted.twin.get() {
        Some(twin) => twin.clone(),
        None => System::interpreter(wanted, plan.clone(), meter)?,
    };
    Ok(base.system(compiler, &wanted.spec.architecture, plan))
}
