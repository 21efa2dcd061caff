//! Django projects: `manage.py`, the settings module, the WSGI and ASGI objects.
//!
//! Where settings are a package, its default is usually the development one; a module named
//! `production` beside it is preferred, and then variables are expected to be set.

mod entry;

use self::entry::{ASGI, WSGI};
use super::candidate::Candidate;
use super::modules::{Module, Modules};
use super::python_source::Assignment;
use super::tree::{file_name, parent};
use windlass_model::Evidence;

/// One Django project.
#[derive(Debug, Clone)]
pub(super) struct DjangoProject {
    /// The folder of `manage.py`, which processes start in.
    pub(super) folder: String,
    /// The settings module and what names it.
    pub(super) settings: String,
    pub(super) settings_evidence: Evidence,
    /// Whether the module has to be set in the environment: a file of the code, such as
    /// `manage.py` or `celery.py`, has another default.
    pub(super) settings_set: bool,
    pub(super) wsgi: Option<Candidate>,
    pub(super) asgi: Option<Candidate>,
    pub(super) aside: bool,
    pub(super) manage: Evidence,
}

/// All Django projects, in order of their folders.
pub(super) fn find(modules: &Modules) -> Vec<DjangoProject> {
    modules
        .iter()
        .filter(|module| file_name(&module.path) == "manage.py")
        .filter_map(|manage| project(modules, manage))
        .collect()
}

/// The default that a file gives to `DJANGO_SETTINGS_MODULE`, and its line.
fn default_settings(module: &Module) -> Option<(String, u32)> {
    let called = module.source.calls.iter().find_map(|call| {
        let name = call.args.first()?.as_text()?;
        let setdefault = module.resolve(call.callee()) == "os.environ.setdefault";
        let value = call.args.get(1)?.as_text()?;
        (setdefault && name == "DJANGO_SETTINGS_MODULE").then(|| (value.to_owned(), call.line))
    });
    called.or_else(|| {
        module.source.assignments.iter().find_map(|assignment| {
            let set = assignment.target == "os.environ[DJANGO_SETTINGS_MODULE]";
            Some((assignment.value.as_text().filter(|_| set)?.to_owned(), assignment.line))
        })
    })
}

fn project(modules: &Modules, manage: &Module) -> Option<DjangoProject> {
    let folder = parent(&manage.path);
    let near: Vec<&Module> = modules
        .iter()
        .filter(|module| module.import_root == folder && module.aside == manage.aside)
        .collect();
    let (wsgi, asgi) = (WSGI.made(&near), ASGI.made(&near));
    // wsgi.py decides what production runs; manage.py is for development.
    let serving = wsgi.as_ref().or(asgi.as_ref());
    let places = [serving.and_then(|candidate| modules.at(&candidate.evidence.file)), Some(manage)];
    let (module, (default, line)) = places
        .into_iter()
        .flatten()
        .find_map(|module| Some((module, default_settings(module)?)))?;
    let mut settings_evidence = Evidence::at(
        module.path.as_str(),
        line,
        format!("`DJANGO_SETTINGS_MODULE` is `{default}`"),
    );
    let production = production_of(modules, &default);
    if let Some(better) = &production {
        settings_evidence = Evidence::file(
            better.path.as_str(),
            format!("production settings are preferred to the default `{default}`"),
        );
    }
    let settings = production.map_or(default, |module| module.name.clone());
    let chain = settings_chain(modules, &settings);
    let mut defaults = modules
        .iter()
        .filter(|module| module.aside == manage.aside)
        .filter_map(|module| Some(default_settings(module)?.0));
    let settings_set = defaults.any(|other| other != settings);
    Some(DjangoProject {
        folder: folder.to_owned(),
        settings,
        settings_evidence,
        settings_set,
        wsgi: WSGI.named(&near, &chain).or(wsgi),
        asgi: ASGI.named(&near, &chain).or(asgi),
        aside: manage.aside,
        manage: Evidence::file(manage.path.as_str(), "a Django project"),
    })
}

/// The production settings beside a default that is something else.
fn production_of<'a>(modules: &'a Modules, default: &str) -> Option<&'a Module> {
    let names = ["production", "prod"];
    let (package, last) = default.rsplit_once('.').unwrap_or(("", default));
    if names.contains(&last) {
        return None;
    }
    let is_package =
        modules.named(default).is_some_and(|module| file_name(&module.path) == "__init__.py");
    let package = if is_package { default } else { package };
    // Settings that are one module beside unrelated ones have no production sibling.
    if !is_package && !package.ends_with("settings") && !package.ends_with("config") {
        return None;
    }
    names.iter().find_map(|name| modules.named(&format!("{package}.{name}")))
}

/// The settings module and those that it takes everything from, nearest first.
pub(super) fn settings_chain<'a>(modules: &'a Modules, settings: &str) -> Vec<&'a Module> {
    let mut chain: Vec<&Module> = Vec::new();
    let mut open: Vec<String> = vec![settings.to_owned()];
    while let Some(name) = open.pop() {
        let Some(module) = modules.named(&name) else { continue };
        if chain.iter().any(|known| known.path == module.path) || chain.len() > 20 {
            continue;
        }
        chain.push(module);
        let stars = module.source.imports.iter().filter(|i| i.name.as_deref() == Some("*"));
        open.extend(stars.map(|import| module.absolute(import.level, &import.module)));
    }
    chain
}

/// What a setting is last set to, in the nearest module that sets it.
pub(super) fn setting<'a>(
    chain: &[&'a Module],
    name: &str,
) -> Option<(&'a Module, &'a Assignment)> {
    chain.iter().find_map(|module| {
        let mut own = module.source.assignments.iter().rev();
        let found = own.find(|a| a.scope.is_empty() && a.target == name)?;
        Some((*module, found))
    })
}

#[cfg(test)]
mod tests;
