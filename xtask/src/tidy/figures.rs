//! The figures of the tree, and the ratchet that keeps them from getting worse.

use super::Finding;
use super::packages::Metadata;
use super::tree::{Source, Tree};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A file longer than this counts as long; the hard cap is in `sizes`.
pub(crate) const LONG_FILE: usize = 250;
/// A function longer than this counts as long; the hard cap is in `sizes`.
pub(crate) const LONG_FUNCTION: usize = 50;

/// What the tree measures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    files: Spread,
    lines: usize,
    functions: Spread,
    traits: usize,
    tests: usize,
    long_files: usize,
    long_functions: usize,
    locked_packages: usize,
}

/// Count, median, 90th and 95th percentile and maximum of a list of sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Spread {
    count: usize,
    median: usize,
    p90: usize,
    p95: usize,
    max: usize,
}

/// Figures that may only get better.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ratchet {
    /// Files of more than [`LONG_FILE`] lines.
    long_files: usize,
    /// Functions of more than [`LONG_FUNCTION`] lines.
    long_functions: usize,
    /// Packages in `Cargo.lock`, our own included.
    locked_packages: usize,
}

impl Figures {
    /// Measures the tree, test code included.
    pub(crate) fn measure(tree: &Tree, packages: &Metadata) -> Self {
        let files: Vec<usize> = tree.sources.iter().map(|source| source.lines).collect();
        let functions: Vec<usize> = tree.sources.iter().flat_map(function_lines).collect();
        Self {
            lines: files.iter().sum(),
            traits: tree.sources.iter().map(|source| source.facts.traits.len()).sum(),
            tests: tree.sources.iter().map(|source| source.facts.tests.len()).sum(),
            long_files: files.iter().filter(|lines| **lines > LONG_FILE).count(),
            long_functions: functions.iter().filter(|lines| **lines > LONG_FUNCTION).count(),
            locked_packages: packages.locked(),
            files: Spread::of(files),
            functions: Spread::of(functions),
        }
    }
}

fn function_lines(source: &Source) -> impl Iterator<Item = usize> {
    source.facts.functions.iter().map(|function| function.lines)
}

impl Spread {
    fn of(mut sizes: Vec<usize>) -> Self {
        sizes.sort_unstable();
        let at = |percent: usize| {
            let index = (sizes.len() * percent).div_ceil(100).saturating_sub(1);
            sizes.get(index).copied().unwrap_or(0)
        };
        Self { count: sizes.len(), median: at(50), p90: at(90), p95: at(95), max: at(100) }
    }
}

impl Ratchet {
    /// The lower of each figure.
    pub(crate) fn lowered(&self, now: &Figures) -> Self {
        Self {
            long_files: self.long_files.min(now.long_files),
            long_functions: self.long_functions.min(now.long_functions),
            locked_packages: self.locked_packages.min(now.locked_packages),
        }
    }

    /// One finding for each figure that got worse.
    pub(crate) fn compare(&self, now: &Figures) -> Vec<Finding> {
        let rows = [
            ("files of more than 250 lines", self.long_files, now.long_files),
            ("functions of more than 50 lines", self.long_functions, now.long_functions),
            ("locked packages", self.locked_packages, now.locked_packages),
        ];
        rows.into_iter()
            .filter(|(_, allowed, now)| now > allowed)
            .map(|(what, allowed, now)| Finding {
                file: "tidy.toml".to_owned(),
                line: 0,
                rule: "ratchet",
                text: format!("{now} {what}, {allowed} were enough before"),
            })
            .collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, functions, .. } = self;
        writeln!(f, "| figure | value |\n|---|---|")?;
        writeln!(f, "| Rust files, lines | {}, {} |", files.count, self.lines)?;
        writeln!(
            f,
            "| file median / p90 / max | {} / {} / {} |",
            files.median, files.p90, files.max
        )?;
        writeln!(
            f,
            "| function median / p95 / max | {} / {} / {} |",
            functions.median, functions.p95, functions.max
        )?;
        writeln!(f, "| functions, of them tests | {}, {} |", functions.count, self.tests)?;
        writeln!(
            f,
            "| files over {LONG_FILE}, functions over {LONG_FUNCTION} lines | {}, {} |",
            self.long_files, self.long_functions
        )?;
        write!(f, "| traits, locked packages | {}, {} |", self.traits, self.locked_packages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_sizes_that_occur() {
        let spread = Spread::of((1..=100).rev().collect());
        assert_eq!((spread.median, spread.p90, spread.p95, spread.max), (50, 90, 95, 100));
        assert_eq!(Spread::of(vec![]), Spread::default());
        assert_eq!(Spread::of(vec![7]).median, 7);
    }

    #[test]
    fn the_ratchet_only_falls() {
        let ratchet = Ratchet { long_files: 3, long_functions: 1, locked_packages: 10 };
        let now =
            Figures { long_files: 4, long_functions: 0, locked_packages: 10, ..Figures::default() };
        let findings = ratchet.compare(&now);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].text.starts_with("4 files"));
        let lowered = ratchet.lowered(&now);
        assert_eq!((lowered.long_files, lowered.long_functions), (3, 0));
    }
}
