//! What was found, each vulnerability of a package once. Pure.

use super::judge::Judge;
use super::{Installed, Kind, Match, order};
use serde::Serialize;
use std::collections::BTreeMap;
use windlass_model::{Ignored, Severity};

/// The result of a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What counts, the worst first.
    pub findings: Vec<Finding>,
    /// What the project sets aside.
    pub ignored: Vec<Finding>,
    /// What it set aside until a day that has passed: these count again.
    pub expired: Vec<Expired>,
    /// Names that are set aside and were not found.
    pub unused: Vec<String>,
    /// Packages that advisories are about and whose versions no rule can read.
    pub unjudged: Vec<String>,
    /// Package databases in the image that are not understood.
    pub unread: Vec<String>,
    /// Packages that were looked at.
    pub packages: usize,
    /// Advisories, and packages of the tracker's data, that were read.
    pub advisories: u64,
}

/// A vulnerability of an installed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The CVE's name if it has one, else the first of its names.
    pub id: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// The package by the name that advisories use.
    pub package: String,
    /// `debian` or `python`.
    pub kind: &'static str,
    /// The installed version.
    pub version: String,
    /// The first version without it; `None` when there is none yet.
    pub fixed: Option<String>,
    /// The worst that any advisory says.
    pub severity: Severity,
    /// What it is about.
    pub summary: String,
    /// What of the package is installed: binary packages, or paths in the image.
    pub parts: Vec<String>,
}

/// Something that was set aside for too short a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// Its name.
    pub id: String,
    /// The last day on which it did not count.
    pub until: String,
}

pub(super) fn report(judge: Judge, advisories: u64, ignore: &[Ignored], today: &str) -> Report {
    let mut all = joined(judge.matches, &judge.packages);
    all.sort_by(|a, b| (b.severity, &a.package, &a.id).cmp(&(a.severity, &b.package, &b.id)));
    let label = |index: &usize| {
        let package = &judge.packages[*index];
        format!("{} {}", package.name, package.version)
    };
    let mut report = Report {
        unjudged: judge.unjudged.iter().map(label).collect(),
        unread: judge.unread,
        packages: judge.packages.len(),
        advisories,
        ..Report::default()
    };
    for entry in ignore {
        let found = all.iter().any(|finding| finding.is(&entry.id));
        match &entry.until {
            _ if !found => report.unused.push(entry.id.clone()),
            Some(until) if !entry.holds_on(today) => {
                report.expired.push(Expired { id: entry.id.clone(), until: until.clone() });
            }
            _ => {}
        }
    }
    let aside = |finding: &Finding| {
        ignore.iter().any(|entry| finding.is(&entry.id) && entry.holds_on(today))
    };
    (report.ignored, report.findings) = all.into_iter().partition(aside);
    report
}

impl Finding {
    /// Whether that is one of its names.
    fn is(&self, id: &str) -> bool {
        std::iter::once(&self.id).chain(&self.aliases).any(|own| own.eq_ignore_ascii_case(id))
    }
}

/// Matches of one package that share a name are one finding.
fn joined(matches: Vec<Match>, packages: &[Installed]) -> Vec<Finding> {
    let mut by_package: BTreeMap<usize, Vec<Match>> = BTreeMap::new();
    for found in matches {
        let kind = packages[found.package].kind;
        let groups = by_package.entry(found.package).or_default();
        let mut merged = found;
        let mut apart = Vec::with_capacity(groups.len() + 1);
        for group in groups.drain(..) {
            if group.ids.iter().any(|id| merged.ids.contains(id)) {
                merged = together(group, merged, kind);
            } else {
                apart.push(group);
            }
        }
        apart.push(merged);
        *groups = apart;
    }
    by_package.into_values().flatten().map(|group| finding(group, packages)).collect()
}

fn together(mut one: Match, other: Match, kind: Kind) -> Match {
    one.ids.extend(other.ids);
    one.severity = one.severity.max(other.severity);
    if one.summary.is_empty() {
        one.summary = other.summary;
    }
    // Of two answers the later version is the safe one.
    one.fixed = match (one.fixed, other.fixed) {
        (Some(a), Some(b)) => {
            let first_is_older = order(kind, &a, &b).is_some_and(std::cmp::Ordering::is_lt);
            Some(if first_is_older { b } else { a })
        }
        (a, b) => a.or(b),
    };
    one
}

fn finding(mut group: Match, packages: &[Installed]) -> Finding {
    let package = &packages[group.package];
    group.ids.sort_by_key(|id| (!id.starts_with("CVE-"), id.clone()));
    group.ids.dedup();
    let mut ids = group.ids.into_iter();
    Finding {
        id: ids.next().unwrap_or_default(),
        aliases: ids.collect(),
        package: package.name.clone(),
        kind: match package.kind {
            Kind::Debian => "debian",
            Kind::Python => "python",
        },
        version: package.version.clone(),
        fixed: group.fixed,
        severity: group.severity,
        summary: group.summary,
        parts: package.parts.clone(),
    }
}
