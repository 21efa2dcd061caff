//! Which extras and groups production gets.

use super::candidates::Candidate;
use super::kind::Kind;
use super::{Question, beside};
use crate::inspect::error::InspectError;
use crate::inspect::metadata::line_with;
use crate::inspect::requirements::normalised;
use crate::inspect::tree::{Tree, file_name, join, parent};
use std::collections::BTreeSet;
use toml::{Table, Value};
use windlass_model::{AppConfig, Evidence, Selection};

/// Groups that are production's by their name.
const PRODUCTION: [&str; 2] = ["prod", "production"];

/// What people call the sets for development and tests.
const DEVELOPMENT: [&str; 7] =
    ["dev", "develop", "development", "dev-packages", "test", "tests", "testing"];

/// No extras and groups, where nothing could have any.
pub(super) fn date_only(config: &AppConfig) -> Selection {
    let date = config.resolve_date.clone().unwrap_or_default();
    Selection { date, ..Selection::default() }
}

/// What the project wants, checked against what its declaration has.
pub(super) fn select(
    question: Question<'_>,
    chosen: &Candidate,
) -> Result<(Selection, Vec<Evidence>), InspectError> {
    let Question { tree, config, sets, .. } = question;
    let (extras, groups) = known(tree, chosen);
    let find = |key: &'static str, wanted: &[String], known: &BTreeSet<String>| {
        let each = wanted.iter().map(|name| {
            let same = |it: &&String| normalised(it) == normalised(name);
            known.iter().find(same).cloned().ok_or_else(|| InspectError::NoSuchGroup {
                key,
                name: name.clone(),
                file: chosen.file.clone(),
                line: config.line_of(key),
                known: known.iter().cloned().collect(),
            })
        });
        each.collect::<Result<Vec<_>, _>>()
    };
    let mut selection = date_only(config);
    selection.extras = find("extras", &config.extras, &extras)?;
    selection.groups = find("groups", &config.groups, &groups)?;
    let mut evidence = Vec::new();
    let mut say = |key: &str, names: &[String]| {
        if !names.is_empty() {
            let note = format!("with {key} {}", names.join(", "));
            let line = config.line_of(key);
            evidence.push(Evidence { file: "pyproject.toml".to_owned(), line, note });
        }
    };
    say("extras", &selection.extras);
    say("groups", &selection.groups);
    if config.groups.is_empty() {
        add_production(tree, chosen, (&groups, &mut selection.groups), &mut evidence);
    }
    if sets.development {
        add_development(config, &groups, &mut selection.groups);
        add_development(config, &extras, &mut selection.extras);
    }
    // Of requirements files a set is a file.
    if chosen.kind != Kind::Requirements {
        for name in find("groups", &sets.groups, &groups)? {
            if !selection.groups.contains(&name) {
                selection.groups.push(name);
            }
        }
    }
    Ok((selection, evidence))
}

/// The groups that are production's by their name.
fn add_production(
    tree: &Tree,
    chosen: &Candidate,
    (known, selected): (&BTreeSet<String>, &mut Vec<String>),
    evidence: &mut Vec<Evidence>,
) {
    for name in PRODUCTION.into_iter().filter(|name| known.contains(*name)) {
        selected.push(name.to_owned());
        let pyproject = beside(&chosen.file, "pyproject.toml");
        let line = tree.text(&pyproject).and_then(|text| line_with(text, name));
        let note = format!("the group `{name}` is production's");
        evidence.push(Evidence { file: pyproject, line, note });
    }
}

/// The sets for development and tests, by the names that people give them.
fn add_development(config: &AppConfig, known: &BTreeSet<String>, selected: &mut Vec<String>) {
    let found = DEVELOPMENT.into_iter().filter(|name| known.contains(*name)).map(str::to_owned);
    selected.extend(found.filter(|name| !config.groups.contains(name)));
}

/// The requirements files of the sets that are wanted, by the names that people give them.
pub(super) fn further_files(
    question: Question<'_>,
    file: &str,
) -> Result<Vec<String>, InspectError> {
    let own = parent(file);
    let above = if file_name(own) == "requirements" { parent(own) } else { own };
    let of = |name: &str| -> Option<String> {
        let names = [
            format!("requirements-{name}.txt"),
            format!("requirements_{name}.txt"),
            format!("{name}-requirements.txt"),
            format!("requirements.{name}.txt"),
            format!("requirements/{name}.txt"),
        ];
        let found = names.iter().map(|name| join(above, name));
        found.into_iter().find(|path| path != file && question.tree.has(path))
    };
    let mut files = Vec::new();
    if question.sets.development {
        files.extend(DEVELOPMENT.iter().chain(&["local"]).filter_map(|name| of(name)));
    }
    for name in &question.sets.groups {
        let found = of(name).ok_or_else(|| InspectError::NoSuchGroup {
            key: "groups",
            name: name.clone(),
            file: file.to_owned(),
            line: None,
            known: Vec::new(),
        })?;
        if !files.contains(&found) {
            files.push(found);
        }
    }
    Ok(files)
}

/// The extras and groups that the declaration beside a lock, or a lock itself, knows.
fn known(tree: &Tree, chosen: &Candidate) -> (BTreeSet<String>, BTreeSet<String>) {
    let table = |file: &str| -> Table {
        tree.text(file).and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    let (mut extras, mut groups) = (BTreeSet::new(), BTreeSet::new());
    match chosen.kind {
        Kind::Requirements | Kind::Script | Kind::SetupPy => {}
        Kind::Pylock => {
            let lock = table(&chosen.file);
            extras.extend(texts(lock.get("extras")));
            groups.extend(texts(lock.get("dependency-groups")));
        }
        Kind::Pipfile | Kind::PipfileLock => {
            let fixed = ["source", "packages", "requires", "scripts", "pipenv"];
            let pipfile = table(&beside(&chosen.file, "Pipfile"));
            groups.extend(pipfile.keys().filter(|key| !fixed.contains(&key.as_str())).cloned());
        }
        Kind::SetupCfg => extras.extend(setup_cfg_extras(tree.text(&chosen.file))),
        Kind::UvLock | Kind::PoetryLock | Kind::PdmLock | Kind::Project | Kind::Poetry => {
            let member = beside(&chosen.file, "pyproject.toml");
            let pyproject = table(&member);
            let poetry = pyproject.get("tool").and_then(|tool| tool.get("poetry"));
            let pdm = pyproject.get("tool").and_then(|tool| tool.get("pdm"));
            let project = pyproject.get("project");
            extras.extend(keys(project.and_then(|it| it.get("optional-dependencies"))));
            extras.extend(keys(poetry.and_then(|it| it.get("extras"))));
            groups.extend(keys(pyproject.get("dependency-groups")));
            groups.extend(keys(poetry.and_then(|it| it.get("group"))));
            groups.extend(keys(pdm.and_then(|it| it.get("dev-dependencies"))));
            if poetry.is_some_and(|it| it.get("dev-dependencies").is_some()) {
                groups.insert("dev".to_owned());
            }
        }
    }
    (extras, groups)
}

fn keys(table: Option<&Value>) -> Vec<String> {
    let table = table.and_then(Value::as_table);
    table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

fn texts(array: Option<&Value>) -> Vec<String> {
    let array = array.and_then(Value::as_array);
    array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn setup_cfg_extras(text: Option<&str>) -> Vec<String> {
    let lines = text.unwrap_or_default().lines();
    let inside = lines
        .skip_while(|line| line.trim() != "[options.extras_require]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let keys = inside.filter(|line| !line.starts_with([' ', '\t', '#', ';']));
    keys.filter_map(|line| Some(line.split_once(['=', ':'])?.0.trim().to_owned())).collect()
}
