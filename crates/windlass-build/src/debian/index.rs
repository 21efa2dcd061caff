//! The packages of an archive, by name: a compact table over the index texts.
//!
//! A suite has tens of thousands of stanzas and an image takes some dozens, so a stanza is only
//! parsed when it is asked for.

use super::deb822::{Stanza, stanzas};
use super::package::Package;
use super::relation;
use super::version;
use std::collections::HashMap;

/// The merged indexes of several suites.
#[derive(Debug, Default)]
pub(crate) struct PackageIndex {
    texts: Vec<Text>,
    by_name: HashMap<String, Vec<Place>>,
    by_provided: HashMap<String, Vec<Place>>,
}

#[derive(Debug)]
struct Text {
    archive: String,
    text: String,
}

/// A stanza: number of the text, first and last byte.
#[derive(Debug, Clone, Copy)]
struct Place(usize, usize, usize);

impl PackageIndex {
    /// Adds the text of a `Packages` file whose packages are below `archive`.
    pub(crate) fn add(&mut self, archive: &str, text: String) {
        let number = self.texts.len();
        let base = text.as_ptr() as usize;
        for stanza in stanzas(&text) {
            let start = stanza.text().as_ptr() as usize - base;
            let place = Place(number, start, start + stanza.text().len());
            for line in stanza.text().lines() {
                if let Some(name) = line.strip_prefix("Package: ") {
                    self.by_name.entry(name.trim().to_owned()).or_default().push(place);
                } else if let Some(field) = line.strip_prefix("Provides: ") {
                    for provided in relation::parse(field).into_iter().flatten() {
                        self.by_provided.entry(provided.name).or_default().push(place);
                    }
                }
            }
        }
        self.texts.push(Text { archive: archive.to_owned(), text });
    }

    /// Every version of the package, the highest first.
    pub(crate) fn versions(&self, name: &str) -> Vec<Package> {
        let mut found = self.parsed(self.by_name.get(name));
        found.sort_by(|a, b| version::compare(&b.version, &a.version));
        found
    }

    /// Every package that provides the name, sorted by name, the highest version of each.
    pub(crate) fn providers(&self, name: &str) -> Vec<Package> {
        let mut found = self.parsed(self.by_provided.get(name));
        found.sort_by(|a, b| {
            a.name.cmp(&b.name).then_with(|| version::compare(&b.version, &a.version))
        });
        found.dedup_by(|later, first| later.name == first.name);
        found
    }

    /// Whether the archive has a package of that name, or one that stands in for it.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.by_provided.contains_key(name)
    }

    /// How often packages name this one among what they depend on: which of several that ship the
    /// same library is the usual one.
    pub(crate) fn times_named(&self, name: &str) -> usize {
        let depends = self.texts.iter().flat_map(|text| text.text.lines());
        let depends = depends.filter_map(|line| line.strip_prefix("Depends: "));
        let named = |line: &&str| {
            line.match_indices(name).any(|(at, _)| {
                let ends = |c: char| matches!(c, ' ' | ',' | '|' | '(' | ':');
                let after = &line[at + name.len()..];
                (at == 0 || line[..at].ends_with([' ', ',']))
                    && (after.is_empty() || after.starts_with(ends))
            })
        };
        depends.filter(named).count()
    }

    /// Names that begin like `name`, for messages about a name that is not there.
    pub(crate) fn similar(&self, name: &str) -> Vec<String> {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || ".-".contains(c));
        let mut found: Vec<_> = self
            .by_name
            .keys()
            .filter(|other| other.starts_with(stem) && other.len() <= name.len() + 6)
            .cloned()
            .collect();
        found.sort_by_key(|other| (other.len().abs_diff(name.len()), other.clone()));
        found.truncate(5);
        found
    }

    fn parsed(&self, places: Option<&Vec<Place>>) -> Vec<Package> {
        let parse = |Place(number, start, end): &Place| {
            let text = self.texts.get(*number)?;
            Package::from_stanza(&Stanza::new(&text.text[*start..*end]), &text.archive)
        };
        places.into_iter().flatten().filter_map(parse).collect()
    }
}
