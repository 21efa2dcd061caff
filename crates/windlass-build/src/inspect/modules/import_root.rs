//! The folder that a module is imported from: what must be on `PYTHONPATH`.

use crate::inspect::python_source::PythonSource;
use crate::inspect::tree::{Tree, file_name, join, parent};
use std::collections::{BTreeMap, BTreeSet};

/// The dotted names that the files of each folder import absolutely: `a.b` also of
/// `from a import b`.
pub(super) type Imported = BTreeMap<String, BTreeSet<String>>;

/// Reads them out of the files.
pub(super) fn imported_by_folder(files: &[(&str, &str)], sources: &[PythonSource]) -> Imported {
    let mut imported = Imported::new();
    for ((path, _), source) in files.iter().zip(sources) {
        let names = source.imports.iter().filter(|import| import.level == 0).map(|import| {
            match &import.name {
                Some(name) => format!("{}.{name}", import.module),
                None => import.module.clone(),
            }
        });
        imported.entry(parent(path).to_owned()).or_default().extend(names);
    }
    imported
}

/// The folder that the modules in `folder` are imported from.
pub(super) fn import_root(tree: &Tree, root: &str, folder: &str, imported: &Imported) -> String {
    let mut place = folder;
    // Beside a manage.py, which is run from there, an `__init__.py` makes no package.
    let is_package = |folder: &str| {
        tree.has(&join(folder, "__init__.py")) && !tree.has(&join(folder, "manage.py"))
    };
    while place != root && is_package(place) {
        place = parent(place);
    }
    while place != root {
        let within: Vec<&str> = imported
            .iter()
            .filter(|(at, _)| is_within(at, place))
            .flat_map(|(_, names)| names.iter().map(String::as_str))
            .collect();
        let firsts: BTreeSet<&str> =
            within.iter().map(|dotted| dotted.split('.').next().unwrap_or_default()).collect();
        let is_beside =
            |name: &&str| has_module(tree, place, name) && !has_module(tree, parent(place), name);
        let by_itself = firsts.iter().any(is_beside);
        let is_src = file_name(place) == "src";
        let own_project = ["manage.py", "pyproject.toml", "setup.py", "requirements.txt"]
            .iter()
            .any(|name| tree.has(&join(place, name)));
        // A name of its own may also be that of a package: `app/redis.py` imports `redis`. What
        // is imported through the folder's name as well can only come from above; of `src` both
        // are on the path, so there either way of importing works.
        let through = within.iter().any(|dotted| is_through(tree, place, dotted));
        let from_above = through && !(is_src && by_itself);
        if !from_above && (own_project || is_src || by_itself) {
            return place.to_owned();
        }
        place = parent(place);
    }
    root.to_owned()
}

fn is_within(folder: &str, place: &str) -> bool {
    folder.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn has_module(tree: &Tree, folder: &str, name: &str) -> bool {
    tree.has(&join(folder, &format!("{name}.py"))) || tree.has_folder(&join(folder, name))
}

/// Whether the name goes through the folder's own to something in it: `app.db` to `app/db.py`,
/// but not `flask.Flask` in a folder that is called `flask`.
fn is_through(tree: &Tree, place: &str, dotted: &str) -> bool {
    let own = file_name(place);
    let mut parts = dotted.split('.');
    let (first, second) = (parts.next(), parts.next().unwrap_or_default());
    // A Django project's package often has the name of the folder that holds it.
    let is_inner = || has_module(tree, &join(place, own), second) || second == own;
    first == Some(own) && !second.is_empty() && has_module(tree, place, second) && !is_inner()
}
