//! The layers below the project's own: Debian's base, Python, and the packages asked for; with
//! the interpreter that they hold, ready to run on this machine.

use super::Interpreter;
use super::bytecode::{CompileError, CompileJob, bytecode_path, compile};
use super::config::{NamedLayer, made_by};
use super::shelf::{Shelf, ShelfError, key_of};
use crate::debian::{
    self, ArchiveAccess, Catalogue, CatalogueError, PlannedPackage, ResolveError, RootEntries,
    RootPlan, RootSpec, UnpackPackagesError,
};
use crate::download::{DownloadError, Downloader, Wanted};
use crate::meter::{Meter, Part};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use windlass_model::{Digest, PythonVersion, STACK_SIGNAL};
use windlass_oci::{
    Content, EntryKind, Expected, LayerEntry, LayerError, LayerWriter, UnpackError, unpack_layer,
};

/// What the system's layers are made from.
pub(crate) struct SystemRequest<'a> {
    pub(crate) spec: RootSpec,
    /// Digests of locked packages, by name.
    pub(crate) pins: BTreeMap<String, Digest>,
    pub(crate) access: &'a ArchiveAccess,
    pub(crate) downloader: &'a Downloader,
    pub(crate) cache: &'a Path,
    pub(crate) shelf: &'a Shelf<'a>,
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
}

/// Why the system's layers could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// No Debian release has this Python.
    #[error("Python {python} is in no Debian release that images are made from")]
    Python {
        /// The wanted Python.
        python: PythonVersion,
        /// The ones that there are.
        available: Vec<PythonVersion>,
    },
    /// The archive's indexes could not be had.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The packages cannot be installed together.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A package could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A package could not be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackPackagesError),
    /// A layer could not be made.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The interpreter's root could not be written.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    /// The standard library could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// Why the interpreter's root could not be written.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// It could not be packed.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// It could not be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The cache could not be used.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl System {
    /// Gives the layers: from the shelf when nothing changed, else made now.
    pub(crate) fn ensure(
        request: &SystemRequest<'_>,
        plan: RootPlan,
        meter: &Meter<'_>,
    ) -> Result<Self, SystemError> {
        let work = Work::new(request, plan);
        let started = Part::begin("root");
        if let Some(layers) = work.on_shelf() {
            meter.end(&started, layers.len() as u64, "layers made before");
            return Ok(work.finish(layers, Vec::new()));
        }
        let files = work.download(meter)?;
        let entries = debian::entries(&work.plan, &files, &request.spec, STACK_SIGNAL)?;
        let python = work.make_interpreter(&entries, meter)?;
        let unreviewed = entries.unreviewed;
        let layers = work.make_layers(entries.base, python, entries.extra)?;
        let packages = work.plan.packages().count() as u64;
        meter.end(&started, packages, "packages unpacked into layers");
        Ok(work.finish(layers, unreviewed))
    }
}

/// Raised when the same pins may give another plan: the first form took packages from vendors'
/// repositories too.
const PLAN_FORM: u32 = 2;

impl SystemRequest<'_> {
    /// The plan for the locked versions, from the cache or from the archive's indexes.
    pub(crate) fn plan(&self, meter: &Meter<'_>) -> Result<RootPlan, SystemError> {
        let key = |pins: &BTreeMap<String, Digest>| {
            let key = key_of(&(PLAN_FORM, debian::FORM, &self.spec, pins));
            self.cache.join("plans").join(key.hex())
        };
        if let Some(plan) = read_json(&key(&self.pins)) {
            return Ok(plan);
        }
        let started = Part::begin("index");
        let catalogue = Catalogue {
            access: self.access,
            downloader: self.downloader,
            cache: self.cache,
            architecture: &self.spec.architecture,
            now: SystemTime::now(),
        };
        let index = catalogue.load(&self.spec.suite, &|bytes| meter.bytes(&started, bytes))?;
        let plan = RootPlan::new(&index, &self.spec, &self.pins)?;
        meter.end(&started, plan.packages().count() as u64, "packages chosen");
        let pins = plan.packages().map(|p| (p.name.clone(), p.sha256)).collect();
        let path = key(&pins);
        write_json(&path, &plan)
            .map_err(|source| InterpreterError::Disk { path: path.clone(), source })?;
        Ok(plan)
    }
}

/// A plan being carried out.
struct Work<'a> {
    request: &'a SystemRequest<'a>,
    plan: RootPlan,
    /// Keys of the base, Python and extra layers.
    keys: [Digest; 3],
    interpreter: Interpreter,
}

impl<'a> Work<'a> {
    fn new(request: &'a SystemRequest<'a>, plan: RootPlan) -> Self {
        let pins = |packages: &[PlannedPackage]| -> Vec<_> {
            packages.iter().map(|p| (p.name.clone(), p.sha256)).collect()
        };
        let spec = &request.spec;
        let common = (debian::FORM, &spec.architecture, &spec.suite);
        let base = key_of(&("base", common, pins(&plan.base)));
        let python = key_of(&("python", base, spec.python, STACK_SIGNAL, pins(&plan.python)));
        let extra = key_of(&("extra", python, pins(&plan.extra)));
        let interpreter = Interpreter {
            root: request.cache.join("interpreters").join(python.hex()),
            python: spec.python,
            architecture: spec.architecture.clone(),
        };
        Self { request, plan, keys: [base, python, extra], interpreter }
    }

    /// Every layer, when all were made before and the interpreter is there too.
    fn on_shelf(&self) -> Option<Vec<NamedLayer>> {
        if !self.interpreter.root.is_dir() {
            return None;
        }
        let mut layers = Vec::new();
        for (key, packages, what) in self.parts() {
            if !packages.is_empty() {
                let info = self.request.shelf.find(key)?;
                layers
                    .push(NamedLayer { info, made_by: made_by(&what, packages.len(), "packages") });
            }
        }
        Some(layers)
    }

    fn parts(&self) -> [(&Digest, &[PlannedPackage], String); 3] {
        let spec = &self.request.spec;
        [
            (&self.keys[0], &self.plan.base, format!("Debian {}", spec.suite)),
            (&self.keys[1], &self.plan.python, format!("Python {}", spec.python)),
            (&self.keys[2], &self.plan.extra, "packages asked for".to_owned()),
        ]
    }

    fn download(&self, meter: &Meter<'_>) -> Result<Vec<PathBuf>, SystemError> {
        let wanted: Vec<_> = self
            .plan
            .packages()
            .map(|p| Wanted { url: p.url.clone(), sha256: p.sha256, size: Some(p.size) })
            .collect();
        let total = self.plan.packages().map(|package| package.size).sum();
        let started = meter.begin_sized("packages", total);
        let files = self.request.downloader.fetch_all(
            &wanted,
            &self.request.cache.join("debs"),
            &|bytes| meter.bytes(&started, bytes),
        )?;
        meter.end(&started, total, &format!("{} Debian packages", files.len()));
        Ok(files)
    }

    /// Unpacks base and Python into the interpreter's root, compiles the standard library there,
    /// and gives the entries of Python's layer, bytecode included.
    fn make_interpreter(
        &self,
        entries: &RootEntries,
        meter: &Meter<'_>,
    ) -> Result<Vec<LayerEntry>, SystemError> {
        let started = Part::begin("bytecode");
        let root = &self.interpreter.root;
        let disk = |source| InterpreterError::Disk { path: root.clone(), source };
        let folder = root.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(disk)?;
        let lock =
            File::options().create(true).append(true).open(folder.join(".lock")).map_err(disk)?;
        lock.lock().map_err(disk)?;
        if !root.is_dir() {
            let scratch = tempfile::tempdir_in(folder).map_err(disk)?;
            let unfinished =
                Interpreter { root: scratch.path().join("root"), ..self.interpreter.clone() };
            fs::create_dir(&unfinished.root).map_err(disk)?;
            unpack(entries, scratch.path(), &unfinished.root)?;
            compile_library(&unfinished, &entries.python)?;
            // Layers are made from this root: it must not have its name before it is on disk.
            let folder = File::open(&unfinished.root).map_err(disk)?;
            rustix::fs::syncfs(folder).map_err(|errno| disk(errno.into()))?;
            fs::rename(&unfinished.root, root).map_err(disk)?;
        }
        let mut python = entries.python.clone();
        let mut modules = 0;
        for entry in &entries.python {
            let Some(path) = library_bytecode(entry, self.interpreter.python) else { continue };
            let place = root.join(&path);
            if place.is_file() {
                modules += 1;
                python.push(LayerEntry::file(path, 0o644, Content::Path(place)));
            }
        }
        meter.end(&started, modules, "modules of the standard library");
        Ok(python)
    }

    fn make_layers(
        &self,
        base: Vec<LayerEntry>,
        python: Vec<LayerEntry>,
        extra: Vec<LayerEntry>,
    ) -> Result<Vec<NamedLayer>, SystemError> {
        let parts = self.parts();
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = parts
                .iter()
                .zip([base, python, extra])
                .filter(|(_, entries)| !entries.is_empty())
                .map(|((key, packages, what), entries)| {
                    scope.spawn(move || {
                        let info = match self.request.shelf.find(key) {
                            Some(info) => info,
                            None => self.request.shelf.make(key, entries)?,
                        };
                        let made_by = made_by(what, packages.len(), "packages");
                        Ok::<_, ShelfError>(NamedLayer { info, made_by })
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("writing a layer does not panic"))
                .collect()
        });
        Ok(made.into_iter().collect::<Result<_, _>>()?)
    }

    fn finish(self, layers: Vec<NamedLayer>, unreviewed: Vec<String>) -> System {
        System {
            layers,
            interpreter: self.interpreter,
            identity: self.keys[1],
            plan: self.plan,
            unreviewed,
        }
    }
}

/// Unpacks through a layer of its own: the one way here that no link can lead astray.
fn unpack(entries: &RootEntries, scratch: &Path, root: &Path) -> Result<(), InterpreterError> {
    let disk = |source| InterpreterError::Disk { path: scratch.to_owned(), source };
    let packed = scratch.join("root.tar.gz");
    let file = io::BufWriter::new(File::create(&packed).map_err(disk)?);
    let all = entries.base.iter().chain(&entries.python).cloned();
    // A layer repeats folders of the layers below it; in one layer each is once.
    let once: BTreeMap<String, LayerEntry> = all.map(|entry| (entry.path.clone(), entry)).collect();
    let (mut file, info) = LayerWriter::new(file, 0).write(once.into_values().collect())?;
    file.flush().and_then(|()| file.rewind()).map_err(disk)?;
    let expected = Expected { digest: info.descriptor.digest, diff_id: info.diff_id };
    unpack_layer(&packed, expected, root)?;
    fs::remove_file(&packed).map_err(disk)
}

/// Modules of the standard library that one process compiles; always the same ones, since the
/// layer's packages fix the list.
const GROUP: usize = 32;

fn compile_library(interpreter: &Interpreter, entries: &[LayerEntry]) -> Result<(), SystemError> {
    let mut jobs = Vec::new();
    for entry in entries {
        let Some(path) = library_bytecode(entry, interpreter.python) else { continue };
        let target = interpreter.root.join(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)
                .map_err(|source| InterpreterError::Disk { path: folder.to_owned(), source })?;
        }
        let source = interpreter.root.join(&entry.path);
        let (shown, group) = (format!("/{}", entry.path), jobs.len() / GROUP);
        jobs.push(CompileJob { source, shown, target, group });
    }
    compile(interpreter, &jobs)?;
    Ok(())
}

/// Where the bytecode of an entry goes, if it is a module of the standard library.
fn library_bytecode(entry: &LayerEntry, python: PythonVersion) -> Option<String> {
    let is_file = matches!(entry.kind, EntryKind::File(_));
    let in_library = entry.path.starts_with(&format!("usr/lib/python{python}/"));
    if is_file && in_library { bytecode_path(&entry.path, python) } else { None }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(value).map_err(io::Error::other)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
