//! The folders on top of the image's system: one with the compiler, which all builds share, and a
//! small one with what else a build needs. Each is made once for its packages.

use super::needs::{Need, wishes};
use super::{BuildRoot, explained};
use crate::debian::{self, PlannedPackage, RootPlan, UnpackPackagesError};
use crate::image::{InterpreterError, SystemError, key_of, unpack_entries};
use crate::meter::Part;
use crate::standalone;
use crate::wheels::CompileWheelError;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use windlass_model::STACK_SIGNAL;
use windlass_oci::LayerEntry;

/// Part of the folder's key: raised when the same packages give another folder.
const FORM: u32 = 1;

/// Names that Debian's scripts would have made for programs: the alternatives.
const ALTERNATIVES: [(&str, &str, &str); 3] = [
    ("usr/bin/cc", "gcc", "usr/bin/gcc"),
    ("usr/bin/c++", "g++", "usr/bin/g++"),
    ("usr/bin/f77", "gfortran", "usr/bin/gfortran"),
];

/// The loader's index of one folder's libraries would hide the system's; without it the loader looks
/// through its own folders.
const LOADER_CACHE: &str = "etc/ld.so.cache";

impl BuildRoot<'_> {
    /// The folders with a compiler, `needs`, and all that these need and the system lacks; lowest
    /// first.
    pub(super) fn folders(&self, needs: &[Need]) -> Result<Vec<PathBuf>, CompileWheelError> {
        self.ensure(needs).map_err(|error| explained(crate::explain::system(&error)))
    }

    fn ensure(&self, needs: &[Need]) -> Result<Vec<PathBuf>, SystemError> {
        let compiler = self.packages(&[])?;
        let all = if needs.is_empty() { Vec::new() } else { self.packages(needs)? };
        let mut folders = Vec::new();
        // What is needed may have others do what the compiler's own packages did.
        if !all.is_empty() && compiler.iter().any(|package| !all.contains(package)) {
            folders.push(self.folder(all, true)?);
            return Ok(folders);
        }
        let rest: Vec<_> = all.into_iter().filter(|package| !compiler.contains(package)).collect();
        folders.push(self.folder(compiler, true)?);
        if !rest.is_empty() {
            folders.push(self.folder(rest, false)?);
        }
        Ok(folders)
    }

    fn packages(&self, needs: &[Need]) -> Result<Vec<PlannedPackage>, SystemError> {
        Ok(self.wanted.plan(&wishes(&self.wanted.spec, needs), self.meter)?.libraries)
    }

    fn folder(
        &self,
        packages: Vec<PlannedPackage>,
        with_headers: bool,
    ) -> Result<PathBuf, SystemError> {
        let pins: Vec<_> = packages.iter().map(|p| (p.name.clone(), p.sha256)).collect();
        let spec = &self.wanted.spec;
        let python = spec.standalone.as_ref().filter(|_| with_headers).map(|build| build.sha256);
        let form = ("build-root", FORM, debian::FORM, &spec.architecture);
        let key = key_of(&(form, pins, python));
        let folder = self.wanted.cache.join("build-roots");
        let place = folder.join(key.hex());
        let disk = |source| InterpreterError::Disk { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(disk)?;
        let lock =
            File::options().create(true).append(true).open(folder.join(".lock")).map_err(disk)?;
        lock.lock().map_err(disk)?;
        if place.is_dir() {
            return Ok(place);
        }
        let part = Part::begin("compiler");
        let count = packages.len() as u64;
        make(self.entries(packages, with_headers, &part)?, &folder, &place)?;
        self.meter.end(&part, count, &format!("{count} Debian packages to compile with"));
        Ok(place)
    }

    fn entries(
        &self,
        packages: Vec<PlannedPackage>,
        with_headers: bool,
        part: &Part,
    ) -> Result<Vec<LayerEntry>, SystemError> {
        let plan = RootPlan { libraries: packages, ..RootPlan::default() };
        let files = self.wanted.download(&plan, &|bytes| self.meter.bytes(part, bytes))?;
        let spec = &self.wanted.spec;
        let mut entries = debian::entries(&plan, &files, spec, STACK_SIGNAL)?.libraries;
        entries.retain(|entry| entry.path != LOADER_CACHE);
        if let Some(build) = spec.standalone.as_ref().filter(|_| with_headers) {
            let headers = standalone::headers(&build.archive, spec.scheme());
            entries.extend(headers.map_err(UnpackPackagesError::from)?);
        }
        Ok(entries)
    }
}

/// Unpacks the entries; the folder has its name only once it is on disk.
fn make(mut entries: Vec<LayerEntry>, folder: &Path, place: &Path) -> Result<(), InterpreterError> {
    let disk = |source| InterpreterError::Disk { path: place.to_owned(), source };
    for (path, target, program) in ALTERNATIVES {
        let has = |path: &str| entries.iter().any(|entry| entry.path == path);
        if has(program) && !has(path) {
            entries.push(LayerEntry::symlink(path, target));
        }
    }
    let scratch = tempfile::tempdir_in(folder).map_err(disk)?;
    let unfinished = scratch.path().join("root");
    fs::create_dir(&unfinished).map_err(disk)?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&unfinished, readable).map_err(disk)?;
    unpack_entries(entries, scratch.path(), &unfinished)?;
    let opened = File::open(&unfinished).map_err(disk)?;
    rustix::fs::syncfs(opened).map_err(|errno| disk(errno.into()))?;
    fs::rename(&unfinished, place).map_err(disk)
}
