//! Building an image: the whole story, from a spec to a manifest.

use crate::debian::{ArchiveAccess, PYTHONS, RootSpec, suite_of};
use crate::download::{DownloadSettings, Downloader};
use crate::image::{
    NamedLayer, ProjectError, ProjectFiles, Shelf, ShelfError, System, SystemError, SystemRequest,
    image_config, key_of, made_by,
};
use crate::meter::{Meter, Part};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use windlass_model::{BuildSpec, Digest, Problem, Progress};
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
}

/// The folders of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildDirs {
    /// What can be fetched or made again.
    pub cache: PathBuf,
    /// The OCI layout that the image goes to.
    pub images: PathBuf,
}

/// What the machine offers for building, handed in as data.
#[derive(Debug, Clone, Default)]
pub struct BuildSettings {
    /// Where Debian's packages come from.
    pub access: ArchiveAccess,
    /// How servers are reached.
    pub download: DownloadSettings,
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
    /// What the user should know, and what stops nothing.
    pub warnings: Vec<Problem>,
}

/// Why no image was built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The system's layers.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The project's files.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A layer.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The image store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This machine's processor is not one that images are made for.
    #[error("images are not made for the processor `{machine}`")]
    Processor {
        /// Rust's name of the processor.
        machine: &'static str,
    },
}

/// Builds the image of a project.
///
/// With nothing changed since the last build nothing is fetched, compiled or compressed.
///
/// # Errors
/// What any part met; what was finished stays cached for the next try.
pub fn build(
    request: &BuildRequest<'_>,
    progress: &dyn Fn(Progress),
) -> Result<BuiltImage, BuildError> {
    let meter = Meter::new(progress);
    let store = ImageStore::open(&request.dirs.images)?;
    let shelf = Shelf { store: &store, notes: request.dirs.cache.join("layers") };
    let downloader = Downloader::new(request.settings.download.clone());
    let root = root_spec(request.spec)?;
    let system = System::ensure(
        &SystemRequest {
            spec: root.clone(),
            pins: BTreeMap::new(),
            access: &request.settings.access,
            downloader: &downloader,
            cache: &request.dirs.cache.join("debian"),
            shelf: &shelf,
        },
        &meter,
    )?;
    let mut warnings = unreviewed_warnings(&system.unreviewed);
    let mut layers = system.layers.clone();
    layers.push(project_layer(request, &system, &shelf, (&meter, &mut warnings))?);
    let config = image_config(request.spec, &root.suite, &root.architecture, &layers);
    let manifest = store_image(&store, &config, &layers)?;
    store.tag(request.spec.app.as_str(), &manifest)?;
    Ok(BuiltImage {
        manifest,
        layers: layers.len(),
        bytes: layers.iter().map(|layer| layer.info.descriptor.size).sum(),
        lock_written: false,
        parts: meter.into_parts(),
        warnings,
    })
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

/// Which root the project needs.
fn root_spec(spec: &BuildSpec) -> Result<RootSpec, BuildError> {
    let suite = suite_of(spec.python).ok_or_else(|| SystemError::Python {
        python: spec.python,
        available: PYTHONS.iter().map(|(python, _)| *python).collect(),
    })?;
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        machine => return Err(BuildError::Processor { machine }),
    };
    let mut extra = spec.apt.clone();
    extra.sort();
    extra.dedup();
    Ok(RootSpec {
        python: spec.python,
        suite: suite.to_owned(),
        architecture: architecture.to_owned(),
        extra,
    })
}

/// The project's own files, with their bytecode.
fn project_layer(
    request: &BuildRequest<'_>,
    system: &System,
    shelf: &Shelf<'_>,
    (meter, warnings): (&Meter<'_>, &mut Vec<Problem>),
) -> Result<NamedLayer, BuildError> {
    let part = Part::begin("app");
    let files = ProjectFiles::read(request.project, request.spec)?;
    warnings.extend(skipped_warning(&files.skipped));
    let count = files.count();
    let key = key_of(&("app", system.identity, files.key(), &request.spec.persist));
    let info = if let Some(info) = shelf.find(&key) {
        info
    } else {
        let cache = request.dirs.cache.join("bytecode-app");
        let entries =
            files.into_entries(request.spec, &system.interpreter, &system.identity, &cache)?;
        shelf.make(&key, entries)?
    };
    meter.end(&part, count as u64, "files of the project");
    Ok(NamedLayer { info, made_by: made_by("the project", count, "files") })
}

fn skipped_warning(skipped: &[String]) -> Option<Problem> {
    let first = skipped.first()?;
    let message = match skipped.len() {
        1 => format!("`{first}` is not in the image"),
        count => format!("`{first}` and {} others are not in the image", count - 1),
    };
    Some(
        Problem::user("files-left-out", message)
            .cause("links that lead out of the project, sockets and names that are not UTF-8 cannot be shipped")
            .hint("Replace the link by what it points to, or list the path under `exclude`."),
    )
}

fn unreviewed_warnings(packages: &[String]) -> Vec<Problem> {
    packages
        .iter()
        .map(|package| {
            Problem::user(
                "package-script-not-run",
                format!("the install script of the Debian package `{package}` is not run"),
            )
            .hint("Check in the image that what the package set up there is there.")
        })
        .collect()
}
