//! An image for one machine as far as it lies below the project's own layers: its system, its Python,
//! its packages and the libraries that they need.

use super::build_root::BuildRoot;
use super::dependencies::Dependencies;
use super::libraries::Libraries;
use super::python::Python;
use super::workplace::Workplace;
use super::{BuildError, BuildRequest, app, based, locked, twin};
use crate::base::LockedBase;
use crate::image::{NamedLayer, System, SystemRequest};
use crate::meter::{Meter, Part};
use crate::wheels::lock::WindlassLock;
use crate::wheels::{self, ResolveRequest, Resolved, Target};
use std::cell::RefCell;
use windlass_model::{Finding, Machine, Problem, Progress};

/// The layers below the project's own, and what they were made from.
pub(super) struct Ground {
    /// What the image stands on, or what compiles for it where it stands on a base.
    pub(super) python: Python,
    pub(super) base: Option<LockedBase>,
    pub(super) system: System,
    /// Lowest first.
    pub(super) layers: Vec<NamedLayer>,
    pub(super) resolved: Resolved,
    /// The lock as the machine sees it, before the build.
    pub(super) lock: Option<WindlassLock>,
    pub(super) findings: Vec<Finding>,
    pub(super) warnings: Vec<Problem>,
}

impl Ground {
    /// Makes the layers for a machine, or finds them made. `lock` is the project's, with the machines
    /// that were laid before.
    pub(super) fn lay(
        place: &Workplace<'_>,
        (machine, lock): (Machine, Option<&WindlassLock>),
        meter: &Meter<'_>,
    ) -> Result<Self, BuildError> {
        let request = place.request;
        let lock = lock.cloned().map(|lock| lock.seen_from(machine.as_str()));
        let python = Python::find(&place.python(machine, lock.as_ref()), meter)?;
        let wanted = place.system(&python.root, lock.as_ref());
        let mut warnings = Vec::new();
        let plan = wanted.plan(&[], meter)?;
        if let Some((interpreter, warning)) = twin::of(place, (&python, &plan), meter)? {
            warnings.extend(warning);
            wanted.twin.get_or_init(|| interpreter);
        }
        request.still_wanted()?;
        let base = place.bases.get(&machine);
        let target = based::target(base, (&wanted.spec, &plan), machine)?;
        // Once it is known which Python there is, neither the system nor what to install on it
        // needs the other, and both wait for the network.
        let (system, resolved) = std::thread::scope(|scope| {
            let resolving = scope.spawn(|| resolve(request, target, lock.as_ref()));
            let system = match base {
                None => System::ensure(&wanted, plan, "root", meter),
                Some(base) => based::system(base, &wanted, plan, meter),
            };
            (system, resolving.join().expect("resolving does not panic"))
        });
        let (resolved, took) = resolved?;
        let mut system = system?;
        meter.pass(took);
        if let Some(base) = base {
            system.layers.push(base.own_layer(&place.shelf, &resolved.resolution)?);
        }
        request.still_wanted()?;
        let (system, layers, findings) =
            furnish(&wanted, (request, meter), (system, &resolved), &mut warnings)?;
        warnings.extend(python.moved_warning(lock.as_ref()));
        warnings.extend(wheels::explain::notes(&resolved.notes));
        let base = base.map(|base| base.locked.clone());
        Ok(Self { python, base, system, layers, resolved, lock, findings, warnings })
    }

    /// What the lock says of this machine after the build.
    pub(super) fn new_lock(&self) -> WindlassLock {
        let Self { python, base, system, resolved, .. } = self;
        let root = (&python.root, python.standalone.as_ref(), base.clone());
        locked::lock_of(root, python.machine, &system.plan, resolved)
    }
}

/// Installs the packages, adds what they need of the system, and gives the system as it is then,
/// with all layers so far and what was found out.
fn furnish(
    wanted: &SystemRequest<'_>,
    (request, meter): (&BuildRequest<'_>, &Meter<'_>),
    (system, resolved): (System, &Resolved),
    warnings: &mut Vec<Problem>,
) -> Result<(System, Vec<NamedLayer>, Vec<Finding>), BuildError> {
    let build_root =
        BuildRoot { request, wanted, system: &system, meter, findings: RefCell::default() };
    let dependencies = Dependencies {
        request,
        system: &system,
        shelf: wanted.shelf,
        notes: wanted.notes,
        downloader: wanted.downloader,
        build_root: &build_root,
        meter,
    };
    let installed = dependencies.layers(&resolved.resolution, warnings);
    // A build that was cancelled fails for that reason alone.
    request.still_wanted()?;
    let installed = installed?;
    let mut findings = build_root.findings.take();
    let libraries = Libraries { request, wanted, meter };
    let furnished = libraries.furnish(system, installed.as_ref(), &resolved.resolution)?;
    let system = furnished.system;
    warnings.extend(app::unreviewed_warning(&system.unreviewed));
    warnings.extend(furnished.warnings);
    let mut layers = system.layers.clone();
    layers.extend(installed.into_iter().flat_map(|installed| installed.layers));
    findings.extend(furnished.findings);
    Ok((system, layers, findings))
}

/// The packages that the project depends on, and how long finding them took.
fn resolve(
    request: &BuildRequest<'_>,
    target: Target,
    lock: Option<&WindlassLock>,
) -> Result<(Resolved, Progress), BuildError> {
    let part = Part::begin("resolve");
    let resolved = wheels::resolve(&ResolveRequest {
        spec: request.spec,
        project: request.project,
        target,
        tools: &request.settings.tools,
        cache: &request.dirs.cache,
        lock,
    })?;
    let how = match &resolved.as_of {
        _ if resolved.from_cache => "packages, known already".to_owned(),
        as_of => format!("packages chosen {as_of}"),
    };
    let progress = part.ended(resolved.resolution.packages.len() as u64, &how);
    Ok((resolved, progress))
}
