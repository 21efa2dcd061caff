//! Which Python small projects get.

use super::*;

fn chosen(files: &[(&str, &str)]) -> Result<PythonChoice, InspectError> {
    let tree = Tree::from_files(files.iter().copied());
    let config = AppConfig::from_pyproject(tree.text("pyproject.toml").unwrap_or_default())
        .expect("the test's own config");
    let files: Vec<String> = tree
        .files()
        .map(|(path, _)| path.to_owned())
        .filter(|path| path.ends_with("requirements.txt"))
        .collect();
    choose(&Question {
        tree: &tree,
        config: &config,
        folders: &[String::new()],
        dockerfile_tag: None,
        declared: &Declared::from_files(&tree, &files)?,
        own: None,
        available: &crate::pythons(),
    })
}

#[test]
fn versions_are_found_and_relaxed() {
    let project = |text: &str| format!("[project]\nname='x'\nrequires-python = '{text}'\n");
    for (file, text, minor, warned) in [
        ("README", "", 13, false),
        (".python-version", "3.12.0", 12, false),
        (".python-version", "3.14", 14, false),
        (".python-version", "3.15", 13, true),
        ("pyproject.toml", &project("==3.12.*"), 12, false),
        ("pyproject.toml", &project(">=3.12,<3.13"), 12, false),
        ("pyproject.toml", &project(">=3.14"), 14, false),
        ("pyproject.toml", &project(">=3.12"), 13, false),
        ("pyproject.toml", &project("<3.11"), 10, false),
        (".python-version", "# mine\n3.11.4\n", 11, false),
        (".python-version", "3.8", 11, true),
        ("runtime.txt", "python-3.11.9", 11, false),
        (".tool-versions", "nodejs 20\npython 3.11.1\n", 11, false),
        ("Pipfile", "[requires]\npython_version = \"3.11\"\n", 11, false),
        ("pyproject.toml", &project(">=3.8,<3.13"), 11, false),
        ("pyproject.toml", &project("~=3.11"), 13, false),
        ("pyproject.toml", &project("==3.11.*"), 11, false),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '~3.11'\n", 11, false),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.9'\n", 13, false),
        ("pyproject.toml", "[tool.windlass]\npython = '3.11'\n", 11, false),
        ("requirements.txt", "greenlet==3.0.1\n", 11, false),
        ("requirements.txt", "greenlet==3.1.1\n", 13, false),
    ] {
        let choice = chosen(&[(file, text)]).expect(text);
        let found = (choice.version.minor, choice.warning.is_some());
        assert_eq!(found, (minor, warned), "{file}: {text}");
        assert!(!choice.evidence.is_empty(), "{file}: {text}");
    }
}

#[test]
fn a_pin_within_the_constraint() {
    let project = "[project]\nname='x'\nrequires-python = '<3.13'\n";
    let files = [(".python-version", "3.12"), ("pyproject.toml", project)];
    assert_eq!(chosen(&files).expect("chosen").version, PythonVersion::three(12));
    let old = [(".python-version", "3.8"), ("requirements.txt", "greenlet==3.0.1")];
    assert_eq!(chosen(&old).expect("chosen").version, PythonVersion::three(11));
    let new = "[project]\nname='x'\nrequires-python = '>=3.12'\n";
    let files = [("pyproject.toml", new), ("requirements.txt", "greenlet==3.0.1")];
    assert_eq!(chosen(&files).expect("chosen").version, PythonVersion::three(12));
}

#[test]
fn what_cannot_be_had_is_refused() {
    for text in [
        "[project]\nrequires-python = '==3.8.*'\n",
        "[project]\nrequires-python = 'three'\n",
        "[tool.windlass]\npython = '3.8'\n",
    ] {
        assert!(chosen(&[("pyproject.toml", text)]).is_err(), "{text}");
    }
}
