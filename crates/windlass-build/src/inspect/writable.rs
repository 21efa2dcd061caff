//! Paths below the code that the app writes to: each is kept across releases, or it is lost.

use super::django::setting;
use super::modules::{Module, Modules};
use super::path_value::{PROJECT, in_project, texts};
use super::python_source::Value;
use super::tree::join;
use windlass_model::{Evidence, PersistPath};

/// One path to keep, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) path: PersistPath,
    pub(super) evidence: Evidence,
}

/// What else decides where relative paths lead.
pub(super) struct Surroundings<'a> {
    pub(super) modules: &'a Modules,
    pub(super) work_dir: &'a str,
    /// The settings modules of a Django project.
    pub(super) django: &'a [&'a Module],
}

impl Surroundings<'_> {
    /// Where a path leads below the project: a relative one starts where processes do.
    fn placed(&self, text: &str) -> Option<String> {
        if text.starts_with(PROJECT) || text.starts_with('/') {
            return in_project(text);
        }
        let path = in_project(&format!("{PROJECT}/{}/{text}", self.work_dir))?;
        (path != self.work_dir).then_some(path)
    }
}

/// All of them, one for each path.
pub(super) fn find(around: &Surroundings<'_>) -> Vec<Kept> {
    let mut kept = Vec::new();
    for module in around.modules.iter().filter(|module| !module.aside) {
        instance_folder(module, &mut kept);
        sqlite_urls(around, module, &mut kept);
    }
    django_databases(around, &mut kept);
    upload_folders(around, &mut kept);
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    kept.dedup_by(|b, a| a.path == b.path);
    // What lies in a kept folder is kept with it.
    let folders: Vec<String> =
        kept.iter().filter(|k| k.path.directory).map(|k| format!("{}/", k.path.path)).collect();
    kept.retain(|k| !folders.iter().any(|folder| k.path.path.starts_with(folder.as_str())));
    kept
}

/// Flask's instance folder lies beside the package, not in it.
fn instance_folder(module: &Module, kept: &mut Vec<Kept>) {
    for call in &module.source.calls {
        let relative = call.keyword("instance_relative_config") == Some(&Value::Bool(true));
        let used = call
            .args
            .iter()
            .any(|value| value.as_name().is_some_and(|name| name.ends_with(".instance_path")));
        if relative || used {
            let path = join(&module.import_root, "instance");
            let note =
                if used { "uses `instance_path`" } else { "`instance_relative_config=True`" };
            let evidence = Evidence::at(module.path.as_str(), call.line, note);
            kept.push(Kept { path: PersistPath { path, directory: true }, evidence });
            return;
        }
    }
}

fn sqlite_urls(around: &Surroundings<'_>, module: &Module, kept: &mut Vec<Kept>) {
    let in_flask = || {
        let imports =
            |module: &Module| module.imported().any(|(name, _)| name == "flask_sqlalchemy");
        around.modules.iter().any(imports)
    };
    let mut note = |value: &Value, line: u32, flask_setting: bool| {
        for text in texts(around.modules, module, value) {
            let Some(path) = sqlite_path(&text) else { continue };
            let found = match path.strip_prefix(PROJECT) {
                Some(_) => in_project(path).map(|path| (path, false)),
                None if path.starts_with('/') => None,
                // Flask-SQLAlchemy 3 takes relative paths from the instance folder.
                None if flask_setting && in_flask() => {
                    Some((join(&module.import_root, "instance"), true))
                }
                None => around.placed(path).map(|path| (path, false)),
            };
            if let Some((path, directory)) = found {
                let evidence = Evidence::at(module.path.as_str(), line, "a SQLite database");
                kept.push(Kept { path: PersistPath { path, directory }, evidence });
            }
        }
    };
    for assignment in &module.source.assignments {
        let flask = assignment.target.contains("SQLALCHEMY_DATABASE_URI");
        note(&assignment.value, assignment.line, flask);
    }
    for call in &module.source.calls {
        for (name, value) in &call.keywords {
            note(value, call.line, name == "SQLALCHEMY_DATABASE_URI");
        }
        call.args.iter().for_each(|value| note(value, call.line, false));
    }
}

/// The file of an SQLAlchemy URL (`sqlite:///relative`, `sqlite:////absolute`).
fn sqlite_path(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme != "sqlite" && !scheme.starts_with("sqlite+") {
        return None;
    }
    let path = rest.strip_prefix('/')?.split('?').next()?;
    is_sqlite_file(path).then_some(path)
}

/// Whether SQLite keeps a database of that name on the disk.
fn is_sqlite_file(name: &str) -> bool {
    !name.is_empty() && name != ":memory:" && !name.starts_with("file:")
}

fn django_databases(around: &Surroundings<'_>, kept: &mut Vec<Kept>) {
    for module in around.django {
        let databases = module.source.assignments.iter().filter(|a| a.target == "DATABASES");
        for assignment in databases {
            let Value::Dict(entries) = &assignment.value else { continue };
            for (_, entry) in entries {
                let Value::Dict(pairs) = entry else { continue };
                let get = |name: &str| {
                    let pair = pairs.iter().find(|(key, _)| key.as_text() == Some(name));
                    pair.map(|(_, value)| value)
                };
                let sqlite = get("ENGINE").and_then(Value::as_text);
                let Some(name) =
                    get("NAME").filter(|_| sqlite.is_some_and(|e| e.contains("sqlite")))
                else {
                    continue;
                };
                let names = texts(around.modules, module, name);
                for text in names.into_iter().filter(|text| is_sqlite_file(text)) {
                    let Some(path) = around.placed(&text) else { continue };
                    let evidence =
                        Evidence::at(module.path.as_str(), assignment.line, "a SQLite database");
                    kept.push(Kept { path: PersistPath { path, directory: false }, evidence });
                }
            }
        }
    }
}

/// Folders that uploads go to.
fn upload_folders(around: &Surroundings<'_>, kept: &mut Vec<Kept>) {
    let mut keep = |module: &Module, value: &Value, line: u32, name: &str| {
        for text in texts(around.modules, module, value) {
            let elsewhere = text.is_empty() || text.starts_with('~') || text.contains("://");
            let Some(path) = around.placed(&text).filter(|_| !elsewhere) else { continue };
            let evidence = Evidence::at(module.path.as_str(), line, format!("`{name}`"));
            kept.push(Kept { path: PersistPath { path, directory: true }, evidence });
        }
    };
    if let Some((module, set)) = setting(around.django, "MEDIA_ROOT") {
        keep(module, &set.value, set.line, "MEDIA_ROOT");
    }
    for module in around.modules.iter().filter(|module| !module.aside) {
        for assignment in &module.source.assignments {
            if assignment.target == "UPLOAD_FOLDER"
                || assignment.target.ends_with("[UPLOAD_FOLDER]")
            {
                keep(module, &assignment.value, assignment.line, "UPLOAD_FOLDER");
            }
        }
    }
}

#[cfg(test)]
mod tests;
