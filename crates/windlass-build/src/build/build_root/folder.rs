//! The folder of what lies on top of the image's system: made once for its packages.

use super::{BuildRoot, explained};
use crate::debian::{self, RootPlan, UnpackPackagesError, Wish};
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

impl BuildRoot<'_> {
    /// The folder with these packages, and all that they need and the system lacks.
    pub(super) fn folder(&self, wishes: &[Wish]) -> Result<PathBuf, CompileWheelError> {
        self.ensure(wishes).map_err(|error| explained(crate::explain::system(&error)))
    }

    fn ensure(&self, wishes: &[Wish]) -> Result<PathBuf, SystemError> {
        let plan = self.wanted.plan(wishes, self.meter)?;
        let pins: Vec<_> = plan.libraries.iter().map(|p| (p.name.clone(), p.sha256)).collect();
        let key = key_of(&("build-root", FORM, debian::FORM, &self.system.keys, pins));
        let folder = self.wanted.cache.join("build-roots");
        let place = folder.join(key.hex());
        if place.is_dir() {
            return Ok(place);
        }
        let disk = |source| InterpreterError::Disk { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(disk)?;
        let lock =
            File::options().create(true).append(true).open(folder.join(".lock")).map_err(disk)?;
        lock.lock().map_err(disk)?;
        if place.is_dir() {
            return Ok(place);
        }
        let part = Part::begin("compiler");
        let entries = self.entries(&plan, wishes, &part)?;
        make(entries, &folder, &place)?;
        let count = plan.libraries.len() as u64;
        self.meter.end(&part, count, &format!("{count} Debian packages to compile with"));
        Ok(place)
    }

    fn entries(
        &self,
        plan: &RootPlan,
        wishes: &[Wish],
        part: &Part,
    ) -> Result<Vec<LayerEntry>, SystemError> {
        let files = self.wanted.download(plan, &|bytes| self.meter.bytes(part, bytes))?;
        let spec = debian::RootSpec { libraries: wishes.to_vec(), ..self.wanted.spec.clone() };
        let mut entries = debian::entries(plan, &files, &spec, STACK_SIGNAL)?.libraries;
        if let Some(build) = &spec.standalone {
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
