//! Which packages an image gets, in which of its layers.
//!
//! A plan follows from the wanted names and the locked versions. It is kept in the cache under
//! the hash of both, so that a build with nothing changed asks no archive.

use super::index::PackageIndex;
use super::package::Package;
use super::resolve::{ResolveError, resolve};
use super::wish::{Wish, granted};
use crate::scheme::Scheme;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
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
    /// The standalone build to put in, where Debian has none.
    pub(crate) standalone: Option<StandalonePackage>,
    pub(crate) suite: String,
    /// Debian's name of the processor.
    pub(crate) architecture: String,
    /// Packages that the project asks for.
    pub(crate) extra: Vec<Wish>,
    /// Packages that what is installed needs; none until that is known.
    pub(crate) libraries: Vec<Wish>,
}

/// A standalone build of Python, as one more package of Python's layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StandalonePackage {
    /// Its version with the patch level.
    pub(crate) version: String,
    /// SHA-256 of the archive.
    pub(crate) sha256: Digest,
    /// The archive, on this machine.
    #[serde(skip)]
    pub(crate) archive: PathBuf,
}

impl RootSpec {
    /// The places of its Python.
    pub(crate) fn scheme(&self) -> Scheme {
        match self.standalone {
            Some(_) => Scheme::local(self.python),
            None => Scheme::debian(self.python),
        }
    }

    /// Debian's packages of Python's layer. Standalone builds bring their libraries along, except
    /// the one behind the module `crypt`, which Python 3.13 gave up.
    fn python_packages(&self) -> Vec<String> {
        match self.standalone {
            None => vec![format!("python{}", self.python)],
            Some(_) if self.python < PythonVersion::three(13) => vec!["libcrypt1".to_owned()],
            Some(_) => Vec::new(),
        }
    }
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
    /// Not one of Debian's: the standalone Python, whose file is here already.
    #[serde(default)]
    pub(crate) standalone: bool,
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
        let python = spec.python_packages();
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
        plan.python.extend(spec.standalone.as_ref().map(|it| PlannedPackage::of(it, spec.python)));
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
            standalone: false,
        }
    }
}

impl PlannedPackage {
    fn of(build: &StandalonePackage, python: PythonVersion) -> Self {
        Self {
            name: format!("python{python}"),
            version: build.version.clone(),
            sha256: build.sha256,
            size: 0,
            url: String::new(),
            standalone: true,
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
