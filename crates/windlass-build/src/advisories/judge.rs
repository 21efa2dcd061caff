//! Advisories held against the packages of an image. Pure.

use super::osv::{Affected, Record};
use super::range::{self, Verdict};
use super::tracker::{self, Issue};
use super::{Installed, Kind, Match, cvss, installed, is_distribution, order};
use crate::inventory::{Inventory, OsRelease};
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Severity;

/// Longest summary that is kept, in characters.
const SUMMARY: usize = 200;

/// The packages, and what is known against them.
pub(super) struct Judge {
    pub(super) packages: Vec<Installed>,
    by_name: BTreeMap<(Kind, String), Vec<usize>>,
    release: Option<OsRelease>,
    pub(super) matches: Vec<Match>,
    /// Packages whose versions no rule can read, though an advisory is about them.
    pub(super) unjudged: BTreeSet<usize>,
    /// Package databases that the inventory does not understand.
    pub(super) unread: Vec<String>,
}

impl Judge {
    pub(super) fn new(inventory: &Inventory) -> Self {
        let packages = installed(inventory);
        let mut by_name: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry((package.kind, package.name.clone())).or_default().push(index);
        }
        Self {
            packages,
            by_name,
            release: inventory.distribution.clone(),
            matches: Vec::new(),
            unjudged: BTreeSet::new(),
            unread: inventory.unread.clone(),
        }
    }

    /// Holds one OSV record against the packages; a withdrawn one says nothing.
    pub(super) fn record(&mut self, record: &Record) {
        if record.withdrawn.is_some() {
            return;
        }
        for affected in record.affected.iter().flatten() {
            for index in self.concerned(affected) {
                self.affected(record, affected, index);
            }
        }
    }

    /// The packages that an entry is about.
    fn concerned(&self, affected: &Affected) -> Vec<usize> {
        let Some(package) = &affected.package else { return Vec::new() };
        let key = if package.ecosystem.split(':').next() == Some("PyPI") {
            (Kind::Python, crate::wheels::normalize_name(&package.name))
        } else if is_distribution(&package.ecosystem, self.release.as_ref()) {
            (Kind::Debian, package.name.clone())
        } else {
            return Vec::new();
        };
        self.by_name.get(&key).cloned().unwrap_or_default()
    }

    fn affected(&mut self, record: &Record, affected: &Affected, index: usize) {
        let (kind, version) = (self.packages[index].kind, self.packages[index].version.clone());
        let same = |listed: &String| {
            *listed == version
                || order(kind, listed, &version).is_some_and(std::cmp::Ordering::is_eq)
        };
        let listed = affected.versions.iter().flatten().any(same);
        let mut hit = listed.then_some(None);
        if order(kind, &version, &version).is_none() {
            if !listed {
                self.unjudged.insert(index);
                return;
            }
        } else {
            for range in affected.ranges.iter().flatten() {
                if let Verdict::Affected(fixed) = range::judge(range, kind, &version) {
                    hit = Some(hit.flatten().or(fixed));
                }
            }
        }
        let Some(fixed) = hit else { return };
        // Debian's records name the CVEs that they are about as `upstream`.
        let aliases = record.aliases.iter().chain(&record.upstream).flatten();
        let ids = std::iter::once(&record.id).chain(aliases).filter(|id| !id.is_empty());
        let text = record.summary.as_deref().or(record.details.as_deref()).unwrap_or_default();
        self.matches.push(Match {
            package: index,
            ids: ids.take(50).cloned().collect(),
            summary: summary(text),
            severity: severity(record, affected),
            fixed,
        });
    }

    /// Holds the tracker's data against the packages; gives the number of packages in it.
    pub(super) fn tracker(&mut self, bytes: &[u8]) -> Result<u64, serde_json::Error> {
        let codename = self.release.as_ref().filter(|release| release.id == "debian");
        let codename = codename.and_then(|release| release.codename.clone());
        let mut found = Vec::new();
        let wanted = |name: &str| self.by_name.contains_key(&(Kind::Debian, name.to_owned()));
        let count = tracker::read(bytes, &wanted, &mut |name, issues| {
            found.push((name.to_owned(), issues));
        })?;
        for (name, issues) in found {
            let packages = self.by_name.get(&(Kind::Debian, name)).cloned().unwrap_or_default();
            for index in packages {
                for (id, issue) in &issues {
                    self.issue(id, issue, index, codename.as_deref());
                }
            }
        }
        Ok(count)
    }

    fn issue(&mut self, id: &str, issue: &Issue, index: usize, codename: Option<&str>) {
        let Some(state) = codename.and_then(|codename| issue.releases.get(codename)) else {
            return;
        };
        let version = &self.packages[index].version;
        let fixed = match (state.status.as_str(), &state.fixed_version) {
            ("open", _) => None,
            ("resolved", Some(fixed)) => {
                let older =
                    order(Kind::Debian, version, fixed).is_some_and(std::cmp::Ordering::is_lt);
                if fixed == "0" || !older {
                    return;
                }
                Some(fixed.clone())
            }
            _ => return,
        };
        self.matches.push(Match {
            package: index,
            ids: vec![id.to_owned()],
            summary: summary(issue.description.as_deref().unwrap_or_default()),
            severity: cvss::severity(state.urgency.as_deref().unwrap_or_default()),
            fixed,
        });
    }
}

/// The worst that anybody says.
fn severity(record: &Record, affected: &Affected) -> Severity {
    let scores = record.severity.iter().chain(&affected.severity).flatten();
    let words =
        [&record.database_specific, &affected.ecosystem_specific, &affected.database_specific];
    let words = words.into_iter().flatten().flat_map(super::osv::Words::texts);
    let texts = scores.map(|score| score.score.as_str()).chain(words);
    texts.map(cvss::severity).max().unwrap_or(Severity::Unknown)
}

/// The first line, without what would move a terminal's cursor.
fn summary(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(SUMMARY).collect()
}
