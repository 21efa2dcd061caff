//! `.venv` made to hold what is locked, and nothing else.

use super::environment::Environment;
use super::uv_lock::folder_of_lock;
use super::{PackagesError, PackagesRequest};
use crate::build::BuildError;
use crate::wheels::lock;
use crate::wheels::{
    AsOf, Location, Moved, Resolution, ResolveNote, ResolveRequest, Source, UvProject, resolve,
};
use std::fmt::Write as _;
use std::path::PathBuf;
use windlass_model::Dependencies;

/// What syncing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncReport {
    /// The environment.
    pub folder: PathBuf,
    /// Whether it was made.
    pub made: bool,
    /// How many packages it has now.
    pub packages: usize,
    /// What changed in it.
    pub moved: Vec<Moved>,
    /// As of when versions were chosen that no lock says; `None` where uv syncs.
    pub as_of: Option<AsOf>,
    /// What the user should know.
    pub notes: Vec<ResolveNote>,
}

/// Makes the project's `.venv` hold the packages of its specification, exactly. The versions of
/// `windlass.lock` are kept, except where development needs others.
///
/// # Errors
/// [`PackagesError::OtherPython`] where `.venv` has another Python; whatever resolving met.
pub fn sync(request: PackagesRequest<'_>) -> Result<SyncReport, PackagesError> {
    let uv = UvProject::find(&request.settings.tools, request.cache)?;
    if let Dependencies::UvLock { dir } = &request.spec.dependencies {
        return sync_by_uv(request, &uv, dir);
    }
    let environment = Environment::in_folder(request.project);
    let before = environment.packages(&uv)?;
    let made = environment.ensure(&uv, request.spec.python)?;
    let target = environment.target()?;
    let held = lock::read(request.project).map_err(BuildError::from)?;
    let held = held.map(|lock| lock.seen_from(target.machine.as_str()));
    let resolved = resolve(&ResolveRequest {
        spec: request.spec,
        project: request.project,
        target,
        tools: &request.settings.tools,
        cache: request.cache,
        lock: held.as_ref(),
    })
    .map_err(BuildError::from)?;
    install(&uv, &environment, &resolved.resolution)?;
    let after = environment.packages(&uv)?;
    Ok(SyncReport {
        folder: environment.folder,
        made,
        packages: after.len(),
        moved: Moved::of_versions(&before, &after),
        as_of: Some(resolved.as_of),
        notes: resolved.notes,
    })
}

fn sync_by_uv(
    request: PackagesRequest<'_>,
    uv: &UvProject,
    dir: &str,
) -> Result<SyncReport, PackagesError> {
    let project = request.project.join(dir);
    let environment = Environment::in_folder(&folder_of_lock(request.project, &project));
    let made = !environment.folder.exists();
    let before = environment.packages(uv)?;
    let selection = &request.spec.selection;
    let mut arguments = vec!["sync".to_owned(), "--no-default-groups".to_owned()];
    arguments.extend(selection.extras.iter().flat_map(|it| ["--extra".to_owned(), it.clone()]));
    arguments.extend(selection.groups.iter().flat_map(|it| ["--group".to_owned(), it.clone()]));
    uv.run(&project, request.spec.python, &arguments).map_err(PackagesError::Uv)?;
    let after = environment.packages(uv)?;
    Ok(SyncReport {
        folder: environment.folder,
        made,
        packages: after.len(),
        moved: Moved::of_versions(&before, &after),
        as_of: None,
        notes: Vec::new(),
    })
}

/// Hands exactly the chosen files, with their hashes, to uv.
fn install(
    uv: &UvProject,
    environment: &Environment,
    resolution: &Resolution,
) -> Result<(), PackagesError> {
    let io = |source| PackagesError::Io { path: environment.folder.clone(), source };
    let scratch = tempfile::Builder::new().prefix("sync-").tempdir_in(uv.home()).map_err(io)?;
    let file = scratch.path().join("pylock.toml");
    std::fs::write(&file, pylock(resolution)).map_err(io)?;
    let (python, file) = (environment.python.display().to_string(), file.display().to_string());
    let arguments =
        ["pip", "sync", "--quiet", "--allow-empty-requirements", "--python", &python, &file];
    uv.run_plain(&arguments).map_err(PackagesError::Uv).map(|_| ())
}

/// The resolution as a `pylock.toml` of one file for each package.
fn pylock(resolution: &Resolution) -> String {
    let mut text = "lock-version = \"1.0\"\ncreated-by = \"windlass\"\n".to_owned();
    if resolution.packages.is_empty() {
        text.push_str("packages = []\n");
    }
    for package in &resolution.packages {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n[[packages]]\nname = {:?}", package.name);
        if let (Some(version), true) = (&package.version, package.artifact().is_some()) {
            let _ = writeln!(text, "version = {version:?}");
        }
        let (key, artifact) = match &package.source {
            Source::Wheel(artifact) => ("wheels", artifact),
            Source::Sdist(artifact) => ("sdist", artifact),
            Source::Directory { path } => {
                let path = path.display().to_string();
                let _ = writeln!(text, "directory = {{ path = {path:?}, editable = true }}");
                continue;
            }
        };
        let place = match &artifact.location {
            Location::Url(url) => format!("url = {url:?}"),
            Location::Path(path) => format!("path = {:?}", path.display().to_string()),
        };
        let (name, hash) = (&artifact.file, artifact.sha256.hex());
        let file = format!("{{ name = {name:?}, {place}, hashes = {{ sha256 = {hash:?} }} }}");
        let _ = match key {
            "wheels" => writeln!(text, "wheels = [{file}]"),
            _ => writeln!(text, "sdist = {file}"),
        };
    }
    text
}
