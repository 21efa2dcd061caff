//! Building an image: the whole story, from a spec to a manifest.

mod app;
mod dependencies;
mod error;
mod libraries;
mod lock_only;
mod locked;
mod origin;
mod python;
mod steps;

pub use error::BuildError;
pub(crate) use lock_only::{LockOrder, lock_only, locked_root};
pub use python::pythons;
pub use steps::BuildStepError;

use crate::cache;
use crate::debian::{ArchiveAccess, RootSpec};
use crate::download::{DownloadSettings, Downloader};
use crate::image::{NamedLayer, ProjectFiles, Shelf, System, SystemRequest, image_config};
use crate::libraries::ObjectNotes;
use crate::meter::{Meter, Part};
use crate::step::RunStep;
use crate::wheels::lock::{self, WindlassLock};
use crate::wheels::{self, Machine, PackageTools, ResolveRequest, Resolved, Target};
use dependencies::Dependencies;
use libraries::Libraries;
use python::{Python, PythonOrder};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use steps::Steps;
use windlass_model::{BuildSpec, CollectStatic, Digest, Finding, Problem, Progress};
use windlass_oci::{ImageConfig, ImageStore, Manifest, StoreError};

/// What to build, where.
#[derive(Clone, Copy)]
pub struct BuildRequest<'a> {
    /// Everything that determines the image, apart from files' contents.
    pub spec: &'a BuildSpec,
    /// The project's root.
    pub project: &'a Path,
    /// Where results and intermediate things are kept.
    pub dirs: &'a BuildDirs,
    /// What the machine offers.
    pub settings: &'a BuildSettings,
    /// Set from elsewhere once nobody wants the image any more: the build ends at its next part.
    pub cancelled: &'a AtomicBool,
    /// Runs a command in a container.
    pub run_step: &'a RunStep<'a>,
    /// Hears what commands print, line by line.
    pub output: &'a (dyn Fn(&str) + Sync),
}

impl BuildRequest<'_> {
    /// Asked between the parts.
    fn still_wanted(&self) -> Result<(), BuildError> {
        if self.cancelled.load(Ordering::Relaxed) { Err(BuildError::Cancelled) } else { Ok(()) }
    }
}

/// The folders of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildDirs {
    /// What can be fetched or made again.
    pub cache: PathBuf,
    /// The OCI layout that the image goes to.
    pub images: PathBuf,
    /// Unpacked layers, for the containers that commands run in.
    pub layers: PathBuf,
    /// What lives no longer than the build. Who builds makes it, and removes what is left in it.
    pub scratch: PathBuf,
}

/// What the machine offers for building, handed in as data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BuildSettings {
    /// Where Debian's packages come from.
    pub access: ArchiveAccess,
    /// How servers are reached.
    pub download: DownloadSettings,
    /// uv, Pythons and package index settings.
    pub tools: PackageTools,
}

/// A built image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// Digest of the manifest: the image's identity.
    pub manifest: Digest,
    /// How many layers it has.
    pub layers: usize,
    /// Size of all layers, compressed, in bytes.
    pub bytes: u64,
    /// Whether `windlass.lock` was written.
    pub lock_written: bool,
    /// Every part that was done, with its time.
    pub parts: Vec<Progress>,
    /// What was added to the image without being asked for, and why.
    pub findings: Vec<Finding>,
    /// What the user should know, and what stops nothing.
    pub warnings: Vec<Problem>,
    /// Static files that could not be collected now and must be before a release serves: then the
    /// folder is kept across releases.
    pub collect_at_release: Option<CollectStatic>,
}

/// Builds the image of a project.
///
/// With nothing changed since the last build nothing is fetched, compiled or compressed.
///
/// # Errors
/// What any part met; what was finished stays cached for the next try. A build that was cancelled
/// leaves the project's lock and the app's tag as they are.
pub fn build(
    request: &BuildRequest<'_>,
    progress: &dyn Fn(Progress),
) -> Result<BuiltImage, BuildError> {
    let mut warnings = Vec::new();
    // First of all: what must not be in an image ends the build before anything is written.
    let files = app::project_files(request, &mut warnings)?;
    let cache = &request.dirs.cache;
    let disk = |source| BuildError::Note { path: cache.clone(), source };
    let _cache = cache::hold(cache).map_err(disk)?;
    assemble(request, progress, (files, warnings))
}

/// Has every layer made, and the image of them.
fn assemble(
    request: &BuildRequest<'_>,
    progress: &dyn Fn(Progress),
    (files, mut warnings): (ProjectFiles, Vec<Problem>),
) -> Result<BuiltImage, BuildError> {
    let meter = Meter::new(progress);
    let store = ImageStore::open(&request.dirs.images)?;
    // What is made has no name before the end, and nobody may sweep it away meanwhile.
    let _held = store.hold()?;
    let shelf = Shelf::new(&store, request.dirs.cache.join("layers"), request.spec.compression);
    let notes = ObjectNotes { folder: request.dirs.cache.join("objects") };
    let downloader = Downloader::new(request.settings.download.clone());
    let lock = lock::read(request.project)?;
    let order = PythonOrder {
        spec: request.spec,
        tools: &request.settings.tools,
        cache: &request.dirs.cache,
        lock: lock.as_ref(),
    };
    let python = Python::find(&order, &meter)?;
    let (root, machine) = (&python.root, python.machine);

    let wanted = SystemRequest {
        pins: locked::debian_pins(lock.as_ref(), root),
        spec: root.clone(),
        access: &request.settings.access,
        downloader: &downloader,
        cache: &request.dirs.cache.join("debian"),
        shelf: &shelf,
        notes: &notes,
        index: OnceLock::new(),
    };
    let (system, resolved) =
        system_and_packages(request, &wanted, (machine, lock.as_ref()), &meter)?;
    request.still_wanted()?;
    let (system, mut layers, findings) =
        furnish(&wanted, (request, &meter), (system, &resolved), &mut warnings)?;
    request.still_wanted()?;
    let steps = Steps { request, system: &system, shelf: &shelf, layers: &layers, meter: &meter };
    let app = app::layers(&steps, files, &mut warnings)?;
    layers.extend(app.layers);

    let config = image_config(&app.spec, &root.suite, &root.architecture, &layers);
    let manifest = store_image(&store, &config, &layers)?;
    // From here on others see it, and a newer build may have been begun.
    request.still_wanted()?;
    store.tag(request.spec.app.as_str(), &manifest)?;
    origin::record(&store, &manifest, request, (root, &system.plan, &resolved))?;
    let standalone = python.standalone.as_ref();
    let new_lock = locked::lock_of((root, standalone), machine, &system.plan, &resolved);
    warnings.extend(python.moved_warning(lock.as_ref()));
    warnings.extend(wheels::explain::notes(&resolved.notes));
    locked::note_use(request, &system, &new_lock, &resolved.resolution);
    warnings.extend(locked::moved_warning(lock.as_ref(), &new_lock));
    Ok(BuiltImage {
        manifest,
        layers: layers.len(),
        bytes: layers.iter().map(|layer| layer.info.descriptor.size).sum(),
        lock_written: lock::write(request.project, &new_lock)?,
        parts: meter.into_parts(),
        findings,
        warnings,
        collect_at_release: app.collect_at_release,
    })
}

/// Installs the packages, adds what they need of the system, and gives the system as it is then,
/// with all layers so far and what was found out.
fn furnish(
    wanted: &SystemRequest<'_>,
    (request, meter): (&BuildRequest<'_>, &Meter<'_>),
    (system, resolved): (System, &Resolved),
    warnings: &mut Vec<Problem>,
) -> Result<(System, Vec<NamedLayer>, Vec<Finding>), BuildError> {
    let dependencies = Dependencies {
        request,
        system: &system,
        shelf: wanted.shelf,
        notes: wanted.notes,
        downloader: wanted.downloader,
        meter,
    };
    let installed = dependencies.layers(&resolved.resolution, warnings)?;
    request.still_wanted()?;
    let libraries = Libraries { request, wanted, meter };
    let furnished = libraries.furnish(system, installed.as_ref(), &resolved.resolution)?;
    let system = furnished.system;
    warnings.extend(app::unreviewed_warning(&system.unreviewed));
    warnings.extend(furnished.warnings);
    let mut layers = system.layers.clone();
    layers.extend(installed.into_iter().flat_map(|installed| installed.layers));
    Ok((system, layers, furnished.findings))
}

/// The system and what to install on it: once it is known which Python the archive has, neither
/// needs the other, and both wait for the network.
fn system_and_packages(
    request: &BuildRequest<'_>,
    wanted: &SystemRequest<'_>,
    (machine, lock): (Machine, Option<&WindlassLock>),
    meter: &Meter<'_>,
) -> Result<(System, Resolved), BuildError> {
    let plan = wanted.plan(&[], meter)?;
    request.still_wanted()?;
    let patch = plan.python_patch(wanted.spec.python);
    let (system, resolved) = std::thread::scope(|scope| {
        let resolving = scope.spawn(|| resolve(request, (&wanted.spec, patch), machine, lock));
        let system = System::ensure(wanted, plan, "root", meter);
        (system, resolving.join().expect("resolving does not panic"))
    });
    let (resolved, took) = resolved?;
    let system = system?;
    meter.pass(took);
    Ok((system, resolved))
}

/// The packages that the project depends on, and how long finding them took.
fn resolve(
    request: &BuildRequest<'_>,
    (root, patch): (&RootSpec, u16),
    machine: Machine,
    lock: Option<&WindlassLock>,
) -> Result<(Resolved, Progress), BuildError> {
    let part = Part::begin("resolve");
    let glibc = Target::glibc_of(&root.suite).ok_or_else(|| python::unavailable(root.python))?;
    let resolved = wheels::resolve(&ResolveRequest {
        spec: request.spec,
        project: request.project,
        target: Target { python: root.python, patch, glibc, machine },
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

fn store_image(
    store: &ImageStore,
    config: &ImageConfig,
    layers: &[NamedLayer],
) -> Result<Digest, StoreError> {
    let config = store.put_config(config)?;
    let layers = layers.iter().map(|layer| layer.info.descriptor.clone()).collect();
    Ok(store.put_manifest(&Manifest::new(config, layers))?.digest)
}
