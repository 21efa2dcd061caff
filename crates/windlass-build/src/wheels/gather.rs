//! Getting every package as a wheel on this machine: from the cache, by download, or by a build.

use super::build_wheel::{self, BuildInput, BuildWheelError, BuiltWheel, WheelBuilder};
use super::cores::on_every_core;
use super::host_python::HostPython;
use super::install::{InstallError, InstallRequest};
use super::resolution::{Artifact, Location, LockedPackage, Source};
use super::segment::Segment;
use super::source_tree::SourceTree;
use super::uv::Uv;
use super::wheel_segment::WheelForm;
use crate::download::Wanted;
use std::cell::OnceCell;
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
    let known = on_every_core(&packages, |package| match &package.source {
        Source::Wheel(artifact) => published(request, artifact).known(request.cache),
        Source::Sdist(_) | Source::Directory { .. } => None,
    });
    let packages: Vec<_> = packages.into_iter().zip(known).collect();
    let files = fetch(request, &packages, progress)?;
    let workshop = Workshop { request, uv: OnceCell::new() };
    packages.into_iter().map(|(package, known)| workshop.gather(&package, known, &files)).collect()
}

/// A wheel as its makers published it.
fn published(request: &InstallRequest<'_>, artifact: &Artifact) -> WheelForm {
    WheelForm { digest: artifact.sha256, scheme: request.scheme, built: false }
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

type Files = BTreeMap<Digest, PathBuf>;

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
    matches!(package.source, Source::Sdist(_))
        && build_wheel::known(artifact.sha256, request.scheme, request.cache).is_some()
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

/// Builds what is not a wheel. uv is looked for only when something must be built.
struct Workshop<'a> {
    request: &'a InstallRequest<'a>,
    uv: OnceCell<Uv>,
}

impl Workshop<'_> {
    fn gather(
        &self,
        package: &LockedPackage,
        known: Option<Segment>,
        files: &Files,
    ) -> Result<Gathered, InstallError> {
        let (name, label) = (package.name.clone(), package.label());
        let built = match &package.source {
            Source::Wheel(artifact) => {
                return Ok(Gathered {
                    name,
                    label,
                    form: published(self.request, artifact),
                    file: files.get(&artifact.sha256).cloned().unwrap_or_default(),
                    known,
                    is_local: false,
                    built_with: None,
                });
            }
            Source::Sdist(artifact) => self.build_archive(&label, artifact, files)?,
            Source::Directory { path } => self.build_folder(&label, path)?,
        };
        let scheme = self.request.scheme;
        let form = WheelForm { digest: built.digest, scheme, built: true };
        Ok(Gathered {
            name,
            label,
            form,
            known: form.known(self.request.cache),
            file: built.path,
            is_local: matches!(package.source, Source::Directory { .. }),
            built_with: Some(built.python),
        })
    }

    fn build_archive(
        &self,
        label: &str,
        artifact: &Artifact,
        files: &Files,
    ) -> Result<BuiltWheel, InstallError> {
        let (cache, scheme) = (self.request.cache, self.request.scheme);
        if let Some(built) = build_wheel::known(artifact.sha256, scheme, cache) {
            return Ok(built);
        }
        let file = files.get(&artifact.sha256).cloned().unwrap_or_default();
        let io = |source| InstallError::Io { path: file.clone(), source };
        // Build tools go by the name, which the download's place in the cache does not have.
        let scratch = tempfile::Builder::new().prefix("sdist-").tempdir_in(cache).map_err(io)?;
        let named = scratch.path().join(&artifact.file);
        std::os::unix::fs::symlink(std::path::absolute(&file).map_err(io)?, &named).map_err(io)?;
        self.build(BuildInput { package: label, source: &named, digest: artifact.sha256, scheme })
    }

    fn build_folder(&self, label: &str, path: &Path) -> Result<BuiltWheel, InstallError> {
        let io = |source| InstallError::Io { path: path.to_owned(), source };
        let tree = SourceTree::read(path).map_err(io)?;
        let digest = tree.digest().map_err(io)?;
        let (cache, scheme) = (self.request.cache, self.request.scheme);
        if let Some(built) = build_wheel::known(digest, scheme, cache) {
            return Ok(built);
        }
        let scratch = tempfile::Builder::new().prefix("source-").tempdir_in(cache).map_err(io)?;
        tree.copy_to(scratch.path()).map_err(io)?;
        self.build(BuildInput { package: label, source: scratch.path(), digest, scheme })
    }

    fn build(&self, input: BuildInput<'_>) -> Result<BuiltWheel, InstallError> {
        let tools = self.request.tools;
        let uv = if let Some(uv) = self.uv.get() {
            uv
        } else {
            let found = Uv::find(tools, self.request.cache).map_err(BuildWheelError::from)?;
            self.uv.get_or_init(|| found)
        };
        let candidates = &tools.search.python;
        let python =
            HostPython::nearest(candidates, uv.home(), input.scheme.python).ok_or_else(|| {
                BuildWheelError::NoPython {
                    package: input.package.to_owned(),
                    tried: candidates.clone(),
                }
            })?;
        let builder = WheelBuilder::new(uv, python, self.request.cache);
        Ok(builder.build(input)?)
    }
}
