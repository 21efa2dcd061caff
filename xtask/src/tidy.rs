//! The tidy checks: read the tree once, judge it with pure functions, print findings and figures.

mod calls;
mod facts;
mod figures;
mod hosts;
mod invariants;
mod packages;
mod problem_codes;
mod rules;
mod sizes;
mod traits;
mod tree;
mod walls;
mod words;

use anyhow::Result;
use rules::Rules;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use tree::Tree;

/// One thing that the house does not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// File, relative to the workspace's root.
    pub(crate) file: String,
    /// Line, counted from 1; 0 for the whole file.
    pub(crate) line: usize,
    /// The rule's short name, as `tidy.toml` cites it in an exception.
    pub(crate) rule: &'static str,
    /// What is wrong and what to do instead.
    pub(crate) text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}", self.file, self.line, self.rule, self.text)
    }
}

/// Checks the workspace at `root`; prints every finding and the figures.
///
/// With `write` the ratchet takes the figures reached, where they are better.
pub(crate) fn run(root: &Path, write: bool) -> Result<ExitCode> {
    let rules = Rules::read(&root.join("tidy.toml"))?;
    let tree = Tree::read(root)?;
    let packages = packages::Metadata::read(root)?;
    let figures = figures::Figures::measure(&tree, &packages);
    if write {
        rules.lowered(&figures).write(&root.join("tidy.toml"))?;
    }
    let mut findings = all(&tree, &packages);
    let unused = rules.waive(&mut findings);
    findings.extend(unused);
    findings.extend(rules.ratchet.compare(&figures));
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("{figures}");
    if findings.is_empty() {
        println!("tidy: no findings, {} exceptions with a reason", rules.exceptions());
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {} findings", findings.len());
    Ok(ExitCode::FAILURE)
}

/// Writes the documents that are made from the source.
pub(crate) fn write_documents(root: &Path) -> Result<ExitCode> {
    let path = root.join(problem_codes::FILE);
    std::fs::write(&path, problem_codes::document(&Tree::read(root)?))?;
    println!("wrote {}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn all(tree: &Tree, packages: &packages::Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(walls::check(packages));
    findings.extend(packages::check(packages));
    for source in &tree.sources {
        findings.extend(calls::check(source));
        findings.extend(sizes::check(source));
        findings.extend(words::check(source));
        findings.extend(walls::check_names(source));
    }
    findings.extend(traits::check(&tree.sources));
    findings.extend(hosts::check(tree));
    findings.extend(sizes::check_layout(tree));
    findings.extend(invariants::check(tree));
    findings.extend(problem_codes::check(tree));
    findings
}
