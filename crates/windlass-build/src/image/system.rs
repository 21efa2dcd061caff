//! The layers below the project's own: Debian's base, Python, and the packages asked for; with
//! the interpreter that they hold, ready to run on this machine.

mod error;
mod work;

pub use error::{InterpreterError, SystemError};

use super::Interpreter;
use super::config::NamedLayer;
use super::shelf::{Shelf, key_of};
use crate::debian::{
    self, ArchiveAccess, Catalogue, LibraryIndex, PackageIndex, RootPlan, RootSpec, Wish,
};
use crate::download::{Downloader, Wanted};
use crate::libraries::{ObjectNotes, Objects};
use crate::meter::{Meter, Part};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;
use windlass_model::{Digest, STACK_SIGNAL};
use work::Work;
pub(crate) use work::unpack_entries;

/// What the system's layers are made from.
pub(crate) struct SystemRequest<'a> {
    pub(crate) spec: RootSpec,
    /// Digests of locked packages, by name.
    pub(crate) pins: BTreeMap<String, Digest>,
    pub(crate) access: &'a ArchiveAccess,
    pub(crate) downloader: &'a Downloader,
    pub(crate) cache: &'a Path,
    pub(crate) shelf: &'a Shelf<'a>,
    pub(crate) notes: &'a ObjectNotes,
    /// The archive's packages, once something asked for them.
    pub(crate) index: OnceLock<PackageIndex>,
    /// What runs in the place of the root's Python, where that is for another machine. It follows
    /// from the plan, and must be there before layers are made.
    pub(crate) twin: OnceLock<Interpreter>,
}

/// The system's layers.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) layers: Vec<NamedLayer>,
    pub(crate) interpreter: Interpreter,
    /// Stands for the interpreter in the keys of what it compiled.
    pub(crate) identity: Digest,
    pub(crate) plan: RootPlan,
    /// Packages whose scripts nobody has looked at; only known when they were unpacked now.
    pub(crate) unreviewed: Vec<String>,
    /// Keys of the layers, lowest first: what their objects are noted under.
    pub(crate) keys: Vec<Digest>,
}

impl System {
    /// Gives the layers: from the shelf when nothing changed, else made now. `name` is the part's,
    /// for whoever watches.
    pub(crate) fn ensure(
        request: &SystemRequest<'_>,
        plan: RootPlan,
        name: &'static str,
        meter: &Meter<'_>,
    ) -> Result<Self, SystemError> {
        let work = Work::new(request, plan);
        let started = Part::begin(name);
        if let Some(layers) = work.on_shelf() {
            meter.end(&started, layers.len() as u64, "layers made before");
            return Ok(work.finish(layers, Vec::new()));
        }
        let files = work.download(meter)?;
        let mut entries = debian::entries(work.plan(), &files, &request.spec, STACK_SIGNAL)?;
        work.note_objects(&entries)?;
        entries.python = work.make_interpreter(&entries, meter)?;
        let unreviewed = std::mem::take(&mut entries.unreviewed);
        let layers = work.make_layers(entries)?;
        let packages = work.plan().packages().count() as u64;
        meter.end(&started, packages, "packages unpacked into layers");
        Ok(work.finish(layers, unreviewed))
    }

    /// The Python of a plan alone, ready to run on this machine.
    pub(crate) fn interpreter(
        request: &SystemRequest<'_>,
        plan: RootPlan,
        meter: &Meter<'_>,
    ) -> Result<Interpreter, SystemError> {
        let work = Work::new(request, plan);
        if !work.interpreter().root.is_dir() {
            let files = work.download(meter)?;
            let entries = debian::entries(work.plan(), &files, &request.spec, STACK_SIGNAL)?;
            work.make_interpreter(&entries, meter)?;
        }
        Ok(work.interpreter().clone())
    }

    /// The programs and libraries of each layer, lowest first.
    pub(crate) fn objects(&self, notes: &ObjectNotes) -> io::Result<Vec<Objects>> {
        self.keys.iter().map(|key| notes.read(key)).collect()
    }
}

/// Raised when the same pins may give another plan: the first form took packages from vendors'
/// repositories too.
const PLAN_FORM: u32 = 3;

impl SystemRequest<'_> {
    /// The plan for the locked versions, with `libraries` on top: from the cache, or from the
    /// archive's indexes.
    pub(crate) fn plan(
        &self,
        libraries: &[Wish],
        meter: &Meter<'_>,
    ) -> Result<RootPlan, SystemError> {
        let spec = RootSpec { libraries: libraries.to_vec(), ..self.spec.clone() };
        if let Some(plan) = read_json(&self.plan_path(&spec, &self.pins)) {
            return Ok(plan);
        }
        let started = Part::begin("index");
        let index = self.index(meter)?;
        let plan = RootPlan::new(index, &spec, &self.pins)?;
        meter.end(&started, plan.packages().count() as u64, "packages chosen");
        self.remember(&plan, libraries, &plan)?;
        Ok(plan)
    }

    /// Keeps a plan for the next build, which will be locked to the packages of `whole`.
    pub(crate) fn remember(
        &self,
        plan: &RootPlan,
        libraries: &[Wish],
        whole: &RootPlan,
    ) -> Result<(), SystemError> {
        let spec = RootSpec { libraries: libraries.to_vec(), ..self.spec.clone() };
        let debian = whole.packages().filter(|package| !package.standalone);
        let pins = debian.map(|p| (p.name.clone(), p.sha256)).collect();
        let path = self.plan_path(&spec, &pins);
        let written = write_json(&path, plan);
        Ok(written.map_err(|source| InterpreterError::Disk { path: path.clone(), source })?)
    }

    /// The files of a plan's packages, in its order. `bytes` hears how many came.
    pub(crate) fn download(
        &self,
        plan: &RootPlan,
        bytes: &dyn Fn(u64),
    ) -> Result<Vec<PathBuf>, SystemError> {
        let packages = plan.packages().filter(|package| !package.standalone);
        let wanted: Vec<_> = packages
            .map(|p| Wanted { url: p.url.clone(), sha256: p.sha256, size: Some(p.size) })
            .collect();
        let debs = self.cache.join("debs");
        let mut files = self.downloader.fetch_all(&wanted, &debs, bytes)?.into_iter();
        // The one that is not Debian's was fetched before.
        let archive = self.spec.standalone.as_ref().map(|build| &build.archive);
        let each = plan
            .packages()
            .filter_map(|package| if package.standalone { archive.cloned() } else { files.next() });
        Ok(each.collect())
    }

    /// The archive's packages; read once for a build.
    pub(crate) fn index(&self, meter: &Meter<'_>) -> Result<&PackageIndex, SystemError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let part = Part::begin("index");
        let index = self.catalogue().load(&self.spec.suite, &|bytes| meter.bytes(&part, bytes))?;
        Ok(self.index.get_or_init(|| index))
    }

    /// Which of the archive's packages ship which libraries.
    pub(crate) fn libraries(&self, meter: &Meter<'_>) -> Result<LibraryIndex, SystemError> {
        let part = Part::begin("index");
        Ok(self.catalogue().libraries(&self.spec.suite, &|bytes| meter.bytes(&part, bytes))?)
    }

    fn catalogue(&self) -> Catalogue<'_> {
        Catalogue {
            access: self.access,
            downloader: self.downloader,
            cache: self.cache,
            architecture: &self.spec.architecture,
            now: SystemTime::now(),
        }
    }

    fn plan_path(&self, spec: &RootSpec, pins: &BTreeMap<String, Digest>) -> std::path::PathBuf {
        self.cache.join("plans").join(key_of(&(PLAN_FORM, debian::FORM, spec, pins)).hex())
    }
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(value).map_err(io::Error::other)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
