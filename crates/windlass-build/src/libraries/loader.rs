//! What the loader of an image would find, by its own rules (ld.so(8)), without running it. Pure.
//!
//! A library is looked for in the folders of the `DT_RPATH` or `DT_RUNPATH` of whoever needs it,
//! then in the folders that the image's cache lists, which are the loader's own. Two rules more:
//! a file of a wheel also finds what another wheel's file is called, because packages load those
//! first (`ctypes.CDLL`, an import of torch) and the loader then takes what is loaded; and what is
//! made for another C library (musl, Android) is not this image's to load.
//! What this does not do: folders for processors with more instructions (hwcaps), which only ever
//! hold a second copy.

use super::objects::Objects;
use crate::elf::ElfFacts;
use std::collections::{BTreeMap, BTreeSet};

/// What files need and the loader would not find.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Unresolved {
    /// By the library's name, the paths of those that need it.
    pub(crate) libraries: BTreeMap<String, Vec<String>>,
    /// By a library that is there and a version that it does not offer, the paths of those that
    /// need it.
    pub(crate) versions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Unresolved {
    /// Adds what was found elsewhere.
    pub(crate) fn merge(&mut self, other: Self) {
        for (library, files) in other.libraries {
            self.libraries.entry(library).or_default().extend(files);
        }
        for (library, versions) in other.versions {
            let of_library = self.versions.entry(library).or_default();
            for (version, files) in versions {
                of_library.entry(version).or_default().extend(files);
            }
        }
    }
}

/// Where wheels are installed: what is below is not Debian's.
const WHEELS: &str = "usr/local/";

/// Most links followed from one name.
const MAX_LINKS: usize = 32;

/// What the files of `checked` need and `layers`, the whole image, do not have.
pub(crate) fn unresolved(checked: &Objects, layers: &[&Objects], architecture: &str) -> Unresolved {
    let loader = Loader::new(layers, architecture);
    let mut found = Unresolved::default();
    for (path, facts) in checked.files.iter().filter(|(_, facts)| is_for_glibc(facts)) {
        for name in &facts.needed {
            match loader.find(path, facts, name) {
                Found::Nothing => {
                    found.libraries.entry(name.clone()).or_default().push(path.clone());
                }
                Found::Loaded => {}
                Found::At(library) => {
                    for version in missing_versions(facts, name, library) {
                        let of_library = found.versions.entry(name.clone()).or_default();
                        of_library.entry(version.clone()).or_default().push(path.clone());
                    }
                }
            }
        }
    }
    found
}

/// Versions that are needed of the library and that it does not offer. One without any versions
/// is taken as it is, as the loader does.
fn missing_versions<'f>(
    facts: &'f ElfFacts,
    name: &str,
    library: &ElfFacts,
) -> impl Iterator<Item = &'f String> {
    let wanted = facts.versions_needed.get(name).filter(|_| !library.versions_offered.is_empty());
    let offered: BTreeSet<&String> = library.versions_offered.iter().collect();
    wanted.into_iter().flatten().filter(move |version| !offered.contains(version))
}

/// Names that only other C libraries' loaders know.
fn is_for_glibc(facts: &ElfFacts) -> bool {
    !facts.needed.iter().any(|name| name == "libc.so" || name.starts_with("libc.musl-"))
}

enum Found<'a> {
    /// The library that would be loaded.
    At(&'a ElfFacts),
    /// It is in memory by then.
    Loaded,
    Nothing,
}

struct Loader<'a> {
    layers: &'a [&'a Objects],
    /// The folders that are looked in without being named.
    folders: Vec<String>,
    /// Names of the wheels' own libraries.
    of_wheels: BTreeSet<&'a str>,
}

impl<'a> Loader<'a> {
    fn new(layers: &'a [&'a Objects], architecture: &str) -> Self {
        let triplet = crate::debian::triplet(architecture);
        let of_wheels = layers
            .iter()
            .flat_map(|layer| &layer.files)
            .filter(|(path, _)| path.starts_with(WHEELS))
            .flat_map(|(path, facts)| {
                let file = path.rsplit_once('/').map_or(path.as_str(), |(_, file)| file);
                [Some(file), facts.soname.as_deref()]
            });
        let own = [format!("usr/lib/{triplet}"), "usr/lib".to_owned()];
        let said = layers.iter().flat_map(|layer| layer.folders.iter().cloned());
        Self {
            layers,
            folders: said.chain(own).collect(),
            of_wheels: of_wheels.flatten().collect(),
        }
    }

    fn find(&self, from: &str, facts: &ElfFacts, name: &str) -> Found<'a> {
        if name.starts_with("ld-linux") {
            return Found::Loaded;
        }
        let origin = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        if name.contains('/') {
            let path = absolute("", &expanded(name, origin));
            return self.at(&path).map_or(Found::Nothing, Found::At);
        }
        let named = facts.rpath.iter().chain(&facts.runpath);
        let named = named.map(|folder| absolute(origin, &expanded(folder, origin)));
        let own = self.folders.iter().cloned();
        let found = named.chain(own).find_map(|folder| self.at(&join(&folder, name)));
        match found {
            Some(library) => Found::At(library),
            None if from.starts_with(WHEELS) && self.of_wheels.contains(name) => Found::Loaded,
            None => Found::Nothing,
        }
    }

    /// The library at a path, through links.
    fn at(&self, path: &str) -> Option<&'a ElfFacts> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            if let Some(facts) = self.layers.iter().rev().find_map(|l| l.files.get(&path)) {
                return Some(facts);
            }
            let target = self.layers.iter().rev().find_map(|layer| layer.links.get(&path))?;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            path = absolute(folder, target);
        }
        None
    }
}

/// `$ORIGIN` is the folder of the file itself.
fn expanded(folder: &str, origin: &str) -> String {
    let origin = format!("/{origin}");
    folder.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin)
}

/// A path without leading slash as it is where Debian merged the folders.
pub(crate) fn in_merged_usr(path: &str) -> String {
    absolute("", path)
}

/// A path as the image has it: without a leading slash, `.` and `..`, and below `usr` where Debian
/// merged the folders.
fn absolute(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> =
        if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    if matches!(parts.first(), Some(&("lib" | "lib64" | "bin" | "sbin"))) {
        parts.insert(0, "usr");
    }
    parts.join("/")
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests;
