//! What a chosen file says: the model's declaration, and the packages that it asks for.

use super::candidates::Candidate;
use super::kind::Kind;
use super::selection::{further_files, select};
use super::{Chosen, Question, beside};
use crate::declare::{self, Asked, Unsayable};
use crate::inspect::error::InspectError;
use crate::inspect::metadata::{Metadata, line_starting};
use crate::inspect::modules::Modules;
use crate::inspect::python_source::Value;
use crate::inspect::requirements::Declared;
use crate::inspect::tree::{Tree, parent};
use pep440_rs::VersionSpecifiers;
use std::str::FromStr;
use toml::Table;
use windlass_model::{Dependencies, Evidence, ListForm, LockTool, Selection};

/// Reads the chosen declaration; `evidence` says why it was chosen.
pub(super) fn read(
    question: Question<'_>,
    chosen: &Candidate,
    mut evidence: Vec<Evidence>,
) -> Result<Chosen, InspectError> {
    let (selection, more) = select(question, chosen)?;
    evidence.extend(more);
    let Read { dependencies, declared, pythons } = if chosen.kind.is_lock() {
        lock(question, chosen, &selection)?
    } else {
        declaration(question, chosen, &selection)?
    };
    let warnings = Vec::new();
    Ok(Chosen { dependencies, selection, evidence, declared, pythons, warnings })
}

/// What a file says.
struct Read {
    dependencies: Dependencies,
    declared: Declared,
    pythons: Option<(VersionSpecifiers, Evidence)>,
}

impl Read {
    fn new(dependencies: Dependencies, declared: Declared) -> Self {
        Self { dependencies, declared, pythons: None }
    }

    /// Requirements that were read out of a file.
    fn listed(file: &str, form: ListForm, asked: &[Asked]) -> Self {
        let requirements = asked.iter().map(|asked| asked.text.clone()).collect();
        let dependencies = Dependencies::Listed { file: file.to_owned(), form, requirements };
        Self::new(dependencies, Declared::from_asked(file, asked))
    }
}

/// A lock; what it locks is declared beside it.
fn lock(
    question: Question<'_>,
    chosen: &Candidate,
    selection: &Selection,
) -> Result<Read, InspectError> {
    let (tree, file) = (question.tree, &chosen.file);
    let of = |tool| Dependencies::Lock { tool, file: file.clone() };
    let project = || of_project(tree, &beside(file, "pyproject.toml"), selection);
    Ok(match chosen.kind {
        Kind::UvLock => {
            let dir = member_of(question, file);
            let pyproject = super::join(&dir, "pyproject.toml");
            Read::new(Dependencies::UvLock { dir }, of_project(tree, &pyproject, selection)?)
        }
        Kind::Pylock => {
            let text = tree.text(file).unwrap_or_default();
            let mut declared = project()?;
            declared.add_all(file, &locked_names(text));
            let pythons = python_of(text, file);
            Read { pythons, ..Read::new(of(LockTool::Pylock), declared) }
        }
        Kind::PdmLock => Read::new(of(LockTool::Pdm), project()?),
        Kind::PipfileLock => {
            let pipfile = beside(file, "Pipfile");
            let asked = of_pipfile(tree, &pipfile, selection)?;
            Read::new(of(LockTool::Pipenv), Declared::from_asked(&pipfile, &asked))
        }
        _ => Read::new(of(LockTool::Poetry), project()?),
    })
}

/// A declaration without a lock.
fn declaration(
    question: Question<'_>,
    chosen: &Candidate,
    selection: &Selection,
) -> Result<Read, InspectError> {
    let (tree, file) = (question.tree, &chosen.file);
    Ok(match chosen.kind {
        Kind::Requirements => {
            let mut files = vec![file.clone()];
            files.extend(further_files(question, file)?);
            let declared = Declared::from_files(tree, &files)?;
            Read::new(Dependencies::Requirements { files }, declared)
        }
        Kind::Poetry => Read::listed(file, ListForm::Poetry, &of_poetry(tree, file, selection)?),
        Kind::Pipfile => Read::listed(file, ListForm::Pipfile, &of_pipfile(tree, file, selection)?),
        Kind::SetupCfg | Kind::SetupPy => {
            let text = tree.text(file).unwrap_or_default();
            let asked = match chosen.kind {
                Kind::SetupCfg => declare::setup_cfg(text, selection),
                _ => install_requires(question.modules, file),
            };
            match asked {
                Some(asked) => Read::listed(file, ListForm::Setuptools, &asked),
                None => {
                    Read::new(Dependencies::Project { file: file.clone() }, Declared::default())
                }
            }
        }
        Kind::Script => {
            let script = of_script(tree, file)?;
            let pythons = script.requires_python.as_ref().and_then(|written| {
                let note = format!("`requires-python = \"{written}\"`");
                let specifiers = VersionSpecifiers::from_str(written).ok()?;
                Some((specifiers, Evidence::file(file.as_str(), note)))
            });
            Read { pythons, ..Read::listed(file, ListForm::Script, &script.asked) }
        }
        _ => {
            let declared = of_project(tree, file, selection)?;
            Read::new(Dependencies::Project { file: file.clone() }, declared)
        }
    })
}

/// The folder of the project that a `uv.lock` is used for: a member's, where the lock lies above.
fn member_of(question: Question<'_>, lock: &str) -> String {
    let above = parent(lock);
    let is_member = |folder: &&String| {
        let own = question.tree.has(&super::join(folder, "pyproject.toml"));
        own && (folder.as_str() == above || folder.starts_with(above))
    };
    question.folders.iter().find(is_member).map_or(above, |folder| folder).to_owned()
}

/// `[project]`, and `[tool.poetry.dependencies]` beside it.
fn of_project(tree: &Tree, file: &str, selection: &Selection) -> Result<Declared, InspectError> {
    let text = tree.text(file).unwrap_or_default();
    let metadata = Metadata::parse(text).unwrap_or_default();
    let mut declared = Declared::from_project(file, text, &metadata.dependencies);
    if metadata.has_poetry_dependencies {
        declared.add_all(file, &of_poetry(tree, file, selection)?);
    }
    Ok(declared)
}

fn of_poetry(tree: &Tree, file: &str, selection: &Selection) -> Result<Vec<Asked>, InspectError> {
    let text = tree.text(file).unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    let found = declare::poetry(text, &table, parent(file), selection);
    let found = found.map_err(|error| unsayable(file, error))?.unwrap_or_default();
    let options = found.sources.iter();
    let options = options.map(|url| Asked { text: format!("--extra-index-url {url}"), line: None });
    Ok(options.chain(found.asked).collect())
}

fn of_pipfile(tree: &Tree, file: &str, selection: &Selection) -> Result<Vec<Asked>, InspectError> {
    let text = tree.text(file).unwrap_or_default();
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
        InspectError::DeclarationInvalid {
            file: file.to_owned(),
            line: before.matches('\n').count() as u32 + 1,
            message: error.message().to_owned(),
        }
    })?;
    declare::pipfile(text, &table, parent(file), selection).map_err(|error| unsayable(file, error))
}

fn of_script(tree: &Tree, file: &str) -> Result<declare::Script, InspectError> {
    match declare::script(tree.text(file).unwrap_or_default()) {
        None => Ok(declare::Script::default()),
        Some(Ok(script)) => Ok(script),
        Some(Err((line, message))) => {
            Err(InspectError::DeclarationInvalid { file: file.to_owned(), line, message })
        }
    }
}

fn unsayable(file: &str, error: Unsayable) -> InspectError {
    let Unsayable { name, written, line } = error;
    InspectError::ConstraintUnknown { file: file.to_owned(), line, name, written }
}

/// `install_requires` of `setup(...)`, where all of it is written out.
fn install_requires(modules: &Modules, file: &str) -> Option<Vec<Asked>> {
    let module = modules.at(file)?;
    let call = module
        .source
        .calls
        .iter()
        .find(|call| matches!(call.callee(), "setup" | "setuptools.setup"))?;
    let value = match call.keyword("install_requires")? {
        Value::Name(name) => module.value_of(name)?,
        value => value,
    };
    let Value::List(items) = value else { return None };
    let line = call.line;
    let texts: Option<Vec<&str>> = items.iter().map(Value::as_text).collect();
    Some(texts?.into_iter().map(|t| Asked { text: t.to_owned(), line: Some(line) }).collect())
}

/// `requires-python` of a `pylock.toml`.
fn python_of(text: &str, file: &str) -> Option<(VersionSpecifiers, Evidence)> {
    let table: Table = text.parse().ok()?;
    let written = table.get("requires-python")?.as_str()?;
    let line = line_starting(text, "requires-python");
    let note = format!("`requires-python = \"{written}\"`");
    let evidence = Evidence { file: file.to_owned(), line, note };
    Some((VersionSpecifiers::from_str(written).ok()?, evidence))
}

/// The packages that a `pylock.toml` names.
fn locked_names(text: &str) -> Vec<Asked> {
    let table: Table = text.parse().unwrap_or_default();
    let packages = table.get("packages").and_then(toml::Value::as_array);
    let of = |package: &toml::Value| {
        let name = package.get("name")?.as_str()?;
        let version = package.get("version").and_then(toml::Value::as_str);
        let text = version.map_or(name.to_owned(), |version| format!("{name}=={version}"));
        Some(Asked { text, line: None })
    };
    packages.into_iter().flatten().filter_map(of).collect()
}
