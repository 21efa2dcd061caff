//! The libraries that what is installed needs of the system: found, added as a layer of their own,
//! and checked.
//!
//! Which packages are needed follows from the wheels and from the layers below, and is kept under
//! the hash of both: a build with nothing changed reads two small files and asks no archive. The
//! layers below never change with it. The check is over the whole image, by the loader's rules.

use super::dependencies::DependencyLayers;
use super::{BuildError, BuildRequest};
use crate::debian::{LibraryIndex, RootPlan, Wish};
use crate::image::{System, SystemRequest, key_of};
use crate::libraries::{
    self, Addition, Known, Objects, Unresolved, added, findings, is_extension, is_of_a_driver,
    needs_of, unresolved, wishes,
};
use crate::meter::{Meter, Part};
use crate::wheels::Resolution;
use serde::Serialize;
use std::path::{Path, PathBuf};
use windlass_model::{Digest, Finding, Problem};

/// Part of every key: raised when the same files give other conclusions.
const FORM: u32 = 2;

/// What finding the libraries needs.
pub(super) struct Libraries<'a> {
    pub(super) request: &'a BuildRequest<'a>,
    pub(super) wanted: &'a SystemRequest<'a>,
    pub(super) meter: &'a Meter<'a>,
}

/// What was concluded.
pub(super) struct Furnished {
    /// The system with every library.
    pub(super) system: System,
    pub(super) findings: Vec<Finding>,
    pub(super) warnings: Vec<Problem>,
}

impl Libraries<'_> {
    /// Adds what the installed packages need of the system.
    pub(super) fn furnish(
        &self,
        system: System,
        dependencies: Option<&DependencyLayers>,
        resolution: &Resolution,
    ) -> Result<Furnished, BuildError> {
        if self.request.spec.base.image.is_some() {
            return self.on_base(system, dependencies);
        }
        let names: Vec<&str> = resolution.packages.iter().map(|p| p.name.as_str()).collect();
        let known = needs_of(&names);
        let additions = match dependencies {
            Some(layer) => self.additions(&system, &layer.key)?,
            None => Vec::new(),
        };
        let (system, additions) = self.complete(system, dependencies, (&known, additions))?;
        let found = self.check(&system, dependencies)?;
        let mut warnings = libraries::warnings(&found);
        warnings.extend(libraries::left_out(&system.plan.left_out));
        let findings = findings(&known, &additions, &system.plan);
        Ok(Furnished { system, findings, warnings })
    }

    /// A base has what it has: it is told what the installed packages need and it lacks. What it
    /// lacks for files of its own is its makers' business.
    fn on_base(
        &self,
        system: System,
        dependencies: Option<&DependencyLayers>,
    ) -> Result<Furnished, BuildError> {
        let wheels = dependencies.map(|layer| layer.key);
        let found = match &wheels {
            Some(_) => self.unresolved_of(&system, wheels.as_ref(), false)?,
            None => Unresolved::default(),
        };
        let skipped = self.request.spec.apt.iter().map(|package| package.name.as_str());
        let warnings = libraries::of_a_base(&found, &skipped.collect::<Vec<_>>());
        Ok(Furnished { system, findings: Vec::new(), warnings })
    }

    /// The packages that bring the libraries that the wheels need and nobody has.
    fn additions(&self, system: &System, wheels: &Digest) -> Result<Vec<Addition>, BuildError> {
        let path = self.needs_note(&system.keys, wheels);
        if let Some(known) = read(&path) {
            return Ok(known);
        }
        let part = Part::begin("libraries");
        let found = self.unresolved_of(system, Some(wheels), false)?;
        let missing: Vec<(&String, &Vec<String>)> =
            found.libraries.iter().filter(|(name, _)| !is_of_a_driver(name)).collect();
        let mut additions: Vec<Addition> = Vec::new();
        if !missing.is_empty() {
            let owners = self.wanted.libraries(self.meter)?;
            for (library, needed_by) in missing {
                if let Some(package) = self.owner(&owners, library, &additions)? {
                    let (library, mut needed_by) = (library.clone(), needed_by.clone());
                    // What is imported tells more than what it brings along.
                    needed_by.sort_by_key(|path| !is_extension(path));
                    additions.push(Addition { package, library, needed_by });
                }
            }
        }
        write(&path, &additions)?;
        self.meter.end(&part, additions.len() as u64, &added(&additions));
        Ok(additions)
    }

    /// The package to take for a library: one that is taken already, the only one, or the one that
    /// most packages depend on, then the first by length and name.
    fn owner(
        &self,
        owners: &LibraryIndex,
        library: &str,
        taken: &[Addition],
    ) -> Result<Option<String>, BuildError> {
        let mut owners = owners.owners(library);
        owners.retain(|name| !name.ends_with("-dev") && !name.ends_with("-dbg"));
        if let Some(there) = owners.iter().find(|name| taken.iter().any(|t| t.package == **name)) {
            return Ok(Some((*there).to_owned()));
        }
        if let [] | [_] = owners.as_slice() {
            return Ok(owners.first().map(|name| (*name).to_owned()));
        }
        let index = self.wanted.index(self.meter)?;
        owners.retain(|name| index.knows(name));
        let rank = |name: &&&str| (index.times_named(name), usize::MAX - name.len());
        let best = owners.iter().rev().max_by_key(rank);
        Ok(best.map(|name| (*name).to_owned()))
    }

    /// The system with everything that was found, and what of it turned out to be right: a package
    /// that did not bring the library that it was taken for goes again.
    fn complete(
        &self,
        system: System,
        dependencies: Option<&DependencyLayers>,
        (known, mut additions): (&[Known], Vec<Addition>),
    ) -> Result<(System, Vec<Addition>), BuildError> {
        let wished = wishes(known, &additions);
        if wished.is_empty() {
            return Ok((system, additions));
        }
        let whole = self.with(&system.plan, &wished)?;
        let Some(layer) = dependencies.filter(|_| !additions.is_empty()) else {
            return Ok((whole, additions));
        };
        let left = self.check(&whole, Some(layer))?;
        let wrong = |addition: &Addition| left.libraries.contains_key(&addition.library);
        if !additions.iter().any(wrong) {
            return Ok((whole, additions));
        }
        additions.retain(|addition| !wrong(addition));
        write(&self.needs_note(&system.keys, &layer.key), &additions)?;
        Ok((self.with(&system.plan, &wishes(known, &additions))?, additions))
    }

    /// The system of `below` with a layer of further packages; the layers of `below` stay.
    fn with(&self, below: &RootPlan, wishes: &[Wish]) -> Result<System, BuildError> {
        let plan = self.wanted.plan(wishes, self.meter)?;
        self.wanted.remember(below, &[], &plan)?;
        self.request.still_wanted()?;
        Ok(System::ensure(self.wanted, plan, "libraries", self.meter)?)
    }

    /// What the image's files need and the loader would not find.
    fn check(
        &self,
        system: &System,
        dependencies: Option<&DependencyLayers>,
    ) -> Result<Unresolved, BuildError> {
        let wheels = dependencies.map(|layer| layer.key);
        let path = self.note(&key_of(&("check", FORM, &system.keys, wheels)));
        if let Some(known) = read(&path) {
            return Ok(known);
        }
        let found = self.unresolved_of(system, wheels.as_ref(), true)?;
        write(&path, &found)?;
        Ok(found)
    }

    /// `whole` looks at Debian's files too.
    fn unresolved_of(
        &self,
        system: &System,
        wheels: Option<&Digest>,
        whole: bool,
    ) -> Result<Unresolved, BuildError> {
        let notes = self.wanted.notes;
        let unreadable = |source| BuildError::Note { path: notes.folder.clone(), source };
        let below = system.objects(notes).map_err(unreadable)?;
        let wheels = wheels.map(|key| notes.read(key)).transpose().map_err(unreadable)?;
        let layers: Vec<&Objects> = below.iter().chain(&wheels).collect();
        let architecture = &self.wanted.spec.architecture;
        let mut found = Unresolved::default();
        let checked = if whole { layers.as_slice() } else { &layers[below.len()..] };
        for layer in checked {
            found.merge(unresolved(layer, &layers, architecture));
        }
        Ok(found)
    }

    /// Where it is noted what wheels need of the layers below.
    fn needs_note(&self, below: &[Digest], wheels: &Digest) -> PathBuf {
        self.note(&key_of(&("needs", FORM, below, wheels)))
    }

    fn note(&self, key: &Digest) -> PathBuf {
        self.request.dirs.cache.join("libraries").join(key.hex())
    }
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), BuildError> {
    crate::image::write_json(path, value)
        .map_err(|source| BuildError::Note { path: path.to_owned(), source })
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
