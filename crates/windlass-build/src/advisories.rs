//! Known vulnerabilities of what an image holds.
//!
//! Advisories come from files, folders and archives in the OSV format, or from Debian's security
//! tracker; where they are is the caller's word alone, and a file needs no network. Each record is
//! judged while it is read and only what concerns the image is kept, so that a whole ecosystem's
//! archive needs little memory. Invariant: what cannot be read is an error, never "nothing found".
//! The judging is pure. What it does not do: know of flaws that no advisory names, of package
//! databases other than dpkg's and Python's, or of anything statically linked.

mod cvss;
mod error;
mod judge;
mod osv;
mod range;
mod report;
mod source;
mod tracker;

pub use error::AdvisoryError;
pub use report::{Expired, Finding, Report};
pub use source::read_all;

use crate::inventory::{Inventory, OsRelease};
use judge::Judge;
use pep440_rs::Version;
use std::collections::BTreeMap;
use std::str::FromStr as _;
use windlass_model::Ignored;
use windlass_model::Severity;

/// One advisory that an installed package falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Match {
    /// Index into the packages.
    package: usize,
    /// Its own name first, then its aliases.
    ids: Vec<String>,
    summary: String,
    severity: Severity,
    /// The first version without it, when there is one.
    fixed: Option<String>,
}

/// A package that advisories may speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Installed {
    kind: Kind,
    /// The name that advisories use: normalised, or the source package's.
    name: String,
    version: String,
    /// What of it is installed: binary packages, or paths.
    parts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Debian,
    Python,
}

/// The image's packages by the names that advisories use, and what was found about them.
pub struct Scan {
    judge: Judge,
    read: u64,
}

impl Scan {
    /// Prepares to judge what an image holds.
    pub fn new(inventory: &Inventory) -> Self {
        Self { judge: Judge::new(inventory), read: 0 }
    }

    /// What was found, less what is set aside. `today` is `YYYY-MM-DD`.
    pub fn report(self, ignore: &[Ignored], today: &str) -> Report {
        report::report(self.judge, self.read, ignore, today)
    }
}

/// Every package once, with what of it is installed.
fn installed(inventory: &Inventory) -> Vec<Installed> {
    let mut found: BTreeMap<(Kind, String, String), Vec<String>> = BTreeMap::new();
    for package in &inventory.debian {
        let key = (Kind::Debian, package.source.clone(), package.source_version.clone());
        found.entry(key).or_default().push(package.name.clone());
    }
    for package in &inventory.python {
        let name = crate::wheels::normalize_name(&package.name);
        let key = (Kind::Python, name, package.version.clone());
        found.entry(key).or_default().extend(package.paths.iter().cloned());
    }
    found
        .into_iter()
        .map(|((kind, name, version), parts)| Installed { kind, name, version, parts })
        .collect()
}

/// Whether an OSV ecosystem (`Debian:13`, `Ubuntu:24.04:LTS`) is the image's distribution.
fn is_distribution(ecosystem: &str, release: Option<&OsRelease>) -> bool {
    let Some(release) = release else { return false };
    let mut words = ecosystem.split(':');
    let id = words.next().unwrap_or_default().to_ascii_lowercase();
    let known = matches!(id.as_str(), "debian" | "ubuntu") && id == release.id;
    known && words.next().is_none_or(|version| release.version_id.as_deref() == Some(version))
}

/// Orders two versions of a package; `None` when either is none.
fn order(kind: Kind, a: &str, b: &str) -> Option<std::cmp::Ordering> {
    match kind {
        Kind::Debian => Some(crate::debian::compare_versions(a, b)),
        Kind::Python => Some(Version::from_str(a).ok()?.cmp(&Version::from_str(b).ok()?)),
    }
}

#[cfg(test)]
mod tests;
