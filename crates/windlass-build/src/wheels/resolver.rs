//! Driving uv: export of a `uv.lock`, or resolution of requirements, into `pylock.toml`.
//!
//! A lock whose declaration is unchanged acts as constraints; one whose declaration changed acts
//! as preferences, which uv keeps wherever the requirements allow it. Requirements that Windlass
//! adds never move what the project pins.

use super::hashes::Hashes;
use super::host_python::HostPython;
use super::lock::WindlassLock;
use super::old_imports;
use super::pylock::{self, Preferred, Reading};
use super::resolution::Resolution;
use super::resolve::{ResolveError, ResolveRequest};
use super::uv::Uv;
use super::uv_failure::UvFailure;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use windlass_model::Dependencies;

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
        let same_machine = |lock: &&WindlassLock| lock.machine == request.target.machine.as_str();
        Ok(Self {
            pins: pinned.map(locked).unwrap_or_default(),
            preferences: lock.filter(|_| pinned.is_none()),
            preferred: pinned.filter(same_machine).map(files).unwrap_or_default(),
            hashes,
            uv,
            request,
            python,
            scratch,
        })
    }

    /// Resolves.
    pub(super) fn run(&self) -> Result<Resolution, ResolveError> {
        let spec = self.request.spec;
        match &spec.dependencies {
            Dependencies::UvLock { dir } => self.resolve_uv_lock(&self.request.project.join(dir)),
            Dependencies::Requirements { files } => {
                let files: Vec<_> = files.iter().map(|f| self.request.project.join(f)).collect();
                self.resolve_files(&files)
            }
            Dependencies::Project { file } => {
                self.resolve_files(&[self.request.project.join(file)])
            }
            Dependencies::None => self.resolve_files(&[]),
        }
    }

    fn resolve_uv_lock(&self, dir: &Path) -> Result<Resolution, ResolveError> {
        let mut base = self.export(dir)?;
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
        let added = self.compile(&[], &extra, &constraints)?;
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
        let place = ["--project", &project, "--python", &python];
        let checked = arguments("--locked").into_iter().chain(place);
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
        self.read(&text, self.uv.home())
    }

    fn resolve_files(&self, files: &[PathBuf]) -> Result<Resolution, ResolveError> {
        let extra = &self.request.spec.extra_requirements;
        let found = self.compile(files, extra, &self.pins)?;
        if !old_imports::needs_setuptools(&found) {
            return Ok(found);
        }
        let mut extra = extra.clone();
        extra.push(old_imports::SETUPTOOLS.to_owned());
        match self.compile(files, &extra, &self.pins) {
            // The project pins a newer setuptools itself: its pins are not ours to move.
            Err(ResolveError::Uv { failure: UvFailure::Unsatisfiable { .. }, .. }) => Ok(found),
            other => other,
        }
    }

    fn compile(
        &self,
        files: &[PathBuf],
        extra: &[String],
        constraints: &[String],
    ) -> Result<Resolution, ResolveError> {
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
        self.read(&text, self.scratch.path())
    }

    fn read(&self, text: &str, base: &Path) -> Result<Resolution, ResolveError> {
        let Self { preferred, hashes, .. } = self;
        let reading = Reading { target: self.request.target, base, preferred, hashes };
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
    fn failed(&self, failure: UvFailure) -> ResolveError {
        let place = match &failure {
            UvFailure::Syntax { file: Some(file), position, .. } => {
                let path = self.request.project.join(file);
                let text = std::fs::read(&path).unwrap_or_default();
                let before = &text[..position.unwrap_or(0).min(text.len())];
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
