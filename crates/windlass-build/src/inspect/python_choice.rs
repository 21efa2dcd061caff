//! Which Python the project runs on.
//!
//! `python` of `[tool.windlass]` decides. `requires-python` excludes. Every other place is a
//! wish: exact pins almost never match what can be had, so they are relaxed to the minor version,
//! and a minor version that cannot be had gives way to the nearest one, loudly. Where nothing is
//! wished for, Debian's Pythons come before standalone builds.

use super::error::InspectError;
use super::metadata::{Metadata, line_starting, line_with};
use super::requirements::Declared;
use super::tree::{Tree, join};
use pep440_rs::{Version, VersionSpecifiers};
use std::str::FromStr;
use windlass_model::{AppConfig, Evidence, Problem, PythonVersion};

/// The chosen Python.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PythonChoice {
    pub(super) version: PythonVersion,
    /// All that the project runs on.
    pub(super) allowed: Vec<PythonVersion>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) warning: Option<Problem>,
}

/// What the choice depends on.
pub(super) struct Question<'a> {
    pub(super) tree: &'a Tree,
    pub(super) config: &'a AppConfig,
    /// Folders to look in, nearest to the app first.
    pub(super) folders: &'a [String],
    pub(super) dockerfile_tag: Option<&'a (String, Evidence)>,
    pub(super) declared: &'a Declared,
    /// What the declaration itself allows, where it is not a `pyproject.toml`.
    pub(super) own: Option<(VersionSpecifiers, Evidence)>,
    pub(super) available: &'a [PythonVersion],
}

/// Packages with compiled code, and their first version with wheels for Python 3.13: an older
/// exact pin means a compiler there. Read from the files published for each.
const FIRST_FOR_3_13: [(&str, &str); 12] = [
    ("asyncpg", "0.30.0"),
    ("cffi", "1.17.0"),
    ("greenlet", "3.1.0"),
    ("grpcio", "1.66.2"),
    ("lxml", "5.3.0"),
    ("numpy", "2.1.0"),
    ("pandas", "2.2.3"),
    ("pillow", "10.4.0"),
    ("psycopg2-binary", "2.9.10"),
    ("pydantic-core", "2.20.0"),
    ("uvloop", "0.21.0"),
    ("pyyaml", "6.0.2"),
];

/// Chooses among what can be had.
pub(super) fn choose(question: &Question<'_>) -> Result<PythonChoice, InspectError> {
    let mut available = question.available.to_vec();
    available.sort_unstable();
    if let Some(wanted) = question.config.python {
        let line = question.config.line_of("python");
        if !available.contains(&wanted) {
            return Err(InspectError::PythonUnavailable { wanted, line, available });
        }
        let note = format!("`python = \"{wanted}\"` in [tool.windlass]");
        let evidence = vec![Evidence { file: "pyproject.toml".to_owned(), line, note }];
        let allowed = vec![wanted];
        return Ok(PythonChoice { version: wanted, allowed, evidence, warning: None });
    }
    let mut evidence = Vec::new();
    let mut allowed = available.clone();
    let own = question.own.clone();
    let mut above = question.folders.iter().map(|folder| constraint(question.tree, folder));
    let above = above.find_map(Result::transpose).transpose()?;
    for (specifiers, place) in own.into_iter().chain(above) {
        allowed.retain(|version| allows(&specifiers, *version));
        if allowed.is_empty() {
            return Err(InspectError::PythonExcluded { evidence: place, available });
        }
        evidence.push(place);
    }
    match wish(question) {
        Some((wanted, place)) if allowed.contains(&wanted) => {
            evidence.insert(0, place);
            Ok(PythonChoice { version: wanted, allowed, evidence, warning: None })
        }
        Some((wanted, place)) => {
            let version = nearest(question.declared, &allowed, wanted);
            let message =
                format!("{place}: Python {wanted} cannot be had, {version} takes its place");
            let warning = Problem::user("python-pin-replaced", message)
                .hint(format!("if that is right, say so: [tool.windlass] python = \"{version}\""));
            evidence.insert(0, place);
            let warning = question.config.base.is_none().then_some(warning);
            Ok(PythonChoice { version, allowed, evidence, warning })
        }
        None => {
            let (version, reason) = newest(question.declared, &allowed);
            evidence.extend(reason);
            Ok(PythonChoice { version, allowed, evidence, warning: None })
        }
    }
}

/// The newest of Debian's, unless a pinned package has no wheels for it; where Debian has none that
/// is allowed, the newest standalone build.
fn newest(declared: &Declared, allowed: &[PythonVersion]) -> (PythonVersion, Option<Evidence>) {
    let debian = debians(allowed);
    let newest = debian.last().or(allowed.last()).copied().unwrap_or(PythonVersion::three(13));
    let is_older = |version: &&PythonVersion| **version < PythonVersion::three(13);
    let older = || debian.iter().rfind(is_older).or(allowed.iter().rfind(is_older));
    if newest >= PythonVersion::three(13)
        && let Some(older) = older()
        && let Some(evidence) = pinned_before_3_13(declared)
    {
        return (*older, Some(evidence));
    }
    let reason = if debian.is_empty() { "the newest that can be had" } else { "Debian's newest" };
    (newest, Some(Evidence::rule(reason)))
}

/// Those that Debian has: smaller than others, signed, and on every mirror of its archive.
fn debians(allowed: &[PythonVersion]) -> Vec<PythonVersion> {
    let debian = crate::debian::pythons();
    allowed.iter().copied().filter(|version| debian.contains(version)).collect()
}

fn nearest(declared: &Declared, allowed: &[PythonVersion], wanted: PythonVersion) -> PythonVersion {
    let debian = debians(allowed);
    let allowed = if debian.is_empty() { allowed } else { &debian };
    let newer = allowed.iter().copied().find(|version| *version > wanted);
    match newer {
        Some(version) if version < PythonVersion::three(13) => version,
        Some(_) => newest(declared, allowed).0,
        None => allowed.last().copied().unwrap_or(wanted),
    }
}

fn pinned_before_3_13(declared: &Declared) -> Option<Evidence> {
    FIRST_FOR_3_13.iter().find_map(|(name, first)| {
        let package = declared.get(name)?;
        let older = *package.pinned()? < Version::from_str(first).ok()?;
        let mut evidence = package.evidence.clone();
        evidence.note.push_str(" has no wheels for Python 3.13");
        older.then_some(evidence)
    })
}

/// `requires-python`, or Poetry's constraint.
fn constraint(
    tree: &Tree,
    folder: &str,
) -> Result<Option<(VersionSpecifiers, Evidence)>, InspectError> {
    let path = join(folder, "pyproject.toml");
    let Some(text) = tree.text(&path) else { return Ok(None) };
    let metadata = Metadata::parse(text).unwrap_or_default();
    if let Some(written) = metadata.requires_python {
        let line = line_starting(text, "requires-python");
        let Ok(specifiers) = VersionSpecifiers::from_str(&written) else {
            return Err(InspectError::BadRequiresPython { text: written, line });
        };
        let note = format!("`requires-python = \"{written}\"`");
        return Ok(Some((specifiers, Evidence { file: path, line, note })));
    }
    let poetry = metadata.poetry_python.and_then(|written| {
        let specifiers = VersionSpecifiers::from_str(&from_poetry(&written)?).ok()?;
        let line = line_with(text, &written);
        let note = format!("Poetry's `python = \"{written}\"`");
        Some((specifiers, Evidence { file: path, line, note }))
    });
    Ok(poetry)
}

/// Poetry's `^3.11` and `~3.11` as PEP 440 writes them; Python's major version bounds both.
fn from_poetry(written: &str) -> Option<String> {
    let parts: Option<Vec<String>> = written
        .split(',')
        .map(|part| {
            let part = part.trim();
            if let Some(version) = part.strip_prefix('^') {
                return Some(format!(">={version},<4"));
            }
            if let Some(version) = part.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
                let minor: PythonVersion = version.parse().ok()?;
                return Some(format!(">={version},<3.{}", minor.minor + 1));
            }
            let plain = part.starts_with(|c: char| c.is_ascii_digit());
            Some(if plain && part.ends_with('*') { format!("=={part}") } else { part.to_owned() })
        })
        .collect();
    Some(parts?.join(","))
}

/// Whether any patch level of a version is allowed.
fn allows(specifiers: &VersionSpecifiers, version: PythonVersion) -> bool {
    (0..40).any(|patch| {
        let full = Version::new([u64::from(version.major), u64::from(version.minor), patch]);
        specifiers.contains(&full)
    })
}

/// The version that a file other than `pyproject.toml` asks for, and where.
fn wish(question: &Question<'_>) -> Option<(PythonVersion, Evidence)> {
    question.folders.iter().find_map(|folder| in_folder(question.tree, folder)).or_else(|| {
        let (tag, evidence) = question.dockerfile_tag?;
        let plain = tag.split('-').next().unwrap_or(tag);
        Some((plain.parse().ok()?, evidence.clone()))
    })
}

fn in_folder(tree: &Tree, folder: &str) -> Option<(PythonVersion, Evidence)> {
    type Pick = fn(&str) -> Option<&str>;
    let whole: Pick = |line| Some(line.trim());
    let files: [(&str, Pick); 4] = [
        (".python-version", whole),
        ("runtime.txt", whole),
        (".tool-versions", |line| line.trim().strip_prefix("python ")),
        ("Pipfile", |line| {
            let (key, value) = line.split_once('=')?;
            let python = matches!(key.trim(), "python_version" | "python_full_version");
            python.then(|| value.trim().trim_matches(['"', '\'']))
        }),
    ];
    files.into_iter().find_map(|(name, pick)| {
        let path = join(folder, name);
        let text = tree.text(&path)?;
        text.lines().enumerate().find_map(|(at, line)| {
            let written = pick(line).filter(|text| !text.is_empty() && !text.starts_with('#'))?;
            let version = written.split_whitespace().next()?.parse().ok()?;
            let evidence = Evidence::at(path.as_str(), at as u32 + 1, format!("`{}`", line.trim()));
            Some((version, evidence))
        })
    })
}

#[cfg(test)]
mod tests;
