//! Which packages an image gets, in which of its layers.
//!
//! A plan follows from the wanted names and the locked versions. It is kept in the cache under
//! the hash of both, so that a build with nothing changed asks no archive.

use super::index::PackageIndex;
use super::package::Package;
use super::resolve::{ResolveError, resolve};
use super::wish::{Wish, granted};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::{Digest, PythonVersion};

/// Part of every cache key: raised when the same packages give other layers.
pub(crate) const FORM: u32 = 5;

/// In every image: libc's loader tools, certificates, time zones, what compiled wheels link to,
/// a shell for Procfile lines, and busybox for people who look around in a container (0.9 MB
/// unpacked with all its tools; coreutils would have been 18 MB with five more libraries).
const BASE: [&str; 10] = [
    "base-files",
    "busybox",
    "ca-certificates",
    "dash",
    "libc-bin",
    "libstdc++6",
    "media-types",
    "netbase",
    "tzdata",
    "zlib1g",
];

/// What a root is made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RootSpec {
    pub(crate) python: PythonVersion,
    pub(crate) suite: String,
    /// Debian's name of the processor.
    pub(crate) architecture: String,
    /// Packages that the project asks for.
    pub(crate) extra: Vec<Wish>,
    /// Packages that what is installed needs; none until that is known.
    pub(crate) libraries: Vec<Wish>,
}

/// The packages of a root, by layer. Each layer follows from the names of its own and of those
/// below alone: what comes to be needed above changes none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RootPlan {
    pub(crate) base: Vec<PlannedPackage>,
    pub(crate) python: Vec<PlannedPackage>,
    pub(crate) extra: Vec<PlannedPackage>,
    pub(crate) libraries: Vec<PlannedPackage>,
    /// Wished for, not required, and not in the archive.
    pub(crate) left_out: Vec<String>,
}

/// One package of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedPackage {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: Digest,
    pub(crate) size: u64,
    pub(crate) url: String,
}

impl RootPlan {
    /// Chooses packages: at the locked versions where the archive still has them.
    pub(crate) fn new(
        index: &PackageIndex,
        spec: &RootSpec,
        pins: &BTreeMap<String, Digest>,
    ) -> Result<Self, ResolveError> {
        let mut names: Vec<String> = BASE.iter().map(|name| (*name).to_owned()).collect();
        let mut plan = Self::default();
        let mut below = BTreeSet::new();
        let python = vec![format!("python{}", spec.python)];
        let (extra, left_out) = granted(index, &spec.extra)?;
        let (libraries, lacking) = granted(index, &spec.libraries)?;
        plan.left_out = [left_out, lacking].concat();
        let layers = [&mut plan.base, &mut plan.python, &mut plan.extra, &mut plan.libraries];
        for (layer, added) in layers.into_iter().zip([vec![], python, extra, libraries]) {
            names.extend(added);
            // Names are followed in their order, so that what is below is chosen as if alone.
            for (name, package) in resolve(index, pins, &names)? {
                if below.insert(name) {
                    layer.push(PlannedPackage::from(package));
                }
            }
        }
        Ok(plan)
    }

    /// The patch level of the planned Python: 2 for `python3.11` at `3.11.2-6+deb12u6`, and 0 for
    /// a release candidate, which markers order below its release.
    pub(crate) fn python_patch(&self, python: PythonVersion) -> u16 {
        let name = format!("python{python}");
        let package = self.packages().find(|package| package.name == name);
        package.and_then(|package| patch_of(&package.version, python)).unwrap_or(0)
    }

    /// Every package, lowest layer first.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &PlannedPackage> {
        self.base.iter().chain(&self.python).chain(&self.extra).chain(&self.libraries)
    }
}

fn patch_of(version: &str, python: PythonVersion) -> Option<u16> {
    let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
    let patch = upstream.strip_prefix(&format!("{python}."))?;
    let end = patch.find(|c: char| !c.is_ascii_digit()).unwrap_or(patch.len());
    patch[..end].parse().ok()
}

impl From<Package> for PlannedPackage {
    fn from(package: Package) -> Self {
        Self {
            name: package.name,
            version: package.version,
            sha256: package.sha256,
            size: package.size,
            url: package.url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_level_is_that_of_the_package() {
        for (version, patch) in [
            ("3.11.2-6+deb12u6", Some(2)),
            ("3.11.15-1", Some(15)),
            ("1:3.11.9~rc1-1", Some(9)),
            ("3.12.1-1", None),
            ("3.11.x", None),
        ] {
            assert_eq!(patch_of(version, PythonVersion::three(11)), patch, "{version}");
        }
    }
}
