//! Django's static files, where pages fail without them.
//!
//! With a manifest storage every page that names a static file answers 500 until `collectstatic`
//! has run, and WhiteNoise serves only what was collected. The code in an image is read-only and
//! collecting runs the project's own code, so it is a release command that writes to a kept
//! folder. Names of collected files hold a hash of their contents: what the old release still
//! serves stays beside what the new one adds.
//! What this does not do: collect while the image is built, which comes in a later release.

use super::django::setting;
use super::modules::{Module, Modules};
use super::path_value::{in_project, texts};
use super::python_source::Value;
use windlass_model::{Evidence, PersistPath};

/// The command that collects, as run in the folder that the app's processes start in.
fn command(manage: &str, work_dir: &str) -> Vec<String> {
    let manage = relative(manage, work_dir);
    ["python", &manage, "collectstatic", "--noinput"].map(str::to_owned).to_vec()
}

/// A file as seen from a folder; both are relative to the project.
fn relative(file: &str, folder: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (file, folder) = (parts(file), parts(folder));
    let shared = file.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let ups = vec!["..".to_owned(); folder.len() - shared];
    [&ups[..], &file[shared..]].concat().join("/")
}

/// What must be collected, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StaticFiles {
    pub(super) command: Vec<String>,
    pub(super) folder: PersistPath,
    pub(super) evidence: Vec<Evidence>,
}

/// What to collect and where to, when pages need it.
pub(super) fn needed(
    modules: &Modules,
    chain: &[&Module],
    (manage, work_dir): (&str, &str),
) -> Option<StaticFiles> {
    let (owner, root) = setting(chain, "STATIC_ROOT")?;
    let found = texts(modules, owner, &root.value);
    let path = found.iter().find_map(|text| in_project(text))?;
    let reason = chain.iter().find_map(|module| {
        module.source.assignments.iter().find_map(|assignment| {
            let target = assignment.target.as_str();
            let storage = target.starts_with("STORAGES") || target == "STATICFILES_STORAGE";
            let note = if storage && mentions(&assignment.value, "ManifestStaticFilesStorage") {
                "a manifest storage: pages fail until static files are collected"
            } else if target == "MIDDLEWARE" && mentions(&assignment.value, "whitenoise.") {
                "WhiteNoise serves what was collected"
            } else {
                return None;
            };
            Some(Evidence::at(module.path.as_str(), assignment.line, note))
        })
    })?;
    let place = Evidence::at(owner.path.as_str(), root.line, "`STATIC_ROOT` is set");
    Some(StaticFiles {
        command: command(manage, work_dir),
        folder: PersistPath { path, directory: true },
        evidence: vec![reason, place],
    })
}

fn mentions(value: &Value, part: &str) -> bool {
    match value {
        Value::Text(text) => text.contains(part),
        Value::List(values) | Value::Sum(values) | Value::AnyOf(values) => {
            values.iter().any(|value| mentions(value, part))
        }
        Value::Dict(pairs) => pairs.iter().any(|(_, value)| mentions(value, part)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::django::settings_chain;
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn the_command_finds_manage_py_from_where_it_runs() {
        for (manage, work_dir, expected) in [
            ("manage.py", "", "manage.py"),
            ("backend/manage.py", "", "backend/manage.py"),
            ("backend/manage.py", "backend", "manage.py"),
            ("a/src/manage.py", "a", "src/manage.py"),
            ("a/manage.py", "a/b/c", "../../manage.py"),
            ("a/manage.py", "b", "../a/manage.py"),
        ] {
            assert_eq!(command(manage, work_dir)[1], expected, "{manage} from {work_dir}");
        }
    }

    #[test]
    fn only_where_pages_need_them() {
        let start = "from pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\n";
        let root = "STATIC_ROOT = BASE_DIR / 'staticfiles'\n";
        let manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage";
        for (rest, expected) in [
            (format!("{root}STORAGES = {{'staticfiles': {{'BACKEND': '{manifest}'}}}}\n"), true),
            (format!("{root}STORAGES['staticfiles']['BACKEND'] = '{manifest}'\n"), true),
            (format!("{root}STATICFILES_STORAGE = '{manifest}'\n"), true),
            (format!("{root}MIDDLEWARE = ['whitenoise.middleware.WhiteNoiseMiddleware']\n"), true),
            (root.to_owned(), false),
            (format!("STATICFILES_STORAGE = '{manifest}'\n"), false),
            (format!("STATIC_ROOT = '/var/www'\nSTATICFILES_STORAGE = '{manifest}'\n"), false),
        ] {
            let text = format!("{start}{rest}");
            let tree = Tree::from_files([("core/settings.py", text.as_str())]);
            let modules = Modules::read(&tree, "").expect("parsed");
            let found =
                needed(&modules, &settings_chain(&modules, "core.settings"), ("manage.py", ""));
            let folder = found.map(|found| found.folder.path);
            assert_eq!(folder.as_deref(), expected.then_some("staticfiles"), "{rest}");
        }
    }
}
