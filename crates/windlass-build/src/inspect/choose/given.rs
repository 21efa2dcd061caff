//! The app that a project's own command runs.

use super::{App, READING, Source, from_source};
use crate::inspect::candidate::Candidate;
use crate::inspect::django::DjangoProject;
use crate::inspect::framework::Framework;
use crate::inspect::project::Project;
use crate::inspect::rewrite;
use windlass_model::{CommandLine, Evidence};

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
