//! What the specifications are made of, each from its own part of inspection.

use crate::inspect::HostFacts;
use crate::inspect::choose::{App, Source};
use crate::inspect::django::settings_chain;
use crate::inspect::django_urls::{self, DjangoRoutes};
use crate::inspect::fastapi_docs;
use crate::inspect::health::{self, Health};
use crate::inspect::metadata::line_starting;
use crate::inspect::notes;
use crate::inspect::processes::Processes;
use crate::inspect::project::Project;
use crate::inspect::rewrite;
use crate::inspect::routes;
use crate::inspect::static_files::{self, StaticFiles};
use crate::inspect::tree::{join, parent};
use crate::inspect::writable::{self, Kept, Surroundings};
use windlass_model::{AppName, Evidence, Finding, Problem};

/// Folders in which declarations are looked for, nearest to the app first. What lies within a
/// package comes last: a declaration above it counts for all that is below.
pub(super) fn folders(project: &Project<'_>, app: &App) -> Vec<String> {
    let module = match &app.source {
        Source::Object(reference) => project.modules.named(&reference.module),
        Source::Given(_) | Source::Runner(_) | Source::Background => None,
    };
    let package = module.map_or("", |module| parent(&module.path));
    let mut folders: Vec<String> = Vec::new();
    let near = [app.work_dir.as_str(), app.import_root.as_str(), project.base.as_str(), ""];
    for folder in near.into_iter().chain([package]) {
        if !folders.iter().any(|known| known == folder) {
            folders.push(folder.to_owned());
        }
    }
    folders
}

/// The file that holds the app's object, where it is one that was found.
pub(super) fn app_file<'a>(project: &'a Project<'_>, app: &App) -> Option<&'a str> {
    match &app.source {
        Source::Object(reference) => Some(project.modules.named(&reference.module)?.path.as_str()),
        Source::Given(_) | Source::Runner(_) | Source::Background => None,
    }
}

pub(super) fn name(project: &Project<'_>, host: &HostFacts) -> (AppName, Finding) {
    let (name, evidence) = match (&project.config.name, &project.metadata.name) {
        (Some(name), _) => {
            (name.clone(), project.config_evidence("name", "`name` in [tool.windlass]"))
        }
        (None, Some(name)) if !name.trim().is_empty() => {
            let line =
                project.tree.text("pyproject.toml").and_then(|text| line_starting(text, "name"));
            let note = format!("`name = \"{name}\"`");
            let file = join(&project.base, "pyproject.toml");
            let line = if project.base.is_empty() { line } else { None };
            (AppName::from_loose(name), Evidence { file, line, note })
        }
        _ => (AppName::from_loose(&host.folder), Evidence::rule("the folder's name")),
    };
    let finding = Finding {
        subject: "name".to_owned(),
        value: name.to_string(),
        evidence: vec![evidence],
        override_key: Some("name".to_owned()),
    };
    (name, finding)
}

pub(super) fn health(project: &Project<'_>, app: &App) -> Health {
    let chain = app.django.as_ref().map(|d| settings_chain(&project.modules, &d.settings));
    let found = match &chain {
        Some(chain) => django_urls::find(&project.modules, chain),
        None => DjangoRoutes { routes: routes::find(&project.modules), ..Default::default() },
    };
    let module = match &app.source {
        Source::Object(reference) => Some(reference.module.as_str()),
        Source::Given(_) | Source::Runner(_) | Source::Background => None,
    };
    let docs = fastapi_docs::path(&project.modules, module);
    health::choose(&health::Question {
        config: &project.config,
        dockerfile: project.dockerfile.health.as_ref(),
        routes: &found.routes,
        framework: app.framework,
        admin: found.admin.as_deref(),
        welcome: found.is_bare && chain.is_some_and(|chain| notes::debug_is_on(&chain)),
        docs: docs.as_deref(),
    })
}

pub(super) fn kept(project: &Project<'_>, app: &App) -> Vec<Kept> {
    let line = "`persist` in [tool.windlass]";
    if let Some(paths) = &project.config.persist {
        let evidence = project.config_evidence("persist", line);
        return paths
            .iter()
            .map(|path| Kept { path: path.clone(), evidence: evidence.clone() })
            .collect();
    }
    let settings = app.django.as_ref().map(|django| django.settings.as_str());
    let django = settings.map(|name| settings_chain(&project.modules, name)).unwrap_or_default();
    writable::find(&Surroundings {
        modules: &project.modules,
        work_dir: &app.work_dir,
        django: &django,
    })
}

/// Static files to collect, unless the project collects them itself, or keeps their folder; and a
/// warning where they cannot be. Where a project says what runs before a release or what is kept,
/// nothing is added to that.
pub(super) fn static_files(
    project: &Project<'_>,
    app: &App,
    made: &Processes,
) -> (Option<StaticFiles>, Option<Problem>) {
    let Some(django) = app.django.as_ref() else { return (None, None) };
    let collects = |command: &Vec<String>| command.join(" ").contains("collectstatic");
    let build = project.config.build.iter().map(rewrite::background);
    if made.release.iter().any(collects) || build.into_iter().any(|command| collects(&command)) {
        return (None, None);
    }
    let config = &project.config;
    let chain = settings_chain(&project.modules, &django.settings);
    let places = (django.manage.file.as_str(), app.work_dir.as_str());
    let found = static_files::find(&project.modules, &chain, places).filter(|found| {
        let kept = config.persist.iter().flatten();
        !kept.into_iter().any(|kept| kept.path.trim_end_matches('/') == found.collect.folder)
    });
    let found = found.map(|mut found| {
        found.collect.needed &= config.release.is_empty() && config.persist.is_none();
        found
    });
    (found, static_files::outside(&project.modules, &chain, &app.work_dir))
}
