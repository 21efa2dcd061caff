//! Which packages a project declares, by name; what they resolve to is uv's business.

use super::error::InspectError;
use super::tree::{Tree, join, parent};
use crate::declare::Asked;
use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use windlass_model::Evidence;

/// Declared packages by normalised name (PEP 503).
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    packages: BTreeMap<String, Package>,
    /// What `-c` files say of versions; a package that is only there is not asked for.
    constraints: BTreeMap<String, Package>,
    /// Where the project itself is asked for (`.` or `-e .`).
    pub(super) own: Option<Evidence>,
}

/// One declared package.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) evidence: Evidence,
    extras: Vec<String>,
    specifiers: Option<VersionSpecifiers>,
}

/// How a file is reached.
#[derive(Debug, Clone, Copy, Default)]
struct Included {
    depth: usize,
    /// Whether through `-c`: then it only limits versions.
    constrains: bool,
}

/// Deepest nesting of `-r`; a ring of files ends there too.
const MAX_DEPTH: usize = 10;

impl Declared {
    /// Reads requirements files with everything that they include.
    pub(super) fn from_files(tree: &Tree, files: &[String]) -> Result<Self, InspectError> {
        let mut declared = Self::default();
        let mut seen = BTreeSet::new();
        for file in files {
            declared.read(tree, file, &mut seen, Included::default())?;
        }
        declared.narrow();
        Ok(declared)
    }

    /// Takes the dependencies of a `[project]` table.
    pub(super) fn from_project(file: &str, text: &str, dependencies: &[String]) -> Self {
        let mut declared = Self::default();
        for dependency in dependencies {
            let line = super::metadata::line_with(text, dependency.as_str());
            add(&mut declared.packages, dependency, file, line);
        }
        declared
    }

    /// Takes requirements that were read out of a file.
    pub(super) fn from_asked(file: &str, asked: &[Asked]) -> Self {
        let mut declared = Self::default();
        declared.add_all(file, asked);
        declared
    }

    /// Adds requirements; what is declared already stays as it is.
    pub(super) fn add_all(&mut self, file: &str, asked: &[Asked]) {
        for Asked { text, line } in asked {
            if !text.starts_with('-') {
                add(&mut self.packages, text, file, *line);
            }
        }
    }

    fn read(
        &mut self,
        tree: &Tree,
        file: &str,
        seen: &mut BTreeSet<String>,
        at: Included,
    ) -> Result<(), InspectError> {
        if at.depth > MAX_DEPTH || !seen.insert(file.to_owned()) {
            return Ok(());
        }
        let text = tree.text(file).unwrap_or_default();
        for (index, line) in text.lines().enumerate() {
            let number = index as u32 + 1;
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((included, constrains)) = included(line) {
                let path = resolve(parent(file), included);
                let below =
                    Included { depth: at.depth + 1, constrains: at.constrains || constrains };
                match path.filter(|path| tree.has(path)) {
                    Some(path) => self.read(tree, &path, seen, below)?,
                    None if included.contains("://") => {}
                    None => {
                        return Err(InspectError::RequirementsMissing {
                            file: file.to_owned(),
                            line: number,
                            included: included.to_owned(),
                        });
                    }
                }
            } else if matches!(line, "." | "-e ." | "--editable ." | "-e ./" | "./") {
                self.own = Some(Evidence::at(file, number, format!("`{line}`")));
            } else if !line.starts_with('-') {
                let packages =
                    if at.constrains { &mut self.constraints } else { &mut self.packages };
                add(packages, line, file, Some(number));
            }
        }
        Ok(())
    }

    /// Narrows the declared versions to what constraints leave.
    fn narrow(&mut self) {
        for (name, limits) in std::mem::take(&mut self.constraints) {
            let (Some(package), Some(limits)) = (self.packages.get_mut(&name), limits.specifiers)
            else {
                continue;
            };
            let own = package.specifiers.take().unwrap_or_else(VersionSpecifiers::empty);
            package.specifiers = Some(own.iter().chain(limits.iter()).cloned().collect());
        }
    }

    /// The declaration of a package.
    pub(super) fn get(&self, name: &str) -> Option<&Package> {
        self.packages.get(name)
    }

    /// Whether the package is declared, or comes with a declared one's `[standard]` extra.
    pub(super) fn provides(&self, name: &str) -> Option<&Evidence> {
        let with_extra = || {
            self.standard_uvicorn().filter(|_| name == "uvicorn").map(|package| &package.evidence)
        };
        self.get(name).map(|package| &package.evidence).or_else(with_extra)
    }

    /// Whether uvicorn comes with what its `[standard]` extra adds, WebSockets among it.
    pub(super) fn has_standard_uvicorn(&self) -> bool {
        self.standard_uvicorn().is_some()
    }

    fn standard_uvicorn(&self) -> Option<&Package> {
        ["fastapi", "litestar", "uvicorn"].iter().find_map(|owner| {
            let package = self.get(owner)?;
            let extra = |extra: &String| extra == "standard" || extra == "all";
            package.extras.iter().any(extra).then_some(package)
        })
    }
}

impl Package {
    /// The one version that `==` allows.
    pub(super) fn pinned(&self) -> Option<&Version> {
        let exact =
            |operator: &Operator| matches!(operator, Operator::Equal | Operator::ExactEqual);
        self.specifiers
            .as_ref()?
            .iter()
            .find(|s| exact(s.operator()))
            .map(VersionSpecifier::version)
    }

    /// Whether every version that the declaration allows is at least this one.
    pub(super) fn is_at_least(&self, version: &Version) -> bool {
        let bound = |operator: &Operator| {
            matches!(
                operator,
                Operator::Equal
                    | Operator::ExactEqual
                    | Operator::GreaterThanEqual
                    | Operator::TildeEqual
                    | Operator::GreaterThan
            )
        };
        let specifiers = self.specifiers.iter().flat_map(|specifiers| specifiers.iter());
        specifiers.filter(|s| bound(s.operator())).any(|s| s.version() >= version)
    }
}

/// Adds what a line asks for.
fn add(packages: &mut BTreeMap<String, Package>, requirement: &str, file: &str, line: Option<u32>) {
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(requirement.len());
    let (name, rest) = requirement.split_at(end);
    if name.is_empty() || rest.starts_with("://") {
        return;
    }
    let rest = rest.trim();
    let (extras, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((extras, rest)) => (extras, rest),
        None => ("", rest),
    };
    let version = rest.split([';', ' ']).next().unwrap_or_default().trim_end_matches('\\');
    let package = Package {
        evidence: Evidence {
            file: file.to_owned(),
            line,
            note: format!("`{}`", requirement.trim_end_matches('\\').trim()),
        },
        extras: extras.split(',').map(|extra| extra.trim().to_owned()).collect(),
        specifiers: VersionSpecifiers::from_str(version).ok(),
    };
    packages.entry(normalised(name)).or_insert(package);
}

/// A name as PEP 503 compares it.
pub(super) fn normalised(name: &str) -> String {
    let mut plain = String::new();
    for c in name.chars() {
        let c = if "-_.".contains(c) { '-' } else { c.to_ascii_lowercase() };
        if !(c == '-' && plain.ends_with('-')) {
            plain.push(c);
        }
    }
    plain
}

/// The file that a line includes, and whether as constraints.
fn included(line: &str) -> Option<(&str, bool)> {
    ["--requirement", "--constraint", "-r", "-c"].iter().find_map(|flag| {
        let rest = line.strip_prefix(flag)?;
        let spaced = rest.starts_with([' ', '=', '\t']) || flag.len() == 2;
        let file = rest.trim_start_matches(['=', ' ', '\t']).trim();
        (spaced && !file.is_empty()).then_some((file, matches!(*flag, "-c" | "--constraint")))
    })
}

/// A path relative to a folder, without leaving the project.
fn resolve(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.iter().fold(String::new(), |path, part| join(&path, part)))
}

#[cfg(test)]
mod tests;
