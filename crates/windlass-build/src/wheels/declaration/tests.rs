//! Which changes of a project count as changes of its dependencies.

use super::*;
use std::fs;
use windlass_model::{AppName, PythonVersion, Selection};

fn spec(dependencies: Dependencies) -> BuildSpec {
    BuildSpec {
        app: AppName::from_loose("app"),
        python: PythonVersion::three(13),
        base: windlass_model::BaseSpec::default(),
        dependencies,
        selection: Selection::default(),
        extra_requirements: Vec::new(),
        install_project: false,
        python_path: Vec::new(),
        work_dir: String::new(),
        env: BTreeMap::new(),
        command: Vec::new(),
        health_path: None,
        persist: Vec::new(),
        apt: Vec::new(),
        build_apt: Vec::new(),
        exclude: Vec::new(),
        allow_files: Vec::new(),
        build_commands: vec![],
        build_secrets: vec![],
        build_env: std::collections::BTreeMap::new(),
        collect_static: None,
        compression: windlass_model::Compression::Gzip,
    }
}

fn requirements(file: &str) -> BuildSpec {
    spec(Dependencies::Requirements { files: vec![file.to_owned()] })
}

#[test]
fn nested_requirements_count_wherever_the_project_is() {
    let read = |body: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("sub")).expect("a folder");
        fs::write(folder.path().join("all.txt"), "-r sub/base.txt\nflask\n").expect("written");
        fs::write(folder.path().join("sub/base.txt"), "--requirement=../deep.txt # x\n")
            .expect("written");
        fs::write(folder.path().join("deep.txt"), body).expect("written");
        Declaration::read(&requirements("all.txt"), folder.path(), 5).expect("readable").digest
    };
    assert_eq!(read("a\n"), read("a\n"));
    assert_ne!(read("a\n"), read("b\n"));
}

#[test]
fn a_missing_include_is_said_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("r.txt"), "flask\n-r nope.txt\n").expect("written");
    match Declaration::read(&requirements("r.txt"), folder.path(), 5) {
        Err(DeclarationError::Read { path, included_by: Some((file, line)), .. }) => {
            assert!(path.ends_with("nope.txt") && file.ends_with("r.txt"));
            assert_eq!(line, 2);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_hashes_everywhere_are_a_lock() {
    let hash = "0".repeat(64);
    for (body, locked) in [
        (format!("a==1 \\\n    --hash=sha256:{hash}\n# b\n"), true),
        (format!("a==1 --hash=sha256:{hash}\nb==2\n"), false),
        ("a==1\n".to_owned(), false),
        (String::new(), false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("r.txt"), &body).expect("written");
        let read = Declaration::read(&requirements("r.txt"), folder.path(), 5).expect("readable");
        assert_eq!(read.is_locked, locked, "{body}");
        assert_eq!(read.hashes.contains_key("a"), body.contains("--hash"), "{body}");
    }
}

#[test]
fn of_a_pyproject_only_dependencies_count() {
    let read = |text: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("pyproject.toml"), text).expect("written");
        let spec = spec(Dependencies::Project { file: "pyproject.toml".to_owned() });
        Declaration::read(&spec, folder.path(), 5).expect("readable").digest
    };
    let base = read("[project]\nname = 'a'\ndependencies = ['flask']\n");
    assert_eq!(base, read("[project]\nname = 'b'\nversion = '2'\ndependencies = ['flask']\n"));
    assert_ne!(base, read("[project]\nname = 'a'\ndependencies = ['flask', 'x']\n"));
}

#[test]
fn sources_named_in_requirements_count_by_their_dependencies() {
    let read = |dependencies: &str, version: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("r.txt"), "-e .[all]\n").expect("written");
        let text = format!(
            "[project]\nname = 'a'\nversion = '{version}'\ndependencies = [{dependencies}]\n"
        );
        fs::write(folder.path().join("pyproject.toml"), text).expect("written");
        Declaration::read(&requirements("r.txt"), folder.path(), 5).expect("readable").digest
    };
    assert_eq!(read("'flask'", "1"), read("'flask'", "2"));
    assert_ne!(read("'flask'", "1"), read("'x'", "1"));
}

#[test]
fn a_member_counts_with_the_lock_and_the_members_of_its_workspace() {
    let read = |changed: &str, text: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = "version = 1\n[[package]]\nname = 'api'\nsource = { editable = 'packages/api' }\n\
             [[package]]\nname = 'core'\nsource = { virtual = 'packages/core' }\n";
        let project = "[project]\nname = 'x'\ndependencies = ['flask']\n";
        for (path, text) in [
            ("pyproject.toml", "[tool.uv.workspace]\nmembers = ['packages/*']\n"),
            ("uv.lock", lock),
            ("packages/api/pyproject.toml", project),
            ("packages/core/pyproject.toml", project),
            ("packages/other/pyproject.toml", project),
            (changed, text),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(path, text).expect("written");
        }
        let spec = spec(Dependencies::UvLock { dir: "packages/api".to_owned() });
        Declaration::read(&spec, folder.path(), 5).expect("readable").digest
    };
    let base = read("README.md", "");
    assert_eq!(base, read("packages/other/pyproject.toml", "[project]\nname = 'y'\n"));
    for (path, text) in [
        ("uv.lock", "version = 2\n"),
        ("pyproject.toml", "[tool.uv]\nno-binary = true\n"),
        ("packages/api/pyproject.toml", "[project]\ndependencies = ['x']\n"),
        ("packages/core/pyproject.toml", "[project]\ndependencies = ['x']\n"),
    ] {
        assert_ne!(base, read(path, text), "{path}");
    }
}
