//! Driving uv: export of a `uv.lock`, addresses for another tool's lock, or resolution of
//! requirements, into `pylock.toml`.
//!
//! A lock whose declaration is unchanged acts as constraints; one whose declaration changed acts
//! as preferences, which uv keeps wherever the requirements allow it. Requirements that Windlass
//! adds never move what the project pins.

mod locks;

use super::hashes::Hashes;
use super::host_python::HostPython;
use super::lock::WindlassLock;
use super::old_imports;
use super::pylock::{self, Preferred, Reading};
use super::resolution::Resolution;
use super::resolve::{ResolveError, ResolveRequest};
use super::uv::Uv;
use super::uv_failure::UvFailure;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use windlass_model::{Dependencies, LockTool, Selection};

/// The file that listed requirements are handed to uv in.
const LISTED: &str = "declared.in";

/// Nothing is to be resolved: the requirements name every version.
const EXACT: &str = "--no-deps";

/// What uv is asked to resolve.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    files: &'a [PathBuf],
    /// Further requirements.
    extra: &'a [String],
    constraints: &'a [String],
    /// Options of uv.
    options: &'a [String],
    /// The files that may be taken, of the packages that are listed.
    hashes: &'a Hashes,
}

const NOTHING: Wanted<'static> =
    Wanted { files: &[], extra: &[], constraints: &[], options: &[], hashes: &Hashes::new() };

/// One resolution under way.
pub(super) struct Resolver<'a> {
    uv: Uv,
    request: &'a ResolveRequest<'a>,
    /// `name==version` lines that must hold.
    pins: Vec<String>,
    /// Locked versions to keep where possible.
    preferences: Option<&'a WindlassLock>,
    preferred: Preferred,
    /// The files that the project's requirements allow.
    hashes: &'a Hashes,
    python: HostPython,
    scratch: TempDir,
    /// As of when versions are chosen in this run.
    as_of: RefCell<Option<String>>,
}

impl<'a> Resolver<'a> {
    /// Prepares a resolution. `pinned` is the lock when it must be obeyed, `lock` when it is
    /// there at all.
    pub(super) fn new(
        uv: Uv,
        request: &'a ResolveRequest<'a>,
        hashes: &'a Hashes,
        pinned: Option<&'a WindlassLock>,
        lock: Option<&'a WindlassLock>,
    ) -> Result<Self, ResolveError> {
        let candidates = &request.tools.search.python;
        let python = HostPython::nearest(candidates, uv.home(), request.target.python)
            .ok_or_else(|| ResolveError::NoPython { tried: candidates.clone() })?;
        let scratch = tempfile::Builder::new()
            .prefix("resolve-")
            .tempdir_in(uv.home())
            .map_err(|source| ResolveError::Io { path: uv.home().to_owned(), source })?;
        let locked = |lock: &WindlassLock| {
            lock.packages.iter().map(|p| format!("{}=={}", p.name, p.version)).collect()
        };
        let files = |lock: &WindlassLock| {
            lock.packages.iter().map(|p| (p.name.clone(), p.file.clone())).collect()
        };
        Ok(Self {
            pins: pinned.map(locked).unwrap_or_default(),
            preferences: lock.filter(|_| pinned.is_none()),
            preferred: pinned.map(files).unwrap_or_default(),
            hashes,
            uv,
            request,
            python,
            scratch,
            as_of: RefCell::default(),
        })
    }

    /// Resolves, with versions as of a time (RFC 3339) or as of now.
    pub(super) fn run(&self, as_of: Option<&str>) -> Result<Resolution, ResolveError> {
        self.as_of.replace(as_of.map(str::to_owned));
        let spec = self.request.spec;
        match &spec.dependencies {
            Dependencies::UvLock { dir } => self.resolve_uv_lock(&self.request.project.join(dir)),
            Dependencies::Lock { tool: LockTool::Pylock, file } => {
                self.with_extra(self.read_pylock(file)?)
            }
            Dependencies::Lock { tool, file } => {
                self.with_extra(self.resolve_foreign(*tool, &self.request.project.join(file))?)
            }
            Dependencies::Requirements { files } => {
                let files: Vec<_> = files.iter().map(|f| self.request.project.join(f)).collect();
                self.resolve_files(&files, &[])
            }
            Dependencies::Project { file } => {
                let file = self.request.project.join(file);
                let options = self.selected(file.parent().unwrap_or(self.request.project));
                self.resolve_files(&[file], &options)
            }
            Dependencies::Listed { requirements, .. } => {
                let file = self.write(LISTED, &requirements.join("\n"))?;
                self.resolve_files(&[file.into()], &[])
            }
            Dependencies::None => self.resolve_files(&[], &[]),
        }
    }

    /// The options that select extras and groups of a project's folder.
    fn selected(&self, folder: &Path) -> Vec<String> {
        let Selection { extras, groups, date: _ } = &self.request.spec.selection;
        let extras = extras.iter().flat_map(|name| ["--extra".to_owned(), name.clone()]);
        let file = folder.join("pyproject.toml");
        let group = |name: &String| format!("{}:{name}", file.display());
        let groups = groups.iter().flat_map(|name| ["--group".to_owned(), group(name)]);
        extras.chain(groups).collect()
    }

    fn resolve_uv_lock(&self, dir: &Path) -> Result<Resolution, ResolveError> {
        self.with_extra(self.export(dir)?)
    }

    /// Adds what running needs and a lock lacks, without moving what is locked.
    fn with_extra(&self, mut base: Resolution) -> Result<Resolution, ResolveError> {
        let mut extra = self.request.spec.extra_requirements.clone();
        if old_imports::needs_setuptools(&base) && base.package("setuptools").is_none() {
            extra.push(old_imports::SETUPTOOLS.to_owned());
        }
        if extra.is_empty() {
            return Ok(base);
        }
        let mut constraints: Vec<String> = base.packages.iter().filter_map(pin_of).collect();
        let is_free = |pin: &&String| {
            let name = pin.split("==").next().unwrap_or_default();
            base.package(name).is_none()
        };
        constraints.extend(self.pins.iter().filter(is_free).cloned());
        let wanted = Wanted { extra: &extra, constraints: &constraints, ..NOTHING };
        let added = self.compile(&Wanted { hashes: self.hashes, ..wanted })?;
        let missing: Vec<_> =
            added.packages.into_iter().filter(|p| base.package(&p.name).is_none()).collect();
        base.packages.extend(missing);
        base.packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(base)
    }

    /// Checks the lock against its project where that is possible, and never trusts a stale one.
    fn export(&self, dir: &Path) -> Result<Resolution, ResolveError> {
        let project = dir.display().to_string();
        let python = self.python.executable.display().to_string();
        let arguments = |mode: &'static str| {
            vec![
                "export",
                "--quiet",
                "--format",
                "pylock.toml",
                "--no-dev",
                "--no-emit-project",
                "--no-header",
                "--no-annotate",
                mode,
            ]
        };
        let Selection { extras, groups, date: _ } = &self.request.spec.selection;
        let extras = extras.iter().flat_map(|name| ["--extra", name]);
        let groups = groups.iter().flat_map(|name| ["--group", name]);
        let place = ["--project", &project, "--python", &python];
        let place: Vec<&str> = place.into_iter().chain(extras).chain(groups).collect();
        let checked = arguments("--locked").into_iter().chain(place.iter().copied());
        let text = match self.uv.run_without_indexes(checked) {
            Err(failure @ UvFailure::StaleLock { .. }) => return Err(self.failed(failure)),
            // The check needs more than reading does: an interpreter that the project accepts,
            // or an index for a project whose metadata is dynamic.
            Err(_) => self
                .uv
                .run(arguments("--frozen").into_iter().chain(place))
                .map_err(|failure| self.failed(failure))?,
            Ok(text) => text,
        };
        // Paths in the answer are relative to the folder that uv ran in.
        self.read(&text, self.uv.home(), self.hashes)
    }

    fn resolve_files(
        &self,
        files: &[PathBuf],
        options: &[String],
    ) -> Result<Resolution, ResolveError> {
        let extra = &self.request.spec.extra_requirements;
        let constraints = &self.pins;
        let wanted = Wanted { files, extra, constraints, options, hashes: self.hashes };
        let found = self.compile(&wanted)?;
        if !old_imports::needs_setuptools(&found) {
            return Ok(found);
        }
        let mut extra = extra.clone();
        extra.push(old_imports::SETUPTOOLS.to_owned());
        match self.compile(&Wanted { extra: &extra, ..wanted }) {
            // The project pins a newer setuptools itself: its pins are not ours to move.
            Err(ResolveError::Uv { failure: UvFailure::Unsatisfiable { .. }, .. }) => Ok(found),
            other => other,
        }
    }

    fn compile(&self, wanted: &Wanted<'_>) -> Result<Resolution, ResolveError> {
        let Wanted { files, extra, constraints, options, hashes } = *wanted;
        let out = self.write("pylock.toml", &self.preferences_text())?;
        let mut arguments: Vec<String> =
            files.iter().map(|file| file.display().to_string()).collect();
        if !extra.is_empty() || files.is_empty() {
            arguments.push(self.write("windlass.in", &extra.join("\n"))?);
        }
        if !constraints.is_empty() {
            let file = self.write("constraints.in", &constraints.join("\n"))?;
            arguments.extend(["--constraints".to_owned(), file]);
        }
        let target = &self.request.target;
        arguments.extend(["--output-file".to_owned(), out.clone()]);
        arguments.extend(["--python".to_owned(), self.python.executable.display().to_string()]);
        arguments.extend(["--python-version".to_owned(), target.full_version()]);
        arguments.extend(["--python-platform".to_owned(), target.uv_platform()]);
        arguments.extend(options.iter().cloned());
        // What is pinned already is taken whenever it came.
        if let (Some(date), false) = (&*self.as_of.borrow(), options.contains(&EXACT.to_owned())) {
            arguments.extend(["--exclude-newer".to_owned(), date.clone()]);
        }
        arguments.extend(self.uv.index_arguments());
        let fixed = [
            "pip",
            "compile",
            "--quiet",
            "--format",
            "pylock.toml",
            "--no-header",
            "--no-annotate",
        ];
        let all = fixed.into_iter().map(str::to_owned).chain(arguments);
        // Safe there, since the interpreter is a real path: no shim looks for a version file.
        let folder = self.request.project;
        self.uv.run_in(folder, all).map_err(|failure| self.failed(failure))?;
        let text = std::fs::read_to_string(&out)
            .map_err(|source| ResolveError::Io { path: out.into(), source })?;
        self.read(&text, self.scratch.path(), hashes)
    }

    fn read(&self, text: &str, base: &Path, hashes: &Hashes) -> Result<Resolution, ResolveError> {
        let preferred = &self.preferred;
        let reading = Reading { target: self.request.target, base, preferred, hashes, extras: &[] };
        Ok(pylock::read(text, reading)?)
    }

    /// uv takes versions that its output file already names as preferences.
    fn preferences_text(&self) -> String {
        let mut text = "lock-version = \"1.0\"\ncreated-by = \"windlass\"\n".to_owned();
        let packages = self.preferences.map(|lock| &lock.packages[..]).unwrap_or_default();
        if packages.is_empty() {
            text.push_str("packages = []\n");
        }
        for package in packages {
            let (name, version) = (&package.name, &package.version);
            let _ = write!(text, "[[packages]]\nname = {name:?}\nversion = {version:?}\n");
        }
        text
    }

    fn write(&self, name: &str, text: &str) -> Result<String, ResolveError> {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, text)
            .map_err(|source| ResolveError::Io { path: path.clone(), source })?;
        Ok(path.display().to_string())
    }

    /// Adds the place in the project that a failure speaks of.
    fn failed(&self, mut failure: UvFailure) -> ResolveError {
        if let (
            UvFailure::Syntax { file: Some(file), position, .. },
            Dependencies::Listed { file: own, .. },
        ) = (&mut failure, &self.request.spec.dependencies)
            && file.ends_with(LISTED)
        {
            // Ours was made from the project's.
            file.clone_from(own);
            *position = None;
        }
        let place = match &failure {
            UvFailure::Syntax { file: Some(file), position: Some(position), .. } => {
                let path = self.request.project.join(file);
                let text = std::fs::read(&path).unwrap_or_default();
                let before = &text[..(*position).min(text.len())];
                let line = 1 + String::from_utf8_lossy(before).matches('\n').count();
                let relative = path.strip_prefix(self.request.project).unwrap_or(&path);
                Some((relative.display().to_string(), line))
            }
            _ => None,
        };
        ResolveError::Uv { failure, place }
    }
}

fn pin_of(package: &super::resolution::LockedPackage) -> Option<String> {
    package.version.as_ref().map(|version| format!("{}=={version}", package.name))
}
