//! Packages that must be built.

use super::*;
use windlass_build::wheels::{BuildWheelError, explain};

#[test]
fn a_pure_package_without_a_wheel_is_built() {
    let cache = shared_cache();
    // The last release of docopt has a source archive only.
    let (project, spec) = requirements("docopt==0.6.2\n");
    let resolved = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let run = || install_in(&cache, project.path(), &spec, &resolved.resolution).expect("built");
    let installed = run();
    let built: Vec<&str> = installed.built.iter().map(|built| built.package.as_str()).collect();
    assert_eq!(built, ["docopt 0.6.2"]);
    assert_eq!(explain::warnings(&installed, python().1), []);
    let other = PythonVersion::three(99);
    assert_eq!(explain::warnings(&installed, other)[0].code, "built-on-other-python");
    let has = |end: &str| installed.entries.iter().any(|entry| entry.path.ends_with(end));
    assert!(has("dist-packages/docopt.py") && has("docopt-0.6.2.dist-info/RECORD"));
    let wheel = installed.entries.iter().find(|entry| entry.path.ends_with("/WHEEL"));
    let text = String::from_utf8(bytes_of(wheel.expect("there"))).expect("text");
    assert!(text.contains("Generator: windlass\n"), "no tool's version may get in: {text}");
    assert_eq!(run(), installed);
}

#[test]
fn a_package_that_needs_a_compiler_is_refused_with_a_cure() {
    let cache = shared_cache();
    let (project, spec) = requirements("psycopg2==2.9.10\n");
    let resolved = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let error =
        install_in(&cache, project.path(), &spec, &resolved.resolution).expect_err("refused");
    match &error {
        InstallError::Build(BuildWheelError::NeedsCompiler { package, attempt, .. }) => {
            assert_eq!(package, "psycopg2 2.9.10");
            assert!(!attempt.is_empty());
        }
        other => panic!("{other:?}"),
    }
    let problem = explain::install(&error);
    assert_eq!(problem.code, "needs-compiler");
    assert!(problem.hints[0].contains("psycopg2-binary"), "{problem:?}");
}

#[test]
fn the_project_itself_is_installed_and_its_folder_stays_as_it_was() {
    let cache = shared_cache();
    let project = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(project.path().join("src/shop")).expect("folders");
    std::fs::write(project.path().join("src/shop/__init__.py"), "def main():\n    pass\n")
        .expect("written");
    let pyproject = "[project]\nname = 'shop'\nversion = '3'\n[project.scripts]\nshop = 'shop:main'\n\
                     [build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n";
    std::fs::write(project.path().join("pyproject.toml"), pyproject).expect("written");
    let mut spec = spec(Dependencies::Project { file: "pyproject.toml".to_owned() }, &[]);
    spec.install_project = true;
    let installed =
        install_in(&cache, project.path(), &spec, &Resolution::default()).expect("installed");
    let has = |end: &str| installed.entries.iter().any(|entry| entry.path.ends_with(end));
    assert!(has("dist-packages/shop/__init__.py") && has("usr/local/bin/shop"));
    let left: Vec<_> = std::fs::read_dir(project.path())
        .expect("a folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_build_that_fails_for_its_own_reasons_says_so() {
    let cache = shared_cache();
    let project = tempfile::tempdir().expect("a folder");
    std::fs::write(project.path().join("setup.py"), "raise SystemExit('my own reason')\n")
        .expect("written");
    let mut spec = spec(Dependencies::None, &[]);
    spec.install_project = true;
    let error =
        install_in(&cache, project.path(), &spec, &Resolution::default()).expect_err("fails");
    let problem = explain::install(&error);
    assert_eq!(problem.code, "build-failed");
    assert!(problem.causes.concat().contains("my own reason"), "{problem:?}");
}

#[test]
fn folders_named_in_requirements_are_built_and_installed() {
    let cache = shared_cache();
    let (project, spec) = requirements("-e .\n./libs/extra\n");
    for (folder, name) in [("", "main-part"), ("libs/extra", "extra-part")] {
        let folder = project.path().join(folder);
        std::fs::create_dir_all(&folder).expect("folders");
        let module = name.replace('-', "_");
        std::fs::write(folder.join(format!("{module}.py")), "x = 1\n").expect("written");
        let text = format!(
            "[project]\nname = '{name}'\nversion = '1'\n[tool.setuptools]\npy-modules = ['{module}']\n"
        );
        std::fs::write(folder.join("pyproject.toml"), text).expect("written");
    }
    let resolved = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let installed =
        install_in(&cache, project.path(), &spec, &resolved.resolution).expect("installed");
    for module in ["main_part.py", "extra_part.py"] {
        let end = format!("dist-packages/{module}");
        assert!(installed.entries.iter().any(|entry| entry.path.ends_with(&end)), "{module}");
    }
    let (project, spec) = requirements("./nowhere\n");
    let error = resolve_in(&cache, project.path(), &spec).expect_err("missing");
    assert_eq!(explain::resolve(&error).code, "requirements-unreadable");
}
