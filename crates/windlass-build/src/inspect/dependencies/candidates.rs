//! The files of a folder that declare dependencies, in the order in which they count.

use super::Question;
use super::kind::Kind;
use crate::declare;
use crate::inspect::metadata::Metadata;
use crate::inspect::tree::{Tree, file_name, is_python, join, parent};
use toml::Table;
use windlass_model::Evidence;

/// One file that declares dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) kind: Kind,
    pub(super) file: String,
}

/// Requirements files in order of preference: what production installs before what all share.
const REQUIREMENTS: [&str; 13] = [
    "requirements.txt",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements-production.txt",
    "requirements-prod.txt",
    "requirements_prod.txt",
    "requirements/requirements.txt",
    "requirements/base.txt",
    "requirements/main.txt",
    "requirements/common.txt",
    "requirements/web.txt",
    "requirements-base.txt",
    "requirements.in",
];

/// What declares dependencies in a folder, the best first.
pub(super) fn candidates(question: Question<'_>, folder: &str) -> Vec<Candidate> {
    let tree = question.tree;
    let at = |name: &str| join(folder, name);
    let mut found = Vec::new();
    let mut add = |kind, file: String| found.push(Candidate { kind, file });
    let pyproject = at("pyproject.toml");
    let text = tree.text(&pyproject).unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    let metadata = Metadata::parse(text).unwrap_or_default();
    let has_pyproject = tree.has(&pyproject);
    let member = || workspace_lock(tree, folder).filter(|_| metadata.has_project);
    if let Some(lock) =
        Some(at("uv.lock")).filter(|lock| tree.has(lock) && has_pyproject).or_else(member)
    {
        add(Kind::UvLock, lock);
    }
    if let Some(lock) = pylock(question, folder) {
        add(Kind::Pylock, lock);
    }
    let poetry =
        metadata.has_project || table.get("tool").is_some_and(|t| t.get("poetry").is_some());
    for (kind, name, declared) in [
        (Kind::PoetryLock, "poetry.lock", poetry),
        (Kind::PdmLock, "pdm.lock", metadata.has_project),
        (Kind::PipfileLock, "Pipfile.lock", tree.has(&at("Pipfile"))),
    ] {
        if declared && tree.has(&at(name)) {
            add(kind, at(name));
        }
    }
    if let Some(name) = REQUIREMENTS.iter().find(|name| tree.has(&at(name))) {
        add(Kind::Requirements, at(name));
    }
    let in_poetry = metadata.has_poetry_dependencies && metadata.dependencies.is_empty();
    if metadata.has_project && !in_poetry {
        add(Kind::Project, pyproject);
    } else if metadata.has_poetry_dependencies {
        add(Kind::Poetry, pyproject);
    }
    found.extend(others(question, folder));
    found
}

/// What declares dependencies besides `pyproject.toml`, its locks and requirements files.
fn others(question: Question<'_>, folder: &str) -> Vec<Candidate> {
    let tree = question.tree;
    let at = |name: &str| join(folder, name);
    let mut found = Vec::new();
    let mut add = |kind, file: String| found.push(Candidate { kind, file });
    if tree.has(&at("Pipfile")) {
        add(Kind::Pipfile, at("Pipfile"));
    }
    let setup_cfg = at("setup.cfg");
    if tree.text(&setup_cfg).is_some_and(|text| asks(text, "install_requires")) {
        add(Kind::SetupCfg, setup_cfg);
    }
    let setup_py = at("setup.py");
    if tree.text(&setup_py).is_some_and(|text| text.contains("install_requires")) {
        add(Kind::SetupPy, setup_py);
    }
    if let Some(file) = script(question, folder) {
        add(Kind::Script, file);
    }
    found
}

fn asks(text: &str, key: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with(key))
}

/// Locks of other tools without the file that says what they lock.
pub(super) fn without_declaration(tree: &Tree, folder: &str) -> Vec<Evidence> {
    let at = |name: &str| join(folder, name);
    let pyproject = tree.has(&at("pyproject.toml"));
    [
        ("poetry.lock", pyproject),
        ("pdm.lock", pyproject),
        ("Pipfile.lock", tree.has(&at("Pipfile"))),
    ]
    .into_iter()
    .filter(|(name, declared)| !declared && tree.has(&at(name)))
    .map(|(name, _)| Evidence::file(at(name), "not used: its declaration is not there"))
    .collect()
}

/// `pylock.toml`, or the one named for production, or the only named one (PEP 751, "File Name").
fn pylock(question: Question<'_>, folder: &str) -> Option<String> {
    let tree = question.tree;
    for name in ["pylock.toml", "pylock.production.toml", "pylock.prod.toml"] {
        let file = join(folder, name);
        if tree.has(&file) {
            return Some(file);
        }
    }
    let inside = tree.below(folder).map(|(path, _)| path).filter(|path| parent(path) == folder);
    let mut named = inside.filter(|path| is_pylock(file_name(path)));
    let only = named.next()?;
    named.next().is_none().then(|| only.to_owned())
}

fn is_pylock(name: &str) -> bool {
    let middle = name.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix(".toml"));
    name == "pylock.toml" || middle.is_some_and(|it| !it.is_empty() && !it.contains('.'))
}

/// The form of a file that the project names.
pub(super) fn kind_of(tree: &Tree, file: &str) -> Kind {
    let name = file_name(file);
    let text = tree.text(file).unwrap_or_default();
    match name {
        "uv.lock" => Kind::UvLock,
        "poetry.lock" => Kind::PoetryLock,
        "pdm.lock" => Kind::PdmLock,
        "Pipfile.lock" => Kind::PipfileLock,
        "Pipfile" => Kind::Pipfile,
        "setup.cfg" => Kind::SetupCfg,
        "setup.py" => Kind::SetupPy,
        "pyproject.toml" => {
            let metadata = Metadata::parse(text).unwrap_or_default();
            let in_poetry = metadata.has_poetry_dependencies && metadata.dependencies.is_empty();
            if in_poetry { Kind::Poetry } else { Kind::Project }
        }
        name if is_pylock(name) => Kind::Pylock,
        name if is_python(name) => Kind::Script,
        _ => Kind::Requirements,
    }
}

/// The lock of the workspace above that a folder is a member of.
fn workspace_lock(tree: &Tree, folder: &str) -> Option<String> {
    let mut above = folder;
    while !above.is_empty() {
        above = parent(above);
        let lock = join(above, "uv.lock");
        let text = tree.text(&join(above, "pyproject.toml")).filter(|_| tree.has(&lock));
        let workspace = text.and_then(Metadata::parse).and_then(|metadata| metadata.workspace);
        let inner = folder.strip_prefix(above).unwrap_or(folder).trim_start_matches('/');
        if workspace.is_some_and(|workspace| workspace.covers(inner)) {
            return Some(lock);
        }
    }
    None
}

/// The app's own file with script metadata, or the only such file of the folder.
fn script(question: Question<'_>, folder: &str) -> Option<String> {
    let has_block =
        |path: &str| question.tree.text(path).is_some_and(|t| declare::script(t).is_some());
    if let Some(file) = question.app_file {
        return (parent(file) == folder && has_block(file)).then(|| file.to_owned());
    }
    let own = question.modules.iter().filter(|module| !module.aside);
    let inside = own.map(|module| module.path.as_str()).filter(|path| parent(path) == folder);
    let mut scripts = inside.filter(|path| has_block(path));
    let only = scripts.next()?;
    scripts.next().is_none().then(|| only.to_owned())
}
