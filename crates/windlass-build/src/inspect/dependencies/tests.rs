//! Which of several declarations counts, and what is said of the others.

use super::*;
use windlass_model::{ListForm, LockTool, ResolveDate};

const PROJECT: (&str, &str) =
    ("pyproject.toml", "[project]\nname = 'x'\ndependencies = ['flask']\n");
const POETRY: (&str, &str) =
    ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.11'\nflask = '^3.0'\n");
const PIPFILE: (&str, &str) = ("Pipfile", "[packages]\nflask = '*'\n");
const SETUP_CFG: (&str, &str) = ("setup.cfg", "[options]\ninstall_requires =\n  flask\n");
const SETUP_PY: (&str, &str) = (
    "setup.py",
    "from setuptools import setup\nNEEDS = ['flask', 'click>8']\nsetup(install_requires=NEEDS)\n",
);
const SCRIPT: (&str, &str) =
    ("app.py", "# /// script\n# dependencies = ['flask']\n# requires-python = '>=3.11'\n# ///\n");

fn chosen_in(files: &[(&str, &str)], folders: &[&str]) -> Result<Chosen, InspectError> {
    let tree = Tree::from_files(files.iter().copied());
    let modules = Modules::read(&tree, "").expect("a stack");
    let text = tree.text("pyproject.toml").unwrap_or_default();
    let config = AppConfig::from_pyproject(text).expect("valid");
    let folders: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    let (tree, modules, config) = (&tree, &modules, &config);
    let sets = &Sets::default();
    choose(Question { tree, modules, config, folders: &folders, app_file: None, sets })
}

fn with_sets(files: &[(&str, &str)], sets: &Sets) -> Result<Chosen, InspectError> {
    let tree = Tree::from_files(files.iter().copied());
    let (modules, config) = (Modules::read(&tree, "").expect("a stack"), AppConfig::default());
    let (tree, modules, config, folders) = (&tree, &modules, &config, &[String::new()]);
    choose(Question { tree, modules, config, folders, app_file: None, sets })
}

#[test]
fn development_adds_the_sets_that_there_are() {
    let project = "[project]\nname = 'x'\n[project.optional-dependencies]\ntest = ['pytest']\npg = []\n\
        [dependency-groups]\ndev = ['ruff']\ndocs = ['sphinx']\n";
    let sets = |groups: &[&str]| Sets {
        development: true,
        groups: groups.iter().map(|name| (*name).to_owned()).collect(),
    };
    let found = with_sets(&[("pyproject.toml", project)], &sets(&["docs"])).expect("chosen");
    assert_eq!(found.selection.groups, ["dev", "docs"]);
    assert_eq!(found.selection.extras, ["test"]);
    let error = with_sets(&[("pyproject.toml", project)], &sets(&["doc"])).expect_err("unknown");
    assert!(matches!(error, InspectError::NoSuchGroup { .. }), "{error:?}");
    for (main, others, wanted) in [
        ("requirements.txt", vec!["requirements-dev.txt", "requirements/test.txt"], 3),
        ("requirements/prod.txt", vec!["requirements/dev.txt", "requirements-test.txt"], 3),
        ("requirements.txt", vec!["requirements-docs.txt"], 1),
    ] {
        let files: Vec<(&str, &str)> =
            std::iter::once(main).chain(others).map(|name| (name, "flask\n")).collect();
        let found = with_sets(&files, &sets(&[])).expect("chosen");
        let Dependencies::Requirements { files } = found.dependencies else { panic!("{main}") };
        assert_eq!((files[0].as_str(), files.len()), (main, wanted), "{files:?}");
    }
    let docs = [("requirements.txt", ""), ("requirements-docs.txt", "")];
    let found = with_sets(&docs, &sets(&["docs"])).expect("chosen").dependencies;
    assert_eq!(found.describe(), "requirements.txt, requirements-docs.txt");
    assert!(with_sets(&docs, &sets(&["lint"])).is_err());
    let poetry = "[tool.poetry.dependencies]\nflask = '*'\n[tool.poetry.group.dev.dependencies]\nruff = '1'\n";
    let found = with_sets(&[("pyproject.toml", poetry)], &sets(&[])).expect("chosen");
    let listed = listed("pyproject.toml", ListForm::Poetry, &["flask", "ruff==1"]);
    assert_eq!(found.dependencies, listed);
}

fn chosen(files: &[(&str, &str)]) -> Chosen {
    chosen_in(files, &[""]).unwrap_or_else(|error| panic!("{files:?}: {error}"))
}

fn lock(tool: LockTool, file: &str) -> Dependencies {
    Dependencies::Lock { tool, file: file.to_owned() }
}

fn files(name: &str) -> Dependencies {
    Dependencies::Requirements { files: vec![name.to_owned()] }
}

fn listed(file: &str, form: ListForm, requirements: &[&str]) -> Dependencies {
    let requirements = requirements.iter().map(|text| (*text).to_owned()).collect();
    Dependencies::Listed { file: file.to_owned(), form, requirements }
}

#[test]
fn one_declaration_wins() {
    let requirements = ("requirements.txt", "flask\n");
    let uv = Dependencies::UvLock { dir: String::new() };
    let project = Dependencies::Project { file: "pyproject.toml".to_owned() };
    for (listing, expected) in [
        (vec![PROJECT, requirements, ("uv.lock", ""), ("poetry.lock", "")], uv),
        (vec![requirements, ("uv.lock", "")], files("requirements.txt")),
        (
            vec![PROJECT, ("pylock.toml", ""), ("poetry.lock", "")],
            lock(LockTool::Pylock, "pylock.toml"),
        ),
        (
            vec![("pylock.prod.toml", ""), ("pylock.dev.toml", "")],
            lock(LockTool::Pylock, "pylock.prod.toml"),
        ),
        (vec![("pylock.app.toml", "")], lock(LockTool::Pylock, "pylock.app.toml")),
        (vec![POETRY, requirements, ("poetry.lock", "")], lock(LockTool::Poetry, "poetry.lock")),
        (vec![PROJECT, requirements, ("poetry.lock", "")], lock(LockTool::Poetry, "poetry.lock")),
        (vec![requirements, ("poetry.lock", "")], files("requirements.txt")),
        (vec![PROJECT, ("pdm.lock", "")], lock(LockTool::Pdm, "pdm.lock")),
        (vec![PIPFILE, ("Pipfile.lock", "{}")], lock(LockTool::Pipenv, "Pipfile.lock")),
        (vec![PIPFILE, requirements], files("requirements.txt")),
        (
            vec![("requirements/base.txt", ""), ("requirements/prod.txt", "")],
            files("requirements/prod.txt"),
        ),
        (vec![PROJECT, SETUP_CFG], project),
        (vec![POETRY], listed("pyproject.toml", ListForm::Poetry, &["flask>=3.0,<4"])),
        (vec![PIPFILE, SETUP_CFG], listed("Pipfile", ListForm::Pipfile, &["flask"])),
        (vec![SETUP_CFG, SETUP_PY], listed("setup.cfg", ListForm::Setuptools, &["flask"])),
        (vec![SETUP_PY, SCRIPT], listed("setup.py", ListForm::Setuptools, &["flask", "click>8"])),
        (
            vec![("setup.py", "setup(install_requires=open('r').read().split())\n")],
            Dependencies::Project { file: "setup.py".to_owned() },
        ),
        (vec![SCRIPT], listed("app.py", ListForm::Script, &["flask"])),
        (vec![("app.py", "")], Dependencies::None),
    ] {
        assert_eq!(chosen(&listing).dependencies, expected, "{listing:?}");
    }
}

#[test]
fn what_was_passed_over_is_said_and_two_locks_are_warned_of() {
    let found = chosen(&[POETRY, ("poetry.lock", ""), PIPFILE, ("Pipfile.lock", "{}")]);
    let said: Vec<String> = found.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "poetry.lock: pins every package",
            "Pipfile.lock: not used: `poetry.lock` comes first",
            "pyproject.toml: not used: the lock `poetry.lock` comes before a declaration",
            "Pipfile: not used: the lock `poetry.lock` comes before a declaration",
        ]
    );
    let [warning] = &found.warnings[..] else { panic!("{:?}", found.warnings) };
    assert_eq!(warning.code, "locks-several");
    assert_eq!(warning.message, "`poetry.lock` is used, and not Pipfile.lock");
    assert!(warning.hints[1].contains("dependencies = \"Pipfile.lock\""), "{warning:?}");
    assert!(chosen(&[POETRY, ("poetry.lock", "")]).warnings.is_empty());
}

#[test]
fn the_project_itself_decides() {
    let config = |rest: &str| format!("{}[tool.windlass]\n{rest}\n", PROJECT.1);
    let with = |rest: &str, more: &[(&str, &str)]| {
        let text = config(rest);
        let files = [&[("pyproject.toml", text.as_str())], more].concat();
        chosen_in(&files, &[""])
    };
    let prod = ("requirements/prod.txt", "flask\n");
    let found = with("dependencies = 'requirements/prod.txt'", &[prod, ("uv.lock", "")]);
    assert_eq!(found.expect("chosen").dependencies, files("requirements/prod.txt"));
    let found = with("dependencies = 'pyproject.toml'\nresolve-date = 'now'", &[("uv.lock", "")]);
    let found = found.expect("chosen");
    assert_eq!(found.dependencies, Dependencies::Project { file: "pyproject.toml".to_owned() });
    assert_eq!(found.selection.date, ResolveDate::Now);
    let error = with("dependencies = 'none.txt'", &[]).expect_err("not there");
    assert!(matches!(error, InspectError::NoSuchDeclaration { line: Some(5), .. }), "{error:?}");
}

#[test]
fn extras_and_groups_are_those_that_exist() {
    let text = "[project]\nname = 'x'\n[project.optional-dependencies]\npg = ['psycopg']\n\
        [dependency-groups]\nproduction = ['gunicorn']\ndev = ['pytest']\n[tool.windlass]\n";
    let with = |rest: &str| {
        let text = format!("{text}{rest}\n");
        chosen_in(&[("pyproject.toml", text.as_str())], &[""])
    };
    let plain = with("").expect("chosen");
    assert_eq!(plain.selection.groups, ["production"]);
    assert!(plain.evidence.iter().any(|it| it.note == "the group `production` is production's"));
    let more = with("extras = ['PG']\ngroups = ['dev']").expect("chosen").selection;
    assert_eq!((more.extras, more.groups), (vec!["pg".to_owned()], vec!["dev".to_owned()]));
    match with("groups = ['docs']").expect_err("unknown") {
        InspectError::NoSuchGroup { name, known, line, .. } => {
            assert_eq!((name.as_str(), line), ("docs", Some(9)));
            assert_eq!(known, ["dev", "production"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_member_is_locked_by_its_workspace() {
    let root = "[tool.uv.workspace]\nmembers = ['packages/*', 'tool']\nexclude = ['packages/x']\n";
    let member = "[project]\nname = 'm'\ndependencies = ['flask']\n";
    let of = |folder: &str, lock: &str| {
        let file = format!("{folder}/pyproject.toml");
        let requirements = format!("{folder}/requirements.txt");
        let files = [("pyproject.toml", root), (lock, ""), (&file, member), (&requirements, "")];
        let chosen = chosen_in(&files, &[folder, ""]).expect("chosen");
        (chosen.dependencies, chosen.evidence[0].file.clone())
    };
    for folder in ["packages/api", "tool"] {
        let expected = Dependencies::UvLock { dir: folder.to_owned() };
        assert_eq!(of(folder, "uv.lock"), (expected, "uv.lock".to_owned()), "{folder}");
    }
    for (folder, lock) in
        [("packages/x", "uv.lock"), ("packages/a/b", "uv.lock"), ("packages/api2", "other.lock")]
    {
        let file = format!("{folder}/requirements.txt");
        assert_eq!(of(folder, lock), (files(&file), file), "{folder}");
    }
}

#[test]
fn a_lock_above_the_app_counts() {
    for (lock_file, tool, declaration) in [
        ("poetry.lock", LockTool::Poetry, POETRY),
        ("pdm.lock", LockTool::Pdm, PROJECT),
        ("Pipfile.lock", LockTool::Pipenv, PIPFILE),
    ] {
        let found =
            chosen_in(&[declaration, (lock_file, ""), ("src/shop/app.py", "")], &["src", ""]);
        let found = found.expect("chosen");
        assert_eq!(found.dependencies, lock(tool, lock_file));
        assert!(found.declared.provides("flask").is_some(), "{lock_file}");
    }
}

#[test]
fn what_cannot_be_built_from_says_why() {
    let error = chosen_in(&[("poetry.lock", "")], &[""]).expect_err("alone");
    assert!(matches!(error, InspectError::LockWithoutDeclaration { tool: "Poetry", .. }));
    let error = chosen_in(&[("requirments.txt", "flask")], &[""]).expect_err("misspelt");
    assert!(matches!(error, InspectError::MisspeltRequirements { .. }));
    let error = chosen_in(&[("Pipfile", "[packages]\nx = \n")], &[""]).expect_err("broken");
    assert_eq!(error.to_string().split(": ").next(), Some("Pipfile:2"), "{error}");
    let either = "[tool.poetry.dependencies]\nx = '^1 || ^3'\n";
    let error = chosen_in(&[("pyproject.toml", either)], &[""]).expect_err("unsayable");
    assert_eq!(error.to_string(), "pyproject.toml:2: `^1 || ^3` of `x` cannot be read");
    let error = chosen_in(&[("a.py", "# /// script\n# x\n# ///\n")], &[""]).expect_err("broken");
    assert!(error.to_string().starts_with("a.py:2: "), "{error}");
}
