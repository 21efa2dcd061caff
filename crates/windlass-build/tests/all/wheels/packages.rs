//! A project's own lock and its own environment, by the real uv.

use super::*;
use windlass_build::BuildSettings;
use windlass_build::packages::{LockReport, PackagesError, PackagesRequest, Upgrade, explain};
use windlass_build::packages::{SyncReport, lock, sync};
use windlass_build::wheels::{AsOf, Moved};
use windlass_model::LockTool;

fn act<T>(
    project: &Path,
    spec: &BuildSpec,
    act: impl FnOnce(PackagesRequest<'_>) -> Result<T, PackagesError>,
) -> Result<T, PackagesError> {
    let (cache, images) = (shared_cache(), project.join("images"));
    let settings = BuildSettings { tools: tools(), ..BuildSettings::default() };
    let (images, settings) = (&images, &settings);
    act(PackagesRequest { spec, project, cache: &cache, images, settings })
}

fn synced(project: &Path, spec: &BuildSpec) -> SyncReport {
    act(project, spec, sync).unwrap_or_else(|error| panic!("{:?}", explain(&error)))
}

fn locked(project: &Path, spec: &BuildSpec, upgrade: &Upgrade) -> LockReport {
    let report = act(project, spec, |request| lock(request, upgrade));
    report.unwrap_or_else(|error| panic!("{:?}", explain(&error)))
}

fn changed(name: &str, from: &str, to: &str) -> Moved {
    Moved::Changed { name: name.to_owned(), from: from.to_owned(), to: to.to_owned() }
}

fn added(name: &str, version: &str) -> Moved {
    Moved::Added { name: name.to_owned(), version: version.to_owned() }
}

/// What the environment's own interpreter says of a package.
fn version_in(project: &Path, package: &str) -> String {
    let script = format!("import importlib.metadata as m; print(m.version('{package}'))");
    let output = Command::new(project.join(".venv/bin/python"))
        .args(["-c", &script])
        .output()
        .expect("runs");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn an_environment_holds_what_is_declared_and_nothing_else() {
    let (project, spec) = requirements("itsdangerous==2.1.2\nclick==8.1.7\n");
    let project = project.path();
    let first = synced(project, &spec);
    assert!(first.made && first.folder.ends_with(".venv"));
    assert_eq!(first.moved, [added("click", "8.1.7"), added("itsdangerous", "2.1.2")]);
    assert_eq!(version_in(project, "itsdangerous"), "2.1.2");
    let again = synced(project, &spec);
    assert!(!again.made && again.moved.is_empty());

    std::fs::write(project.join("requirements.txt"), "itsdangerous==2.1.1\n").expect("written");
    let less = synced(project, &spec);
    let gone = Moved::Removed { name: "click".to_owned(), version: "8.1.7".to_owned() };
    assert_eq!(less.moved, [gone, changed("itsdangerous", "2.1.2", "2.1.1")]);
    assert_eq!(version_in(project, "itsdangerous"), "2.1.1");

    let mut other = spec.clone();
    other.python = PythonVersion::three(7);
    let error = act(project, &other, sync).expect_err("another Python");
    assert!(matches!(error, PackagesError::OtherPython { .. }), "{error:?}");
    assert!(explain(&error).hints[0].contains("rm -r "));
}

#[test]
fn the_versions_of_windlass_lock_are_kept() {
    let (project, spec) = requirements("itsdangerous<2.2\n");
    let now = resolve_in(&shared_cache(), project.path(), &spec).expect("resolved");
    assert_eq!(versions(&now)["itsdangerous"], "2.1.2");
    let (older, old) = requirements("itsdangerous==2.1.1\n");
    let then = resolve_in(&shared_cache(), older.path(), &old).expect("resolved");
    let held = lock::WindlassLock {
        version: 1,
        declaration: now.declaration,
        as_of: None,
        python: python().1,
        suite: "trixie".to_owned(),
        machine: target().machine.as_str().to_owned(),
        interpreter: None,
        base: None,
        debian: Vec::new(),
        packages: lock::WindlassLock::packages_of(&then.resolution),
        others: vec![],
    };
    lock::write(project.path(), &held).expect("a lock");
    let report = synced(project.path(), &spec);
    assert_eq!(report.moved, [added("itsdangerous", "2.1.1")]);
    assert!(matches!(report.as_of, Some(AsOf::Lock { .. } | AsOf::Now(_))), "{:?}", report.as_of);
}

#[test]
fn uvs_lock_is_refreshed_moved_and_synced() {
    let cache = shared_cache();
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path();
    let version = python().1;
    let text = |dependencies: &str| {
        format!(
            "[project]\nname = 'shop'\nversion = '1'\nrequires-python = '>={version}'\n\
             dependencies = [{dependencies}]\n[dependency-groups]\ndev = ['iniconfig==2.0.0']\n"
        )
    };
    let write = |dependencies| {
        std::fs::write(project.join("pyproject.toml"), text(dependencies)).expect("written");
    };
    write("'itsdangerous==2.1.1', 'click==8.1.3'");
    make_uv_lock(&cache, project);
    write("'itsdangerous>=2.1.1,<2.2', 'click>=8.1.3,<=8.1.7'");
    let mut spec = super::spec(Dependencies::UvLock { dir: String::new() }, &[]);
    let report = locked(project, &spec, &Upgrade::Nothing);
    assert!(report.written && report.moved.is_empty(), "{report:?}");
    assert!(!locked(project, &spec, &Upgrade::Nothing).written);
    let now = "2026-11-01T00:00:00Z".to_owned();
    let only = Upgrade::Only { names: vec!["Click".to_owned()], now: now.clone() };
    assert_eq!(locked(project, &spec, &only).moved, [changed("click", "8.1.3", "8.1.7")]);
    let all = locked(project, &spec, &Upgrade::All { now: now.clone() });
    assert_eq!(all.moved, [changed("itsdangerous", "2.1.1", "2.1.2")]);
    let unknown = Upgrade::Only { names: vec!["flask".to_owned()], now };
    let error = act(project, &spec, |request| lock(request, &unknown)).expect_err("unknown");
    assert!(matches!(error, PackagesError::NotLocked { .. }), "{error:?}");

    let report = synced(project, &spec);
    assert_eq!(report.moved, [added("click", "8.1.7"), added("itsdangerous", "2.1.2")]);
    spec.selection.groups = vec!["dev".to_owned()];
    assert_eq!(synced(project, &spec).moved, [added("iniconfig", "2.0.0")]);
}

#[test]
fn the_locks_of_other_tools_are_theirs() {
    let dependencies =
        Dependencies::Lock { tool: LockTool::Poetry, file: "poetry.lock".to_owned() };
    let (folder, spec) = (tempfile::tempdir().expect("a folder"), super::spec(dependencies, &[]));
    for (upgrade, command) in [
        (Upgrade::Nothing, "poetry lock"),
        (Upgrade::All { now: "2026-11-01T00:00:00Z".to_owned() }, "poetry update"),
    ] {
        let error = act(folder.path(), &spec, |request| lock(request, &upgrade)).expect_err("its");
        let problem = explain(&error);
        assert_eq!(problem.message, "poetry.lock is written by Poetry alone");
        assert_eq!(problem.hints, [format!("run: {command}")]);
    }
}
