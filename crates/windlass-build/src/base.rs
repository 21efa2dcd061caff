//! An image from a registry as what a project's image stands on.
//!
//! Its layers are taken as they are, byte for byte, so that a registry that has them gets none of
//! them again; what is added lies above. Invariants: nothing of a base is run outside of a container, what there
//! is to know about it is read from its files; it is known by its digest, which the project's lock
//! says, so that the same lock gives the same image; with nothing changed no registry is asked.
//! What it does not do: add Debian packages to it, or take one without the GNU C library.

mod entries;
mod error;
mod linker;
mod present;
mod pull;
mod python;
mod survey;
mod tree;

pub use error::{BaseError, PythonPlace};
pub use pull::CredentialFiles;

use crate::debian::RootPlan;
use crate::image::{Interpreter, NamedLayer, Shelf, System, key_of, write_json};
use crate::libraries::ObjectNotes;
use crate::meter::{Meter, Part};
use crate::wheels::Resolution;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use survey::Facts;
use windlass_model::{BuildSpec, Digest, PythonVersion};
use windlass_oci::ImageStore;
use windlass_oci::http::HttpSettings;

/// Raised when the same base gives other facts.
const FORM: u32 = 1;
/// What of its environment is not every process's of an image: their home is the same in all, and
/// where modules are imported from is the project's to say.
const NOT_TAKEN: [&str; 2] = ["HOME", "PYTHONPATH"];

/// Where the commands of installed packages are.
const COMMANDS: &str = "/usr/local/bin";

/// Which base is wanted, and with what of this machine.
#[derive(Clone, Copy)]
pub(crate) struct BaseOrder<'a> {
    pub(crate) spec: &'a BuildSpec,
    /// Processor architecture, as Debian and Go call it: `amd64`.
    pub(crate) architecture: &'a str,
    /// The base that the lock names.
    pub(crate) locked: Option<&'a LockedBase>,
    pub(crate) store: &'a ImageStore,
    /// Folder of unpacked layers.
    pub(crate) layers: &'a Path,
    /// The cache.
    pub(crate) cache: &'a Path,
    pub(crate) http: &'a HttpSettings,
    pub(crate) credentials: &'a CredentialFiles,
    /// For programs that know credentials.
    pub(crate) environment: &'a BTreeMap<String, String>,
}

/// A base, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedBase {
    /// Its name, as the project writes it.
    pub name: String,
    /// What the name stood for in the registry: the digest of an image, or of an index of several.
    pub digest: Digest,
}

#[cfg(test)]
impl LockedBase {
    /// For tests of what holds one.
    pub(crate) fn sample() -> Self {
        Self { name: "python:3.12-slim".to_owned(), digest: Digest::from_bytes([5; 32]) }
    }
}

/// A base that is here, and was looked through.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Base {
    /// What the lock says of it.
    pub(crate) locked: LockedBase,
    /// Lowest first.
    layers: Vec<NamedLayer>,
    facts: Facts,
    /// Stands for its layers, and for what they hold for the loader.
    key: Digest,
}

impl Base {
    /// Gives the base that a project wants, pulled if it is not here; `None` where it wants none.
    pub(crate) fn find(
        order: &BaseOrder<'_>,
        meter: &Meter<'_>,
    ) -> Result<Option<Self>, BaseError> {
        let Some(name) = &order.spec.base.image else { return Ok(None) };
        refuse_packages(order.spec)?;
        let locked = order.locked.filter(|locked| locked.name == *name);
        let notes = ObjectNotes { folder: order.cache.join("objects") };
        if let Some(locked) = locked
            && let Some(known) = Self::known(order, locked, &notes)
        {
            return known.suits(order.spec).map(Some);
        }
        let part = Part::begin("base");
        let pulled = pull::pull(order, (name, locked), &part, meter)?;
        let locked = LockedBase { name: name.clone(), digest: pulled.source };
        let base = match Self::known(order, &locked, &notes) {
            Some(known) => known,
            None => Self::survey(order, (locked, pulled), &notes)?,
        };
        let facts = &base.facts;
        let what = format!("{name}, with Python {}.{}", facts.scheme.python, facts.patch);
        meter.end(&part, base.layers.len() as u64, &format!("layers of {what}"));
        base.suits(order.spec).map(Some)
    }

    /// Looks through a base, and notes what was found.
    fn survey(
        order: &BaseOrder<'_>,
        (locked, pulled): (LockedBase, pull::Pulled),
        notes: &ObjectNotes,
    ) -> Result<Self, BaseError> {
        let diff_ids: Vec<_> = pulled.layers.iter().map(|layer| layer.info.diff_id).collect();
        let key = key_of(&("base image", FORM, order.architecture, diff_ids));
        let (facts, objects) = survey::survey(order, &locked.name, &pulled)?;
        let disk = |path: PathBuf| |source| BaseError::Disk { path, source };
        notes.write(&key, &objects).map_err(disk(notes.path(&key)))?;
        let base = Self { locked, layers: pulled.layers, facts, key };
        let path = note(order, &base.locked);
        write_json(&path, &base).map_err(disk(path))?;
        Ok(base)
    }

    /// What is noted of a base whose layers are all here.
    fn known(order: &BaseOrder<'_>, locked: &LockedBase, notes: &ObjectNotes) -> Option<Self> {
        let noted: Self = serde_json::from_slice(&std::fs::read(note(order, locked)).ok()?).ok()?;
        let here = |layer: &NamedLayer| order.store.holds(&layer.info.descriptor);
        let whole = noted.layers.iter().all(here) && notes.has(&noted.key);
        (whole && noted.locked.digest == locked.digest)
            .then(|| Self { locked: locked.clone(), ..noted })
    }

    /// Refuses a base whose Python the project excludes.
    fn suits(self, spec: &BuildSpec) -> Result<Self, BaseError> {
        let python = self.python();
        if spec.base.pythons.contains(&python) {
            return Ok(self);
        }
        Err(BaseError::Excluded {
            base: self.locked.name,
            python,
            allowed: spec.base.pythons.clone(),
        })
    }

    /// Its Python.
    pub(crate) fn python(&self) -> PythonVersion {
        self.facts.scheme.python
    }

    /// That Python's patch level, 0 where nothing says it; and the version of the C library.
    pub(crate) fn target(&self) -> (u16, (u16, u16)) {
        (self.facts.patch, self.facts.glibc)
    }

    /// The project's image on this base: with its Python, and with its settings under the project's.
    pub(crate) fn spec(&self, spec: &BuildSpec) -> BuildSpec {
        let mut env = self.facts.env.clone();
        env.retain(|name, _| !NOT_TAKEN.contains(&name.as_str()));
        // The packages' commands are there, wherever its own are.
        if let Some(path) = env.get_mut("PATH")
            && !path.split(':').any(|folder| folder == COMMANDS)
        {
            *path = format!("{COMMANDS}:{path}");
        }
        env.extend(spec.env.clone());
        BuildSpec { python: self.python(), env, ..spec.clone() }
    }

    /// Its layers as the system of an image. `compiler` is a Python of the same feature release
    /// that runs here, and `plan` what it is made from: bytecode is the same for all of one
    /// (PEP 3147), and the base's own is not to be run on this machine.
    pub(crate) fn system(
        &self,
        compiler: Interpreter,
        architecture: &str,
        plan: RootPlan,
    ) -> System {
        let scheme = self.facts.scheme;
        let made_from: Vec<Digest> = plan.packages().map(|package| package.sha256).collect();
        System {
            layers: self.layers.clone(),
            identity: key_of(&("base image", FORM, scheme, made_from)),
            interpreter: Interpreter {
                root: compiler.root.clone(),
                python: scheme.python,
                build: scheme.build,
                architecture: architecture.to_owned(),
                twin: Some(Box::new(compiler)),
            },
            plan,
            unreviewed: Vec::new(),
            keys: vec![self.key],
        }
    }

    /// The layer above its own that makes it what is expected of an image here.
    pub(crate) fn own_layer(
        &self,
        shelf: &Shelf<'_>,
        resolution: &Resolution,
    ) -> Result<NamedLayer, BaseError> {
        entries::layer(&self.facts, (&self.key, shelf), resolution)
    }
}

/// Where it is noted what a base is.
fn note(order: &BaseOrder<'_>, locked: &LockedBase) -> PathBuf {
    let file = format!("{}-{}-{FORM}", locked.digest.hex(), order.architecture);
    order.cache.join("bases").join(file)
}

/// Packages that the project itself asks for cannot be added.
fn refuse_packages(spec: &BuildSpec) -> Result<(), BaseError> {
    let required: Vec<String> = spec
        .apt
        .iter()
        .filter(|package| package.required)
        .map(|package| package.name.clone())
        .collect();
    if required.is_empty() { Ok(()) } else { Err(BaseError::Packages { names: required }) }
}
