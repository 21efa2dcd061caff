//! Resolutions, locks, and the ways in which they fail.

use super::*;
use windlass_build::wheels::lock::WindlassLock;
use windlass_build::wheels::{FindUvError, Moved, UvFailure, explain};

pub(super) fn lock_of(resolved: &Resolved) -> WindlassLock {
    WindlassLock {
        version: 1,
        declaration: resolved.declaration,
        as_of: resolved.as_of.for_lock(),
        python: python().1,
        suite: "trixie".to_owned(),
        machine: target().machine.as_str().to_owned(),
        interpreter: None,
        base: None,
        debian: Vec::new(),
        packages: WindlassLock::packages_of(&resolved.resolution),
        others: vec![],
    }
}

/// A uv that cannot run: proves that none was started.
fn without_uv() -> PackageTools {
    let mut tools = tools();
    tools.search.explicit = Some("/nowhere/uv".into());
    tools
}

#[test]
fn requirements_are_resolved_locked_and_not_resolved_again() {
    let cache = shared_cache();
    let (project, mut spec) = requirements("-r base.txt\nmarkupsafe==2.1.5\n");
    std::fs::write(project.path().join("base.txt"), "itsdangerous<2.2\njinja2\n").expect("written");
    spec.extra_requirements = vec!["markupsafe>=2".to_owned(), "click".to_owned()];
    let first = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let found = versions(&first);
    assert_eq!((found["markupsafe"], found["itsdangerous"]), ("2.1.5", "2.1.2"));
    assert!(found.contains_key("jinja2") && found.contains_key("click"));
    assert!(first.needs_lock && !first.from_cache && first.moved.is_empty());

    lock::write(project.path(), &lock_of(&first)).expect("a lock");
    let text = std::fs::read_to_string(project.path().join("windlass.lock")).expect("a lock");
    assert!(!text.contains("://"), "no addresses: {text}");
    let second = resolve_with(&cache, project.path(), &spec, &without_uv()).expect("known");
    assert!(second.from_cache);
    assert_eq!(second.resolution, first.resolution);
}

#[test]
fn a_lock_holds_versions_when_the_declaration_changes() {
    let cache = shared_cache();
    let (project, spec) = requirements("itsdangerous==2.1.2\nmarkupsafe==2.1.3\n");
    let first = resolve_in(&cache, project.path(), &spec).expect("resolved");
    lock::write(project.path(), &lock_of(&first)).expect("a lock");
    std::fs::write(project.path().join("requirements.txt"), "itsdangerous\nclick==8.1.7\n")
        .expect("written");
    let second = resolve_in(&cache, project.path(), &spec).expect("resolved");
    assert_eq!(versions(&second)["itsdangerous"], "2.1.2", "kept, since nothing forbids it");
    assert_eq!(
        second.moved,
        [
            Moved::Added { name: "click".to_owned(), version: "8.1.7".to_owned() },
            Moved::Removed { name: "markupsafe".to_owned(), version: "2.1.3".to_owned() },
        ]
    );
}

#[test]
fn a_locked_file_with_another_hash_is_refused() {
    let cache = shared_cache();
    let (project, spec) = requirements("itsdangerous==2.2.0\n");
    let first = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let mut lock = lock_of(&first);
    lock.packages[0].sha256 = windlass_model::Digest::from_bytes([7; 32]);
    lock::write(project.path(), &lock).expect("a lock");
    let error = resolve_in(&cache, project.path(), &spec).expect_err("refused");
    match &error {
        ResolveError::LockedHash { package, file, .. } => {
            assert_eq!(package, "itsdangerous 2.2.0");
            assert_eq!(file, "itsdangerous-2.2.0-py3-none-any.whl");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(explain::resolve(&error).kind.exit_code(), 1);
}

#[test]
fn only_files_that_the_requirements_list_are_taken() {
    let cache = shared_cache();
    let (project, spec) = requirements("itsdangerous==2.2.0\n");
    let found = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let right = found.resolution.packages[0].artifact().expect("a file").sha256.hex();
    for (hash, good) in [(right, true), ("0".repeat(64), false)] {
        let text = format!("click==8.1.7\nitsdangerous==2.2.0 \\\n    --hash=sha256:{hash}\n");
        let (project, spec) = requirements(&text);
        match resolve_in(&cache, project.path(), &spec) {
            Ok(_) => assert!(good, "a file with another hash"),
            Err(error) => {
                assert!(!good, "{error:?}");
                let problem = explain::resolve(&error);
                assert_eq!(problem.code, "file-not-listed");
                assert!(problem.causes[0].contains("itsdangerous-2.2.0-py3-none-any.whl"));
            }
        }
    }
}

#[test]
fn a_uv_lock_is_exported_and_additions_move_nothing() {
    let cache = shared_cache();
    let project = tempfile::tempdir().expect("a folder");
    let version = python().1;
    let pyproject = format!(
        "[project]\nname = 'p'\nversion = '1'\nrequires-python = '>={version}'\n\
         dependencies = ['jinja2==3.1.4', \"click; sys_platform == 'win32'\"]\n\
         [dependency-groups]\ndev = ['itsdangerous']\n"
    );
    std::fs::write(project.path().join("pyproject.toml"), &pyproject).expect("written");
    make_uv_lock(&cache, project.path());

    let dependencies = Dependencies::UvLock { dir: String::new() };
    let spec = super::spec(dependencies, &["jinja2>=2", "gunicorn<=20.1"]);
    let resolved = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let found = versions(&resolved);
    assert_eq!(found["jinja2"], "3.1.4");
    assert!(!found.contains_key("itsdangerous") && !found.contains_key("click"), "{found:?}");
    assert_eq!(found["gunicorn"], "20.1.0");
    assert!(resolved.needs_lock, "the addition is not in uv.lock");

    let changed = pyproject.replace("jinja2==3.1.4", "jinja2==3.1.3");
    std::fs::write(project.path().join("pyproject.toml"), changed).expect("written");
    match resolve_in(&cache, project.path(), &spec).expect_err("stale") {
        ResolveError::Uv { failure: UvFailure::StaleLock { .. }, .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_old_gunicorn_gets_a_setuptools_that_it_can_import() {
    let (project, spec) = requirements("gunicorn==20.1.0\n");
    let resolved = resolve_in(&shared_cache(), project.path(), &spec).expect("resolved");
    let version = versions(&resolved)["setuptools"];
    let major: u32 = version.split('.').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!(major < 80, "{version}");
}

#[test]
fn failures_of_uv_are_told_apart() {
    let cache = shared_cache();
    let fail = |text: &str| {
        let (project, spec) = requirements(text);
        let error = resolve_in(&cache, project.path(), &spec).expect_err(text);
        let problem = explain::resolve(&error);
        assert!(!problem.hints.is_empty() && !problem.causes.is_empty(), "{problem:?}");
        problem
    };
    assert_eq!(fail("itsdangerous==2.1.2\nitsdangerous==2.2.0\n").code, "requirements-conflict");
    assert_eq!(fail("windlass-has-no-such-package\n").code, "package-unknown");
    let syntax = fail("itsdangerous\n# two\nmark up==1\n");
    assert_eq!(syntax.code, "requirement-invalid");
    assert!(syntax.message.contains("requirements.txt:3"), "{}", syntax.message);
    assert_eq!(fail("-r nope.txt\n").code, "requirements-unreadable");
    assert_eq!(fail("x @ git+file:///nowhere/x.git\n").code, "repository-unreachable");
}

#[test]
fn an_index_that_is_not_there_is_named() {
    let mut tools = tools();
    tools.environment.retain(|name, _| !name.starts_with("UV_") && !name.starts_with("PIP_"));
    tools
        .environment
        .insert("PIP_INDEX_URL".to_owned(), "http://me:pass@127.0.0.1:9/simple".to_owned());
    tools.environment.insert("UV_HTTP_RETRIES".to_owned(), "0".to_owned());
    let (project, spec) = requirements("itsdangerous\n");
    let cache = shared_cache();
    let error = resolve_with(&cache, project.path(), &spec, &tools).expect_err("unreachable");
    let problem = explain::resolve(&error);
    assert_eq!(problem.code, "index-unreachable");
    assert!(problem.message.contains("127.0.0.1:9"), "{}", problem.message);
    assert!(!format!("{problem:?}").contains("pass"), "{problem:?}");
}

#[test]
fn uv_is_fetched_by_pip_when_it_is_nowhere_even_twice_at_once() {
    let cache = tempfile::tempdir().expect("a folder");
    let mut tools = tools();
    tools.search.path = Vec::new();
    let (project, spec) = requirements("itsdangerous==2.1.2\n");
    std::thread::scope(|scope| {
        let run = || resolve_with(cache.path(), project.path(), &spec, &tools);
        let other = scope.spawn(run);
        run().expect("resolved");
        other.join().expect("no panic").expect("resolved");
    });
    assert!(cache.path().join("uv-tool/bin/uv").is_file());
    let left: Vec<_> = std::fs::read_dir(cache.path())
        .expect("a folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("uv-tool-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn without_uv_and_python_it_is_said_what_to_install() {
    let cache = tempfile::tempdir().expect("a folder");
    let mut tools = tools();
    tools.search = UvSearch::default();
    let (project, spec) = requirements("itsdangerous==2.1.2\n");
    let error = resolve_with(cache.path(), project.path(), &spec, &tools).expect_err("no uv");
    assert!(matches!(error, ResolveError::FindUv(FindUvError::NoPython { .. })), "{error:?}");
    let error =
        resolve_with(cache.path(), project.path(), &spec, &without_uv()).expect_err("no uv");
    assert!(matches!(error, ResolveError::FindUv(FindUvError::Explicit { .. })), "{error:?}");
}
