//! The project's Python files as importable modules.
//!
//! Where a module is imported from follows Python's rules and the project's own imports: a folder
//! with `__init__.py` belongs to the package above it; a folder without one is a namespace package
//! where its modules import each other by the folder's name, and a place to import from where they
//! do so without it.

mod aside;
mod import_root;

use self::aside::is_aside;
use self::import_root::{import_root, imported_by_folder};
use super::python_source::{PythonSource, Value, read_all};
use super::tree::{Tree, file_name, is_python, parent};
use std::collections::BTreeMap;

/// One importable file.
#[derive(Debug)]
pub(super) struct Module {
    /// Path below the project's root.
    pub(super) path: String,
    /// Dotted name as seen from [`Module::import_root`].
    pub(super) name: String,
    /// The folder that must be on `PYTHONPATH`.
    pub(super) import_root: String,
    /// Whether it is a test, an example, documentation: nothing that a deploy is about.
    pub(super) aside: bool,
    pub(super) source: PythonSource,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Modules {
    list: Vec<Module>,
    by_name: BTreeMap<String, usize>,
    by_path: BTreeMap<String, usize>,
}

impl Modules {
    /// Parses every Python file below `root`. `None` when the parser's stack cannot be had.
    pub(super) fn read(tree: &Tree, root: &str) -> Option<Self> {
        let files: Vec<(&str, &str)> = tree
            .below(root)
            .filter(|(path, _)| is_python(path))
            .filter_map(|(path, file)| Some((path, file.text.as_deref()?)))
            .collect();
        let texts: Vec<&str> = files.iter().map(|(_, text)| *text).collect();
        let sources = read_all(&texts)?;
        let imported = imported_by_folder(&files, &sources);
        let mut modules = Self::default();
        let mut by_folder: BTreeMap<&str, String> = BTreeMap::new();
        let mut root_of = |folder| {
            let found = by_folder.entry(folder);
            found.or_insert_with(|| import_root(tree, root, folder, &imported)).clone()
        };
        let import_roots: Vec<String> =
            files.iter().map(|(path, _)| root_of(parent(path))).collect();
        for (((path, _), source), import_root) in files.iter().zip(sources).zip(import_roots) {
            let below = path.strip_prefix(&import_root).unwrap_or(path).trim_start_matches('/');
            let dotted = below.trim_end_matches(".py").replace('/', ".");
            let name = dotted.strip_suffix(".__init__").unwrap_or(&dotted).to_owned();
            let at = modules.list.len();
            let inner = path.strip_prefix(root).unwrap_or(path);
            let aside = is_aside(inner.trim_start_matches('/'));
            modules.by_path.insert((*path).to_owned(), at);
            // A test or example never hides a module of the app.
            if !aside || !modules.by_name.contains_key(&name) {
                modules.by_name.insert(name.clone(), at);
            }
            modules.list.push(Module {
                path: (*path).to_owned(),
                name,
                import_root,
                aside,
                source,
            });
        }
        Some(modules)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Module> {
        self.list.iter()
    }

    /// The module of that dotted name.
    pub(super) fn named(&self, name: &str) -> Option<&Module> {
        self.by_name.get(name).map(|at| &self.list[*at])
    }

    /// The module of that file.
    pub(super) fn at(&self, path: &str) -> Option<&Module> {
        self.by_path.get(path).map(|at| &self.list[*at])
    }

    /// Splits a dotted name into one of our modules and the rest: `a.b.c` may be `c` of `a.b`.
    pub(super) fn split<'a>(&self, dotted: &'a str) -> Option<(&Module, &'a str)> {
        let (mut module, mut rest) = (dotted, "");
        loop {
            if let Some(found) = self.named(module) {
                return Some((found, rest));
            }
            let at = module.rfind('.')?;
            (module, rest) = (&dotted[..at], &dotted[at + 1..]);
        }
    }

    /// Whether a first name in an import is the project's own.
    pub(super) fn is_own(&self, first: &str) -> bool {
        let prefix = format!("{first}.");
        self.by_name.contains_key(first)
            || self
                .by_name
                .range(prefix.clone()..)
                .next()
                .is_some_and(|(n, _)| n.starts_with(&prefix))
    }
}

impl Module {
    /// The absolute dotted name behind a name that this file uses: `F` is `flask.Flask` after
    /// `from flask import Flask as F`; what the file itself defines gets the file's own name.
    pub(super) fn resolve(&self, dotted: &str) -> String {
        let (first, rest) = dotted.split_once('.').unwrap_or((dotted, ""));
        let import = self.source.imports.iter().rev().find(|import| import.alias == first);
        let base = match import {
            Some(import) => {
                let module = self.absolute(import.level, &import.module);
                match &import.name {
                    Some(name) if module.is_empty() => name.clone(),
                    Some(name) => format!("{module}.{name}"),
                    None => module,
                }
            }
            None => join_dots(&self.name, first),
        };
        join_dots(&base, rest)
    }

    /// The module that a relative import names (PEP 328).
    pub(super) fn absolute(&self, level: u32, module: &str) -> String {
        if level == 0 {
            return module.to_owned();
        }
        let is_package = file_name(&self.path) == "__init__.py";
        let ups = level as usize - usize::from(is_package);
        let parts: Vec<&str> = self.name.split('.').collect();
        let kept = parts.len().saturating_sub(ups);
        join_dots(&parts[..kept].join("."), module)
    }

    /// The value last given to a name at the top of the file, when it is imported.
    pub(super) fn value_of(&self, name: &str) -> Option<&Value> {
        self.source
            .assignments
            .iter()
            .rev()
            .find(|a| a.scope.is_empty() && !a.main && a.target == name)
            .map(|assignment| &assignment.value)
    }

    /// The first names of everything that the file imports absolutely, with their lines.
    pub(super) fn imported(&self) -> impl Iterator<Item = (&str, u32)> {
        self.source
            .imports
            .iter()
            .filter(|import| import.level == 0)
            .map(|import| (import.module.split('.').next().unwrap_or_default(), import.line))
    }
}

fn join_dots(a: &str, b: &str) -> String {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.to_owned(),
        (_, true) => a.to_owned(),
        _ => format!("{a}.{b}"),
    }
}

#[cfg(test)]
mod tests;
