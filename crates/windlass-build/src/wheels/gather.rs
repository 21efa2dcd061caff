//! Getting every package as a wheel on this machine: from the cache, by download, or by a build.

use super::build_wheel;
use super::cores::on_every_core;
use super::install::{InstallError, InstallRequest};
use super::resolution::{Artifact, Location, LockedPackage, Source};
use super::segment::Segment;
use super::wheel_segment::WheelForm;
use super::workshop::Workshop;
use crate::download::Wanted;
use crate::scheme::Scheme;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use windlass_model::{Dependencies, Digest, Progress, ProgressUnit, PythonVersion};

/// A package as a wheel on this machine.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The package's name.
    pub(super) name: String,
    /// Name and version, for messages.
    pub(super) label: String,
    /// Which wheel, and for what.
    pub(super) form: WheelForm,
    /// The wheel's file; not there when its segment is.
    pub(super) file: PathBuf,
    /// Its segment, when the cache has it.
    pub(super) known: Option<Segment>,
    /// Whether it is built from a folder of the project.
    pub(super) is_local: bool,
    /// The Python that it was built with, when it was built from sources.
    pub(super) built_with: Option<PythonVersion>,
}

/// Gathers the packages of a resolution, and the project itself when it is to be installed.
pub(super) fn gather(
    request: &InstallRequest<'_>,
    progress: &dyn Fn(Progress),
) -> Result<Vec<Gathered>, InstallError> {
    let mut packages = request.resolution.packages.clone();
    if request.spec.install_project {
        packages.push(project_package(request));
    }
    let (cache, scheme) = (request.cache, request.scheme);
    let known = on_every_core(&packages, |package| match &package.source {
        Source::Wheel(artifact) => published(scheme, artifact).known(cache),
        Source::Sdist(_) | Source::Directory { .. } => None,
    });
    let packages: Vec<_> = packages.into_iter().zip(known).collect();
    let files = fetch(request, &packages, progress)?;
    let workshop = Workshop::new(request);
    packages.into_iter().map(|(package, known)| workshop.gather(&package, known, &files)).collect()
}

/// A wheel as its makers published it.
pub(super) fn published(scheme: Scheme, artifact: &Artifact) -> WheelForm {
    WheelForm { digest: artifact.sha256, scheme, built: false }
}

/// The project as one more package.
fn project_package(request: &InstallRequest<'_>) -> LockedPackage {
    let folder = match &request.spec.dependencies {
        Dependencies::UvLock { dir } => request.project.join(dir),
        Dependencies::Project { file }
        | Dependencies::Lock { file, .. }
        | Dependencies::Listed { file, .. } => {
            request.project.join(Path::new(file).parent().unwrap_or(Path::new("")))
        }
        Dependencies::Requirements { .. } | Dependencies::None => request.project.to_owned(),
    };
    let name = request.spec.app.as_str().to_owned();
    LockedPackage { name, version: None, source: Source::Directory { path: folder } }
}

/// Files on this machine by their digest.
pub(super) type Files = BTreeMap<Digest, PathBuf>;

/// Downloads the files that neither segments nor built wheels make unnecessary.
fn fetch(
    request: &InstallRequest<'_>,
    packages: &[(LockedPackage, Option<Segment>)],
    progress: &dyn Fn(Progress),
) -> Result<Files, InstallError> {
    let started = Instant::now();
    let mut files = Files::new();
    let mut wanted = Vec::new();
    for (package, known) in packages {
        let Some(artifact) = package.artifact() else { continue };
        if known.is_some() || is_built(request, package, artifact) {
            continue;
        }
        match &artifact.location {
            Location::Path(path) => {
                check_local(package, path, artifact)?;
                files.insert(artifact.sha256, path.clone());
            }
            Location::Url(url) => wanted.push(Wanted {
                url: url.clone(),
                sha256: artifact.sha256,
                size: artifact.size,
            }),
        }
    }
    let total: Option<u64> = wanted.iter().map(|file| file.size).sum();
    let report = |done: u64, elapsed_ms: Option<u64>| {
        progress(Progress {
            part: "download".to_owned(),
            done,
            total,
            unit: ProgressUnit::Bytes,
            elapsed_ms,
            detail: match wanted.len() {
                0 => format!("all {} packages known already", packages.len()),
                count => format!("{count} files"),
            },
        });
    };
    let paths = request
        .downloader
        .fetch_all(&wanted, &request.cache.join("wheels"), &|done| report(done, None))?;
    report(total.unwrap_or(0), Some(started.elapsed().as_millis() as u64));
    files.extend(wanted.iter().map(|file| file.sha256).zip(paths));
    Ok(files)
}

/// Whether a source archive was built before.
fn is_built(request: &InstallRequest<'_>, package: &LockedPackage, artifact: &Artifact) -> bool {
    let identity = request.compiler.map(|compiler| compiler.identity);
    let source = (artifact.sha256, identity);
    matches!(package.source, Source::Sdist(_))
        && build_wheel::known(source, request.scheme, request.cache).is_some()
}

fn check_local(
    package: &LockedPackage,
    path: &Path,
    artifact: &Artifact,
) -> Result<(), InstallError> {
    let digest = build_wheel::digest_file(path)
        .map_err(|source| InstallError::Io { path: path.to_owned(), source })?;
    if digest == artifact.sha256 {
        return Ok(());
    }
    Err(InstallError::LocalFile { package: package.label(), path: path.to_owned() })
}
