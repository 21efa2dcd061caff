//! The same project for several machines: each its own files, all the same versions.

use super::*;
use windlass_build::wheels::explain;
use windlass_build::wheels::lock::WindlassLock;

/// Resolves for a machine, with the lock as that machine sees it, and writes the lock anew.
fn resolve_and_lock(
    project: &Path,
    spec: &BuildSpec,
    machine: Machine,
) -> Result<Resolved, ResolveError> {
    let (cache, tools) = (shared_cache(), tools());
    let before = lock::read(project).expect("a valid lock, or none");
    let seen = before.clone().map(|lock| lock.seen_from(machine.as_str()));
    let target = Target { machine, ..target() };
    let request =
        ResolveRequest { spec, project, target, tools: &tools, cache: &cache, lock: seen.as_ref() };
    let resolved = resolve(&request)?;
    let own = WindlassLock { machine: machine.as_str().to_owned(), ..resolve::lock_of(&resolved) };
    lock::write(project, &own.beside(before)).expect("a lock");
    Ok(resolved)
}

fn file<'a>(resolved: &'a Resolved, package: &str) -> &'a str {
    let package = resolved.resolution.package(package).expect(package);
    &package.artifact().expect("a file").file
}

#[test]
fn each_machine_gets_its_files_and_all_get_the_same_versions() {
    let (project, spec) = requirements(
        "markupsafe\nitsdangerous; platform_machine == 'aarch64'\n\
         click==8.1.7; platform_machine == 'x86_64'\nclick==8.1.6; platform_machine == 'aarch64'\n",
    );
    let first = resolve_and_lock(project.path(), &spec, Machine::X86_64).expect("resolved");
    assert_eq!(versions(&first)["click"], "8.1.7");
    assert!(!versions(&first).contains_key("itsdangerous"));
    assert!(file(&first, "markupsafe").ends_with("_x86_64.whl"), "{first:?}");

    // As if it had been locked long ago: what is newer now is for neither.
    let mut old = lock::read(project.path()).expect("valid").expect("a lock");
    let at = old.packages.iter().position(|it| it.name == "markupsafe").expect("locked");
    old.packages[at].version = "2.1.3".to_owned();
    lock::write(project.path(), &old).expect("written");
    let second = resolve_and_lock(project.path(), &spec, Machine::Aarch64).expect("resolved");
    let found = versions(&second);
    assert_eq!((found["markupsafe"], found["click"]), ("2.1.3", "8.1.6"));
    assert!(found.contains_key("itsdangerous"));
    assert!(file(&second, "markupsafe").ends_with("_aarch64.whl"), "{second:?}");

    let both = lock::read(project.path()).expect("valid").expect("a lock");
    assert_eq!((both.machine.as_str(), both.others.len()), ("x86_64", 1));
    assert_eq!(both.packages, old.packages, "one machine's build leaves the other's alone");
    let again = resolve_and_lock(project.path(), &spec, Machine::Aarch64).expect("known");
    assert!(again.from_cache);
    assert_eq!(lock::read(project.path()).expect("valid"), Some(both));
}

#[test]
fn a_package_without_a_wheel_for_the_machine_is_named() {
    // Made for one processor alone, without sources.
    let (project, spec) = requirements("intel-openmp==2025.0.4\n");
    resolve_and_lock(project.path(), &spec, Machine::X86_64).expect("there is a wheel");
    let (project, _) = requirements("intel-openmp==2025.0.4\n");
    let error = resolve_and_lock(project.path(), &spec, Machine::Aarch64).expect_err("none");
    let problem = explain::resolve(&error);
    let words = format!("{} {}", problem.message, problem.causes.join(" "));
    assert!(words.contains("intel-openmp") && words.contains("aarch64"), "{problem:?}");
    assert!(words.contains("2025.0.4"), "{problem:?}");
    assert!(problem.hints.iter().any(|hint| hint.contains("--platform")), "{problem:?}");
}
