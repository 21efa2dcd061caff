//! A member of a workspace, which is locked by the folder above it.

use super::*;
use windlass_build::wheels::UvFailure;

#[test]
fn a_member_is_exported_from_the_lock_of_its_workspace() {
    let cache = shared_cache();
    let workspace = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = workspace.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    let version = python().1;
    let start = format!("version = '1'\nrequires-python = '>={version}'\n");
    write("pyproject.toml", "[tool.uv.workspace]\nmembers = ['packages/*']\n");
    let api = format!(
        "[project]\nname = 'api'\n{start}dependencies = ['jinja2==3.1.4', 'core']\n\
         [tool.uv.sources]\ncore = {{ workspace = true }}\n"
    );
    write("packages/api/pyproject.toml", &api);
    let core = format!("[project]\nname = 'core'\n{start}dependencies = ['itsdangerous==2.1.2']\n");
    write("packages/core/pyproject.toml", &core);
    let other = format!("[project]\nname = 'other'\n{start}dependencies = ['click']\n");
    write("packages/other/pyproject.toml", &other);
    make_uv_lock(&cache, workspace.path());

    let spec = super::spec(Dependencies::UvLock { dir: "packages/api".to_owned() }, &[]);
    let resolved = resolve_in(&cache, workspace.path(), &spec).expect("resolved");
    let found = versions(&resolved);
    assert_eq!((found["jinja2"], found["itsdangerous"]), ("3.1.4", "2.1.2"));
    assert!(!found.contains_key("click") && found.contains_key("core"), "{found:?}");

    // uv must be asked again, though neither the member nor the lock changed.
    write("packages/core/pyproject.toml", &core.replace("2.1.2", "2.1.1"));
    match resolve_in(&cache, workspace.path(), &spec).expect_err("stale") {
        ResolveError::Uv { failure: UvFailure::StaleLock { .. }, .. } => {}
        other => panic!("{other:?}"),
    }
}
