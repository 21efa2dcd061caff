//! What an inventory holds, in the words that both forms share.

use super::licence::{self, Licence};
use super::{Hashes, purl};
use crate::inventory::{DebianPackage, Inventory, OsRelease, PythonPackage};
use windlass_model::Digest;

/// One thing of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) kind: ComponentKind,
    pub(super) name: String,
    pub(super) version: String,
    /// Its package URL, which is also what tells it from all others.
    pub(super) purl: String,
    pub(super) licence: Licence,
    pub(super) homepage: Option<String>,
    /// Where it lies in the image.
    pub(super) paths: Vec<String>,
    /// Of the file that it came from.
    pub(super) sha256: Option<Digest>,
    /// The source package, when that is another: name and version.
    pub(super) source: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ComponentKind {
    OperatingSystem,
    Debian,
    Python,
    Interpreter,
}

/// The components of an image, in a fixed order, each package URL once.
pub(super) fn components(inventory: &Inventory, hashes: &Hashes) -> Vec<Component> {
    let release = inventory.distribution.as_ref();
    let mut all: Vec<Component> = release.map(operating_system).into_iter().collect();
    all.extend(inventory.debian.iter().map(|package| debian(package, release)));
    all.extend(inventory.interpreters.iter().map(|version| interpreter(version)));
    let mut python: Vec<Component> = inventory.python.iter().map(self::python).collect();
    python.sort_by(|a, b| a.purl.cmp(&b.purl));
    all.extend(python);
    all.dedup_by(|again, first| {
        let same = again.purl == first.purl;
        if same {
            first.paths.append(&mut again.paths);
        }
        same
    });
    for component in &mut all {
        let key = component.purl.split('?').next().unwrap_or_default();
        component.sha256 = hashes.get(key).copied();
    }
    all
}

fn operating_system(release: &OsRelease) -> Component {
    let version = release.version_id.clone().unwrap_or_default();
    Component {
        purl: format!("pkg:generic/{}@{}", purl::encoded(&release.id), purl::encoded(&version)),
        name: release.id.clone(),
        version,
        ..empty(ComponentKind::OperatingSystem)
    }
}

fn debian(package: &DebianPackage, release: Option<&OsRelease>) -> Component {
    let source = (package.source.clone(), package.source_version.clone());
    let same = source.0 == package.name && source.1 == package.version;
    Component {
        name: package.name.clone(),
        version: package.version.clone(),
        purl: purl::debian_purl(package, release),
        homepage: package.homepage.clone(),
        source: (!same).then_some(source),
        ..empty(ComponentKind::Debian)
    }
}

fn python(package: &PythonPackage) -> Component {
    Component {
        name: package.name.clone(),
        version: package.version.clone(),
        purl: purl::python_purl(&package.name, &package.version),
        licence: licence::of(package),
        homepage: package.homepage.clone(),
        paths: package.paths.clone(),
        ..empty(ComponentKind::Python)
    }
}

fn interpreter(version: &str) -> Component {
    Component {
        name: "python".to_owned(),
        version: version.to_owned(),
        purl: format!("pkg:generic/python@{}", purl::encoded(version)),
        licence: Licence::Expression("PSF-2.0".to_owned()),
        ..empty(ComponentKind::Interpreter)
    }
}

fn empty(kind: ComponentKind) -> Component {
    Component {
        kind,
        name: String::new(),
        version: String::new(),
        purl: String::new(),
        licence: Licence::Unknown,
        homepage: None,
        paths: Vec::new(),
        sha256: None,
        source: None,
    }
}
