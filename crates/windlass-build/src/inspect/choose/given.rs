//! The app that a project's own commands run.

use super::plausible::work_dir_of;
use super::{App, READING, Source, from_source};
use crate::inspect::candidate::Candidate;
use crate::inspect::django::DjangoProject;
use crate::inspect::error::InspectError;
use crate::inspect::framework::Framework;
use crate::inspect::project::Project;
use crate::inspect::rewrite;
use windlass_model::{AppReference, CommandLine, Evidence};

/// What is known of the app behind a command.
#[derive(Default)]
struct Known {
    framework: Option<Framework>,
    import_root: String,
    django: Option<DjangoProject>,
    evidence: Vec<Evidence>,
}

/// The app behind a command: what its words name, else the only plausible answer of the source.
pub(super) fn given(project: &Project<'_>, line: CommandLine, evidence: Evidence) -> App {
    let words = rewrite::web(&line, &READING).map(|rewritten| rewritten.apps).unwrap_or_default();
    let object = words.iter().find_map(|word| object(project, word));
    let known = object
        .or_else(|| words.iter().find_map(|word| module(project, word)))
        .or_else(|| only_answer(project))
        .unwrap_or_else(|| Known {
            framework: project.runners.first().map(|runner| runner.framework),
            import_root: project.base.clone(),
            ..Known::default()
        });
    App {
        framework: known.framework,
        source: Source::Given(line),
        import_root: known.import_root,
        work_dir: project.base.clone(),
        django: known.django,
        evidence: std::iter::once(evidence).chain(known.evidence).collect(),
        refused: Vec::new(),
    }
}

/// The app that `app` in `[tool.windlass]` names.
pub(super) fn by_reference(
    project: &Project<'_>,
    reference: &AppReference,
) -> Result<App, InspectError> {
    let line = project.config.line_of("app");
    let evidence = project.config_evidence("app", format!("`app = \"{reference}\"`"));
    let named = |candidate: &&Candidate| {
        let other = &candidate.reference;
        (&other.module, &other.object) == (&reference.module, &reference.object)
    };
    let django = project
        .django
        .iter()
        .find(|django| [&django.wsgi, &django.asgi].into_iter().flatten().any(|c| named(&c)));
    let candidate = project.candidates.iter().find(named);
    let Some(module) = project.modules.named(&reference.module) else {
        let found = project.candidates.iter().map(|c| c.reference.to_string()).collect();
        return Err(InspectError::NoSuchModule { module: reference.module.clone(), line, found });
    };
    let framework = django.map(|_| Framework::Django).or(candidate.map(|c| c.framework));
    let mut found = vec![evidence];
    found.extend(candidate.map(|candidate| candidate.evidence.clone()));
    Ok(App {
        framework,
        source: Source::Object(reference.clone()),
        import_root: module.import_root.clone(),
        work_dir: work_dir_of(&module.import_root),
        django: django.cloned(),
        evidence: found,
        refused: Vec::new(),
    })
}

/// An app of workers alone, where the project names any.
pub(super) fn background(project: &Project<'_>) -> Option<App> {
    let configured = project.config.processes.iter().find(|(_, process)| process.command.is_some());
    let key = configured.map(|(name, _)| format!("processes.{name}"));
    let entry = project.procfile.entries.iter().find(|entry| entry.name != "release");
    let evidence = match (key, entry) {
        (Some(key), _) => project.config_evidence(&key, format!("`{key}` in [tool.windlass]")),
        (None, Some(entry)) => entry.evidence.clone(),
        (None, None) => return None,
    };
    Some(App {
        framework: None,
        source: Source::Background,
        import_root: project.base.clone(),
        work_dir: project.base.clone(),
        django: None,
        evidence: vec![evidence],
        refused: Vec::new(),
    })
}

/// The object that a word names: it goes before a module, which a flag's value may be too.
fn object(project: &Project<'_>, word: &str) -> Option<Known> {
    let (module, object) = word.split_once(':').unwrap_or((word, ""));
    let object = object.split('(').next().unwrap_or_default();
    let names = |candidate: &&Candidate| {
        let reference = &candidate.reference;
        reference.module == module && (object.is_empty() || reference.object == object)
    };
    let django = project
        .django
        .iter()
        .find(|django| [&django.wsgi, &django.asgi].into_iter().flatten().any(|c| names(&c)));
    if let Some(django) = django {
        return Some(Known {
            framework: Some(Framework::Django),
            import_root: django.folder.clone(),
            django: Some(django.clone()),
            evidence: vec![django.manage.clone()],
        });
    }
    project.candidates.iter().find(names).map(|candidate| Known {
        framework: Some(candidate.framework),
        import_root: candidate.import_root.clone(),
        django: None,
        evidence: vec![candidate.evidence.clone()],
    })
}

/// A module of the project that a word names, whatever it holds.
fn module(project: &Project<'_>, word: &str) -> Option<Known> {
    let module = project.modules.named(word.split(':').next()?)?;
    Some(Known { import_root: module.import_root.clone(), ..Known::default() })
}

fn only_answer(project: &Project<'_>) -> Option<Known> {
    let App { framework, import_root, django, evidence, .. } = from_source(project).ok()?;
    Some(Known { framework, import_root, django, evidence })
}
