//! A plan of packages being carried out: fetched, unpacked, made into layers, with the interpreter
//! that compiles the standard library.

use super::{InterpreterError, System, SystemError, SystemRequest};
use crate::debian::{self, PlannedPackage, RootEntries, RootPlan};
use crate::image::Interpreter;
use crate::image::bytecode::{CompileJob, bytecode_path, compile};
use crate::image::config::{NamedLayer, made_by};
use crate::image::shelf::{ShelfError, key_of};
use crate::libraries::Objects;
use crate::meter::{Meter, Part};
use crate::scheme::Scheme;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use windlass_model::{Digest, STACK_SIGNAL};
use windlass_oci::{Content, EntryKind, Expected, LayerEntry, LayerWriter, unpack_layer};

/// A plan being carried out.
pub(super) struct Work<'a> {
    request: &'a SystemRequest<'a>,
    plan: RootPlan,
    /// Keys of the base, Python, extra and library layers.
    keys: [Digest; 4],
    interpreter: Interpreter,
}

impl<'a> Work<'a> {
    pub(super) fn new(request: &'a SystemRequest<'a>, plan: RootPlan) -> Self {
        let pins = |packages: &[PlannedPackage]| -> Vec<_> {
            packages.iter().map(|p| (p.name.clone(), p.sha256)).collect()
        };
        let spec = &request.spec;
        let common = (debian::FORM, &spec.architecture, &spec.suite);
        let base = key_of(&("base", common, pins(&plan.base)));
        let python = key_of(&("python", base, spec.python, STACK_SIGNAL, pins(&plan.python)));
        let extra = key_of(&("extra", python, pins(&plan.extra)));
        let libraries = key_of(&("libraries", extra, pins(&plan.libraries)));
        let interpreter = Interpreter {
            root: request.cache.join("interpreters").join(python.hex()),
            python: spec.python,
            build: spec.scheme().build,
            architecture: spec.architecture.clone(),
            twin: request.twin.get().cloned().map(Box::new),
        };
        Self { request, plan, keys: [base, python, extra, libraries], interpreter }
    }

    pub(super) fn plan(&self) -> &RootPlan {
        &self.plan
    }

    pub(super) fn interpreter(&self) -> &Interpreter {
        &self.interpreter
    }

    /// Every layer, when all were made before and the interpreter is there too.
    pub(super) fn on_shelf(&self) -> Option<Vec<NamedLayer>> {
        if !self.interpreter.root.is_dir() {
            return None;
        }
        let mut layers = Vec::new();
        for (key, packages, what) in self.parts() {
            if !packages.is_empty() {
                let info = self.request.shelf.find(key).filter(|_| self.request.notes.has(key))?;
                layers
                    .push(NamedLayer { info, made_by: made_by(&what, packages.len(), "packages") });
            }
        }
        Some(layers)
    }

    fn parts(&self) -> [(&Digest, &[PlannedPackage], String); 4] {
        let spec = &self.request.spec;
        [
            (&self.keys[0], &self.plan.base, format!("Debian {}", spec.suite)),
            (&self.keys[1], &self.plan.python, format!("Python {}", spec.python)),
            (&self.keys[2], &self.plan.extra, "packages asked for".to_owned()),
            (&self.keys[3], &self.plan.libraries, "libraries needed".to_owned()),
        ]
    }

    pub(super) fn download(&self, meter: &Meter<'_>) -> Result<Vec<PathBuf>, SystemError> {
        let total = self.plan.packages().map(|package| package.size).sum();
        let started = meter.begin_sized("packages", total);
        let files = self.request.download(&self.plan, &|bytes| meter.bytes(&started, bytes))?;
        let standalone = usize::from(self.request.spec.standalone.is_some());
        let count = files.len() - standalone;
        meter.end(&started, total, &format!("{count} Debian packages"));
        Ok(files)
    }

    /// Notes what the layers hold for the loader.
    pub(super) fn note_objects(&self, entries: &RootEntries) -> Result<(), SystemError> {
        let layers = [&entries.base, &entries.python, &entries.extra, &entries.libraries];
        for (key, layer) in self.keys.iter().zip(layers).filter(|(_, layer)| !layer.is_empty()) {
            let notes = self.request.notes;
            let noted = Objects::of_layer(layer, &self.request.spec.architecture)
                .and_then(|objects| notes.write(key, &objects));
            noted.map_err(|source| InterpreterError::Disk { path: notes.path(key), source })?;
        }
        Ok(())
    }

    /// Unpacks base and Python into the interpreter's root, compiles the standard library there,
    /// and gives the entries of Python's layer, bytecode included.
    pub(super) fn make_interpreter(
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
            let Some(path) = library_bytecode(entry, self.interpreter.scheme()) else { continue };
            let place = root.join(&path);
            if place.is_file() {
                modules += 1;
                python.push(LayerEntry::file(path, 0o644, Content::Path(place)));
            }
        }
        meter.end(&started, modules, "modules of the standard library");
        Ok(python)
    }

    pub(super) fn make_layers(&self, entries: RootEntries) -> Result<Vec<NamedLayer>, SystemError> {
        let parts = self.parts();
        let RootEntries { base, python, extra, libraries, .. } = entries;
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = parts
                .iter()
                .zip([base, python, extra, libraries])
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

    pub(super) fn finish(self, layers: Vec<NamedLayer>, unreviewed: Vec<String>) -> System {
        let keys = self.parts().into_iter().filter(|(_, packages, _)| !packages.is_empty());
        let keys = keys.map(|(key, _, _)| *key).collect();
        System {
            layers,
            interpreter: self.interpreter,
            identity: self.keys[1],
            keys,
            plan: self.plan,
            unreviewed,
        }
    }
}

/// Unpacks through a layer of its own: the one way here that no link can lead astray.
fn unpack(entries: &RootEntries, scratch: &Path, root: &Path) -> Result<(), InterpreterError> {
    let all = entries.base.iter().chain(&entries.python).cloned();
    // A layer repeats folders of the layers below it; in one layer each is once.
    let once: BTreeMap<String, LayerEntry> = all.map(|entry| (entry.path.clone(), entry)).collect();
    unpack_entries(once.into_values().collect(), scratch, root)
}

/// Unpacks entries, each path once, into an empty folder.
pub(crate) fn unpack_entries(
    entries: Vec<LayerEntry>,
    scratch: &Path,
    root: &Path,
) -> Result<(), InterpreterError> {
    let disk = |source| InterpreterError::Disk { path: scratch.to_owned(), source };
    let packed = scratch.join("root.tar.gz");
    let file = io::BufWriter::new(File::create(&packed).map_err(disk)?);
    let (mut file, info) = LayerWriter::new(file, 0).write(entries)?;
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
        let Some(path) = library_bytecode(entry, interpreter.scheme()) else { continue };
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
fn library_bytecode(entry: &LayerEntry, scheme: Scheme) -> Option<String> {
    let is_file = matches!(entry.kind, EntryKind::File(_));
    let in_library = entry.path.starts_with(&format!("{}/", scheme.library()));
    if is_file && in_library { bytecode_path(&entry.path, scheme.python) } else { None }
}
