//! What of a lock an image needs. The only question to the disk: whether a path is a file.

use super::edge::{Edge, accepts};
use super::{ForeignLock, ForeignLockError, Member, Origin, Package};
use crate::wheels::target::Target;
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;
use windlass_model::{Digest, LockTool, Selection};

/// One package to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::wheels) struct Pin {
    pub(in crate::wheels) name: String,
    pub(in crate::wheels) version: String,
    /// A requirement that only this package satisfies; `None` for a folder.
    pub(in crate::wheels) requirement: Option<String>,
    /// The folder that it is built from.
    pub(in crate::wheels) folder: Option<PathBuf>,
    /// The files that may be taken; `None` where the lock lists none.
    pub(in crate::wheels) hashes: Option<BTreeSet<Digest>>,
}

/// Everything to take, and from which indexes besides the machine's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::wheels) struct Pins {
    pub(in crate::wheels) packages: Vec<Pin>,
    pub(in crate::wheels) sources: Vec<String>,
}

/// Chooses for a target. The lock is refused when it contradicts its declaration.
pub(in crate::wheels) fn select(
    lock: &ForeignLock,
    selection: &Selection,
    target: Target,
) -> Result<Pins, ForeignLockError> {
    let chooser = Chooser { lock, selection, target };
    // Overrides may contradict the declaration on purpose: the tool saw them when it locked.
    if lock.is_fresh != Some(true) {
        chooser.check()?;
    }
    let reached = lock.packages.iter().any(|package| package.member == Member::Reached);
    let chosen = if reached { chooser.reached()? } else { chooser.of_groups()? };
    let mut by_name: BTreeMap<&str, &Package> = BTreeMap::new();
    for package in chosen {
        match by_name.insert(&package.name, package) {
            Some(other) if other.version != package.version => {
                return Err(ForeignLockError::Twice {
                    file: lock.file.clone(),
                    package: package.name.clone(),
                    versions: (other.version.clone(), package.version.clone()),
                });
            }
            _ => {}
        }
    }
    let packages = by_name.into_values().map(|package| chooser.pin(package));
    Ok(Pins { packages: packages.collect::<Result<_, _>>()?, sources: lock.sources.clone() })
}

struct Chooser<'a> {
    lock: &'a ForeignLock,
    selection: &'a Selection,
    target: Target,
}

impl<'a> Chooser<'a> {
    /// Everything that is declared is locked, at a version that is allowed.
    fn check(&self) -> Result<(), ForeignLockError> {
        for root in &self.lock.roots {
            if !self.counts(root, &self.selection.extras, "the declaration")? {
                continue;
            }
            let locked: Vec<&Package> = self.named(&root.name).collect();
            if !locked.iter().any(|p| p.origin != Origin::Index || root.allows(&p.version)) {
                let versions: Vec<&str> = locked.iter().map(|p| p.version.as_str()).collect();
                return Err(ForeignLockError::Stale {
                    file: self.lock.file.clone(),
                    declaration: self.lock.declaration.clone(),
                    tool: self.lock.tool,
                    asked: root.shown(),
                    locked: match versions.len() {
                        0 => "nothing".to_owned(),
                        _ => format!("{} {}", root.name, versions.join(" and ")),
                    },
                });
            }
        }
        Ok(())
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &'a Package> {
        let name = name.to_owned();
        self.lock.packages.iter().filter(move |package| package.name == name)
    }

    fn counts(&self, edge: &Edge, extras: &[String], who: &str) -> Result<bool, ForeignLockError> {
        edge.counts(self.target, extras).map_err(|marker| self.bad_marker(who, marker))
    }

    fn bad_marker(&self, package: &str, marker: String) -> ForeignLockError {
        ForeignLockError::Marker {
            file: self.lock.file.clone(),
            package: package.to_owned(),
            marker,
        }
    }

    /// The groups that production gets, as the tool names them.
    fn groups(&self) -> Vec<&str> {
        let main = if self.lock.tool == LockTool::Poetry { "main" } else { "default" };
        let pipenv = self.lock.tool == LockTool::Pipenv;
        let named = self.selection.groups.iter().map(|group| match group.as_str() {
            "dev-packages" | "dev" if pipenv => "develop",
            other => other,
        });
        // PDM's extras are groups too.
        let extras = self.selection.extras.iter().map(String::as_str);
        let extras = extras.filter(|_| self.lock.tool == LockTool::Pdm);
        std::iter::once(main).chain(named).chain(extras).collect()
    }

    fn of_groups(&self) -> Result<Vec<&'a Package>, ForeignLockError> {
        let groups = self.groups();
        let mut chosen = Vec::new();
        for package in &self.lock.packages {
            let Member::Groups(members) = &package.member else { continue };
            for (_, marker) in members.iter().filter(|(name, _)| groups.contains(&name.as_str())) {
                let counts = accepts(marker.as_deref(), self.target, &self.selection.extras);
                if counts.map_err(|marker| self.bad_marker(&package.name, marker))? {
                    chosen.push(package);
                    break;
                }
            }
        }
        Ok(chosen)
    }

    /// Everything that is reached from the declaration.
    fn reached(&self) -> Result<Vec<&'a Package>, ForeignLockError> {
        let mut seen: BTreeSet<(&str, &str, &[String], Vec<String>)> = BTreeSet::new();
        let mut chosen = Vec::new();
        let mut open: Vec<(&Edge, &str, Vec<String>)> = Vec::new();
        let none = || self.selection.extras.clone();
        open.extend(self.lock.roots.iter().map(|edge| (edge, "the declaration", none())));
        while let Some((edge, who, extras)) = open.pop() {
            if !self.counts(edge, &extras, who)? {
                continue;
            }
            for package in self.best(edge) {
                let mut asked = edge.extras.clone();
                asked.sort();
                let Package { name, version, requested, .. } = package;
                if !seen.insert((name, version, requested, asked.clone())) {
                    continue;
                }
                chosen.push(package);
                let needed = package.dependencies.iter();
                let needed =
                    needed.filter(|edge| !edge.optional || is_asked(package, edge, &asked));
                open.extend(needed.map(|edge| (edge, package.name.as_str(), asked.clone())));
            }
        }
        Ok(chosen)
    }

    /// The entries for an edge: the newest version that it allows, with the entries for extras.
    fn best(&self, edge: &Edge) -> Vec<&'a Package> {
        let fits = |p: &&Package| p.origin != Origin::Index || edge.allows(&p.version);
        let newest = self.named(&edge.name).filter(fits).map(|package| &package.version);
        let newest = newest.max_by_key(|version| Version::from_str(version).ok());
        let Some(newest) = newest else { return Vec::new() };
        let asked = |p: &Package| p.requested.iter().all(|extra| edge.extras.contains(extra));
        self.named(&edge.name).filter(|p| p.version == *newest && asked(p)).collect()
    }

    fn pin(&self, package: &Package) -> Result<Pin, ForeignLockError> {
        let Package { name, version, .. } = package;
        let folder = self.lock.file.parent().map(PathBuf::from).unwrap_or_default();
        let (requirement, folder) = match &package.origin {
            Origin::Index => (Some(format!("{name}=={version}")), None),
            Origin::Url(url) => (Some(format!("{name} @ {url}")), None),
            Origin::Path(path) => {
                let path = crate::wheels::place::normalize(&folder.join(path));
                if path.is_file() {
                    (Some(format!("{name} @ {}", path.display())), None)
                } else {
                    (None, Some(path))
                }
            }
            Origin::Repository(url) => {
                return Err(ForeignLockError::Repository {
                    file: self.lock.file.clone(),
                    package: name.clone(),
                    url: url.clone(),
                });
            }
        };
        let hashes = package.lists_files.then(|| package.hashes.clone());
        Ok(Pin { name: name.clone(), version: version.clone(), requirement, folder, hashes })
    }
}

/// Whether one of the extras that are asked for adds an optional dependency.
fn is_asked(package: &Package, edge: &Edge, asked: &[String]) -> bool {
    let wanted = package.extras.iter().filter(|(extra, _)| asked.contains(extra));
    wanted.into_iter().any(|(_, members)| members.contains(&edge.name))
}
