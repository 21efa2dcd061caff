//! Which packages an image needs: the closure of a few names over their dependencies. Pure.
//!
//! Like apt without recommendations: for each dependency the first alternative that can be
//! satisfied, at the highest version of all suites. Packages that are only needed by maintainer
//! scripts are left out, since none is run.

use super::index::PackageIndex;
use super::package::Package;
use super::relation::Relation;
use std::collections::BTreeMap;
use windlass_model::Digest;

/// Packages whose only use is in maintainer scripts, which never run here.
const SCRIPT_ONLY: [&str; 9] = [
    "adduser",
    "debconf",
    "debconf-2.0",
    "debianutils",
    "dpkg",
    "init-system-helpers",
    "install-info",
    "sysvinit-utils",
    "ucf",
];

/// Dependencies that only the named package's own scripts use.
const SCRIPT_ONLY_FOR: [(&str, &str); 2] = [("ca-certificates", "openssl"), ("base-files", "awk")];

/// Why the packages cannot be installed together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ResolveError {
    /// The archive has no such package.
    #[error("the archive has no package `{name}`")]
    Unknown {
        /// The wanted name.
        name: String,
        /// Names that are much like it.
        similar: Vec<String>,
        /// Where it was asked for.
        place: String,
    },
    /// No alternative of a dependency can be had.
    #[error("`{package}` needs `{wanted}`, which the archive cannot satisfy")]
    Unsatisfied {
        /// The package that needs it.
        package: String,
        /// The dependency as written.
        wanted: String,
    },
    /// Two packages exclude each other.
    #[error("`{package}` conflicts with `{other}`")]
    Conflict {
        /// The package that says so.
        package: String,
        /// The package that it excludes.
        other: String,
    },
}

/// All packages that `names` need, themselves included, by name.
///
/// A package in `pins` is taken at the version that has the pinned digest, while the archive has
/// it and it satisfies what is asked.
pub(crate) fn resolve(
    index: &PackageIndex,
    pins: &BTreeMap<String, Digest>,
    names: &[String],
) -> Result<BTreeMap<String, Package>, ResolveError> {
    let archive = Archive { index, pins };
    let mut chosen = BTreeMap::new();
    let mut waiting = Vec::new();
    for name in names {
        let wanted = Relation { name: name.clone(), version: None };
        let package = archive.candidate(&wanted).ok_or_else(|| ResolveError::Unknown {
            name: name.clone(),
            similar: index.similar(name),
            place: String::new(),
        })?;
        waiting.push(package);
    }
    // Last in, first out, with the queue filled in reverse, walks in the order of writing.
    waiting.reverse();
    while let Some(package) = waiting.pop() {
        if chosen.contains_key(&package.name) {
            continue;
        }
        chosen.insert(package.name.clone(), package.clone());
        for group in package.depends.iter().rev() {
            if let Some(next) = archive.dependency(&chosen, &package, group)? {
                waiting.push(next);
            }
        }
    }
    check_conflicts(&chosen)?;
    Ok(chosen)
}

/// The index, with the versions that are preferred.
struct Archive<'a> {
    index: &'a PackageIndex,
    pins: &'a BTreeMap<String, Digest>,
}

impl Archive<'_> {
    /// The package to add for a dependency; `None` when nothing needs to be added.
    fn dependency(
        &self,
        chosen: &BTreeMap<String, Package>,
        package: &Package,
        group: &[Relation],
    ) -> Result<Option<Package>, ResolveError> {
        let script_only = |relation: &Relation| {
            SCRIPT_ONLY.contains(&relation.name.as_str())
                || SCRIPT_ONLY_FOR.contains(&(&package.name, &relation.name))
        };
        let satisfied =
            |relation: &Relation| chosen.values().any(|there| satisfies(there, relation));
        if group.iter().any(|relation| script_only(relation) || satisfied(relation)) {
            return Ok(None);
        }
        group.iter().find_map(|relation| self.candidate(relation)).map(Some).ok_or_else(|| {
            let wanted: Vec<_> = group.iter().map(ToString::to_string).collect();
            ResolveError::Unsatisfied { package: package.name.clone(), wanted: wanted.join(" | ") }
        })
    }

    /// The pinned or highest version that fits, else the first package by name that provides it.
    fn candidate(&self, wanted: &Relation) -> Option<Package> {
        let mut real = self.index.versions(&wanted.name);
        real.retain(|package| wanted.allows(&package.version));
        let pin = self.pins.get(&wanted.name);
        let pinned = real.iter().position(|package| Some(&package.sha256) == pin).unwrap_or(0);
        if pinned < real.len() {
            return Some(real.swap_remove(pinned));
        }
        self.index.providers(&wanted.name).into_iter().find(|package| satisfies(package, wanted))
    }
}

/// By its own name and version, or by what it provides (policy 7.5: an unversioned provision
/// satisfies only unversioned wishes).
fn satisfies(package: &Package, wanted: &Relation) -> bool {
    (package.name == wanted.name && wanted.allows(&package.version))
        || package.provides.iter().any(|provided| {
            provided.name == wanted.name
                && match &provided.version {
                    Some((_, version)) => wanted.allows(version),
                    None => wanted.version.is_none(),
                }
        })
}

fn check_conflicts(chosen: &BTreeMap<String, Package>) -> Result<(), ResolveError> {
    for package in chosen.values() {
        for conflict in &package.conflicts {
            let other = chosen
                .values()
                .find(|other| other.name != package.name && satisfies(other, conflict));
            if let Some(other) = other {
                return Err(ResolveError::Conflict {
                    package: package.name.clone(),
                    other: other.name.clone(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(stanzas: &[&str]) -> PackageIndex {
        let zeros = "0".repeat(64);
        let place = format!("\nFilename: pool/x.deb\nSize: 1\nSHA256: {zeros}\n\n");
        let text = stanzas.join(&place) + &place;
        let mut index = PackageIndex::default();
        index.add("http://127.0.0.1/debian", text);
        index
    }

    fn names(index: &PackageIndex, wanted: &[&str]) -> Result<Vec<String>, ResolveError> {
        let wanted: Vec<_> = wanted.iter().map(|n| (*n).to_owned()).collect();
        resolve(index, &BTreeMap::new(), &wanted)
            .map(|all| all.values().map(|p| format!("{} {}", p.name, p.version)).collect())
    }

    #[test]
    fn takes_the_highest_version_and_the_first_alternative() {
        let index = index(&[
            "Package: app\nVersion: 1\nDepends: none | b (>= 2), v, debconf (>= 0.5)",
            "Package: b\nVersion: 1",
            "Package: b\nVersion: 2.1\nPre-Depends: c",
            "Package: c\nVersion: 1\nDepends: app",
            "Package: z\nVersion: 1\nProvides: v (= 3)",
            "Package: y\nVersion: 1\nProvides: v",
        ]);
        let all = names(&index, &["app"]).expect("resolved");
        assert_eq!(all, ["app 1", "b 2.1", "c 1", "y 1"]);
    }

    #[test]
    fn says_what_is_missing_and_what_excludes_what() {
        let index = index(&[
            "Package: libmagic1t64\nVersion: 1",
            "Package: a\nVersion: 1\nDepends: b (>= 2) | c",
            "Package: b\nVersion: 1",
            "Package: d\nVersion: 1\nBreaks: b (<< 2)",
            "Package: e\nVersion: 1\nConflicts: v\nProvides: v",
        ]);
        let unknown = ResolveError::Unknown {
            name: "libmagic1".into(),
            similar: vec!["libmagic1t64".into()],
            place: String::new(),
        };
        assert_eq!(names(&index, &["libmagic1"]), Err(unknown));
        assert!(matches!(names(&index, &["a"]), Err(ResolveError::Unsatisfied { .. })));
        assert!(matches!(names(&index, &["b", "d"]), Err(ResolveError::Conflict { .. })));
        assert!(names(&index, &["e"]).is_ok(), "a package never conflicts with itself");
    }
}
