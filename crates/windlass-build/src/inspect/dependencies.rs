//! Where the dependencies are declared: one place, by a fixed order, the others named.

use super::error::InspectError;
use super::metadata::Metadata;
use super::requirements::Declared;
use super::tree::{Tree, join, parent};
use windlass_model::{Dependencies, Evidence};

/// The place that counts, and what was passed over for it.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) dependencies: Dependencies,
    pub(super) evidence: Vec<Evidence>,
    pub(super) declared: Declared,
}

/// Locks of other tools, which uv does not read.
const FOREIGN_LOCKS: [(&str, &str, &str); 4] = [
    ("poetry.lock", "Poetry", "poetry export -f requirements.txt -o requirements.txt"),
    ("pdm.lock", "PDM", "pdm export -o requirements.txt"),
    ("Pipfile.lock", "Pipenv", "pipenv requirements > requirements.txt"),
    ("Pipfile", "Pipenv", "pipenv requirements > requirements.txt"),
];

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

/// Looks through folders, nearest to the app first.
pub(super) fn choose(tree: &Tree, folders: &[String]) -> Result<Chosen, InspectError> {
    for folder in folders {
        if let Some(chosen) = in_folder(tree, folder)? {
            return Ok(chosen);
        }
    }
    for folder in folders {
        refuse_others(tree, folder)?;
    }
    Ok(Chosen {
        dependencies: Dependencies::None,
        evidence: vec![Evidence::rule("the project declares no dependencies")],
        declared: Declared::default(),
    })
}

fn in_folder(tree: &Tree, folder: &str) -> Result<Option<Chosen>, InspectError> {
    let at = |name: &str| join(folder, name);
    let pyproject = at("pyproject.toml");
    let text = tree.text(&pyproject).unwrap_or_default();
    let metadata = Metadata::parse(text).unwrap_or_default();
    let folder = folder.to_owned();
    let passed_over = |used: &str| -> Vec<Evidence> {
        let others = ["poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt"];
        others
            .iter()
            .filter(|name| tree.has(&at(name)) && **name != used)
            .map(|name| Evidence::file(at(name), format!("not used: `{used}` comes first")))
            .collect()
    };
    let chosen = |dependencies, file: &str, used: &str, declared| {
        let mut evidence = vec![Evidence::file(file, "declares the dependencies")];
        evidence.extend(passed_over(used));
        Ok(Some(Chosen { dependencies, evidence, declared }))
    };
    let of_project = || Declared::from_project(&pyproject, text, &metadata.dependencies);
    let lock = at("uv.lock");
    if tree.has(&lock) && tree.has(&pyproject) {
        return chosen(Dependencies::UvLock { dir: folder }, &lock, "uv.lock", of_project());
    }
    if let Some(lock) = workspace_lock(tree, &folder).filter(|_| metadata.has_project) {
        return chosen(Dependencies::UvLock { dir: folder }, &lock, "uv.lock", of_project());
    }
    if let Some(name) = REQUIREMENTS.iter().find(|name| tree.has(&at(name))) {
        let files = vec![at(name)];
        let declared = Declared::from_files(tree, &files)?;
        return chosen(Dependencies::Requirements { files }, &at(name), name, declared);
    }
    if metadata.has_project {
        let dependencies = Dependencies::Project { file: pyproject.clone() };
        return chosen(dependencies, &pyproject, "[project]", of_project());
    }
    Ok(None)
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

/// What is recognised and cannot be built from yet, with the way out.
fn refuse_others(tree: &Tree, folder: &str) -> Result<(), InspectError> {
    for (file, tool, command) in FOREIGN_LOCKS {
        if tree.has(&join(folder, file)) {
            let file = join(folder, file);
            return Err(InspectError::ForeignDependencies { file, tool, command });
        }
    }
    let pyproject = join(folder, "pyproject.toml");
    let metadata = tree.text(&pyproject).and_then(Metadata::parse).unwrap_or_default();
    if metadata.has_poetry_dependencies {
        let (_, tool, command) = FOREIGN_LOCKS[0];
        return Err(InspectError::ForeignDependencies { file: pyproject, tool, command });
    }
    for name in ["setup.py", "setup.cfg"] {
        let file = join(folder, name);
        let declares = tree.text(&file).is_some_and(|text| text.contains("install_requires"));
        if declares {
            let command = "uv pip compile setup.py -o requirements.txt";
            return Err(InspectError::ForeignDependencies { file, tool: "setuptools", command });
        }
    }
    match MISSPELT.iter().map(|name| join(folder, name)).find(|name| tree.has(name)) {
        Some(found) => Err(InspectError::MisspeltRequirements { found }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(files: &[(&str, &str)]) -> Result<Dependencies, InspectError> {
        let tree = Tree::from_files(files.iter().copied());
        choose(&tree, &[String::new()]).map(|chosen| chosen.dependencies)
    }

    #[test]
    fn one_declaration_wins() {
        let project = ("pyproject.toml", "[project]\nname = 'x'\ndependencies = ['flask']\n");
        let requirements = ("requirements.txt", "flask\n");
        let files = |name: &str| Dependencies::Requirements { files: vec![name.to_owned()] };
        for (listing, expected) in [
            (
                vec![project, requirements, ("uv.lock", "")],
                Dependencies::UvLock { dir: String::new() },
            ),
            (vec![requirements, ("uv.lock", "")], files("requirements.txt")),
            (vec![project, requirements, ("poetry.lock", "")], files("requirements.txt")),
            (
                vec![project, ("pdm.lock", "")],
                Dependencies::Project { file: "pyproject.toml".into() },
            ),
            (
                vec![("requirements/base.txt", ""), ("requirements/prod.txt", "")],
                files("requirements/prod.txt"),
            ),
            (vec![("app.py", "")], Dependencies::None),
        ] {
            assert_eq!(choice(&listing).expect("chosen"), expected, "{listing:?}");
        }
    }

    #[test]
    fn a_member_is_locked_by_its_workspace() {
        let root =
            "[tool.uv.workspace]\nmembers = ['packages/*', 'tool']\nexclude = ['packages/x']\n";
        let member = "[project]\nname = 'm'\ndependencies = ['flask']\n";
        let of = |folder: &str, lock: &str| {
            let file = format!("{folder}/pyproject.toml");
            let requirements = format!("{folder}/requirements.txt");
            let files =
                [("pyproject.toml", root), (lock, ""), (&file, member), (&requirements, "")];
            let chosen = choose(&Tree::from_files(files), &[folder.to_owned(), String::new()]);
            let chosen = chosen.expect("chosen");
            (chosen.dependencies, chosen.evidence[0].file.clone())
        };
        for folder in ["packages/api", "tool"] {
            let expected = Dependencies::UvLock { dir: folder.to_owned() };
            assert_eq!(of(folder, "uv.lock"), (expected, "uv.lock".to_owned()), "{folder}");
        }
        for (folder, lock) in [
            ("packages/x", "uv.lock"),
            ("packages/a/b", "uv.lock"),
            ("packages/api2", "other.lock"),
        ] {
            let file = format!("{folder}/requirements.txt");
            let expected = Dependencies::Requirements { files: vec![file.clone()] };
            assert_eq!(of(folder, lock), (expected, file), "{folder}");
        }
    }

    #[test]
    fn foreign_and_misspelt_files_are_recognised() {
        for (file, text, tool) in [
            ("poetry.lock", "", "Poetry"),
            ("Pipfile", "", "Pipenv"),
            ("pyproject.toml", "[tool.poetry.dependencies]\nflask = '*'\n", "Poetry"),
            ("setup.py", "setup(install_requires=['flask'])", "setuptools"),
        ] {
            let error = choice(&[(file, text)]).expect_err(file);
            assert!(
                matches!(&error, InspectError::ForeignDependencies { tool: found, .. } if *found == tool),
                "{file}: {error:?}"
            );
        }
        let error = choice(&[("requirments.txt", "flask")]).expect_err("misspelt");
        assert!(matches!(error, InspectError::MisspeltRequirements { .. }));
    }
}
