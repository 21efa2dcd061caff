//! Where the dependencies are declared: one place, by a fixed order, the others named.
//!
//! `dependencies` of `[tool.windlass]` decides. Otherwise the folder nearest to the app that
//! declares anything; in it a lock before a declaration, a lock only where its declaration is
//! there too, and among locks and declarations the order of `Kind`. Everything that was passed
//! over is said, and two locks are warned of: they say different things sooner or later.
//! What this does not do: read locks, which may be large; the resolver compares them with their
//! declarations.

mod candidates;
mod kind;
mod reading;
mod selection;

use self::candidates::{Candidate, candidates, kind_of, without_declaration};
use self::kind::Kind;
use super::Sets;
use super::error::InspectError;
use super::modules::Modules;
use super::requirements::Declared;
use super::tree::{Tree, join, parent};
use pep440_rs::VersionSpecifiers;
use windlass_model::{AppConfig, Dependencies, Evidence, Problem, Selection};

/// The place that counts, and what was passed over for it.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) dependencies: Dependencies,
    pub(super) selection: Selection,
    pub(super) evidence: Vec<Evidence>,
    pub(super) declared: Declared,
    /// The Pythons that the declaration allows, where it is not `pyproject.toml` that says so.
    pub(super) pythons: Option<(VersionSpecifiers, Evidence)>,
    pub(super) warnings: Vec<Problem>,
}

/// What the choice depends on.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) tree: &'a Tree,
    pub(super) modules: &'a Modules,
    pub(super) config: &'a AppConfig,
    /// Folders to look in, nearest to the app first.
    pub(super) folders: &'a [String],
    /// The file that holds the app, where it is one.
    pub(super) app_file: Option<&'a str>,
    /// Packages that are wanted besides those of production.
    pub(super) sets: &'a Sets,
}

/// Names that people give to `requirements.txt` by mistake.
const MISSPELT: [&str; 8] = [
    "requirement.txt",
    "requirments.txt",
    "requirementes.txt",
    "requirements.text",
    "Requirements.txt",
    "requirements.txt.txt",
    "requierments.txt",
    "requirement.in",
];

/// Chooses.
pub(super) fn choose(question: Question<'_>) -> Result<Chosen, InspectError> {
    if let Some(file) = &question.config.dependencies {
        let line = question.config.line_of("dependencies");
        if !question.tree.has(file) {
            return Err(InspectError::NoSuchDeclaration { file: file.clone(), line });
        }
        let chosen = Candidate { kind: kind_of(question.tree, file), file: file.clone() };
        let note = "`dependencies` in [tool.windlass]";
        let place = Evidence { file: "pyproject.toml".to_owned(), line, note: note.to_owned() };
        return reading::read(question, &chosen, vec![place]);
    }
    for folder in question.folders {
        let mut found = candidates(question, folder);
        if found.is_empty() {
            continue;
        }
        let others = found.split_off(1);
        let first = &found[0];
        let note =
            if first.kind.is_lock() { "pins every package" } else { "declares the dependencies" };
        let mut evidence = vec![Evidence::file(first.file.as_str(), note)];
        evidence.extend(others.iter().map(|other| passed_over(other, first)));
        evidence.extend(without_declaration(question.tree, folder));
        let mut chosen = reading::read(question, first, evidence)?;
        chosen.warnings.extend(several_locks(first, &others));
        return Ok(chosen);
    }
    for folder in question.folders {
        refuse(question.tree, folder)?;
    }
    Ok(Chosen {
        dependencies: Dependencies::None,
        selection: selection::date_only(question.config),
        evidence: vec![Evidence::rule("the project declares no dependencies")],
        declared: Declared::default(),
        pythons: None,
        warnings: Vec::new(),
    })
}

fn passed_over(other: &Candidate, first: &Candidate) -> Evidence {
    let used = if other.file == first.file { first.kind.as_str() } else { &first.file };
    let note = match (first.kind.is_lock(), other.kind.is_lock()) {
        (true, false) => format!("not used: the lock `{used}` comes before a declaration"),
        _ => format!("not used: `{used}` comes first"),
    };
    Evidence::file(other.file.as_str(), note)
}

/// Two tools that both pin everything.
fn several_locks(first: &Candidate, others: &[Candidate]) -> Option<Problem> {
    let locks: Vec<&str> =
        others.iter().filter(|it| it.kind.is_lock()).map(|it| it.file.as_str()).collect();
    (first.kind.is_lock() && !locks.is_empty()).then(|| {
        let message = format!("`{}` is used, and not {}", first.file, locks.join(", "));
        let order = Kind::ALL.iter().filter(|kind| kind.is_lock()).map(|kind| kind.as_str());
        Problem::user("locks-several", message)
            .cause(format!("the first of {} counts", order.collect::<Vec<_>>().join(", ")))
            .hint("remove the lock of the tool that the project does not use any more")
            .hint(format!("or say which: [tool.windlass] dependencies = \"{}\"", locks[0]))
    })
}

/// What is recognised and cannot be built from, with the way out.
fn refuse(tree: &Tree, folder: &str) -> Result<(), InspectError> {
    if let Some(place) = without_declaration(tree, folder).into_iter().next() {
        let tool = Kind::of_lock(&place.file).map_or("another tool", Kind::tool);
        return Err(InspectError::LockWithoutDeclaration { file: place.file, tool });
    }
    match MISSPELT.iter().map(|name| join(folder, name)).find(|name| tree.has(name)) {
        Some(found) => Err(InspectError::MisspeltRequirements { found }),
        None => Ok(()),
    }
}

/// A file beside another.
fn beside(file: &str, name: &str) -> String {
    join(parent(file), name)
}

#[cfg(test)]
mod tests;
