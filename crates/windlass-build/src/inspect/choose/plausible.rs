//! The answers that the source gives, each as the app that it would be.

use super::{App, Source};
use crate::inspect::candidate::Candidate;
use crate::inspect::django::{self, DjangoProject};
use crate::inspect::framework::Framework;
use crate::inspect::project::Project;
use crate::inspect::runner::Runner;
use crate::inspect::tree::{file_name, parent};
use windlass_model::{AppReference, Evidence};

/// One plausible answer of the source.
pub(super) struct Plausible {
    pub(super) app: App,
    pub(super) aside: bool,
    pub(super) what: String,
    /// `module:object`, where there is one.
    pub(super) name: String,
}

/// All of them, in order of their kinds and files.
pub(super) fn plausible(project: &Project<'_>) -> Vec<Plausible> {
    let mut all = Vec::new();
    let usable = |candidate: &&Candidate| {
        let unserved =
            candidate.framework == Framework::Dash && !candidate.evidence.note.contains("`server`");
        candidate.missing.is_empty() && !unserved
    };
    for candidate in project.candidates.iter().filter(usable) {
        all.push(Plausible {
            app: of_candidate(candidate),
            aside: candidate.aside,
            what: format!("{} app `{}`", candidate.framework, candidate.reference),
            name: candidate.reference.to_string(),
        });
    }
    for django in &project.django {
        let app = of_django(project, django);
        let Source::Object(reference) = &app.source else { continue };
        all.push(Plausible {
            what: format!("Django project `{reference}`"),
            name: reference.to_string(),
            aside: django.aside,
            app,
        });
    }
    for runner in project.runners.iter().filter(|r| r.framework != Framework::NiceGui) {
        all.push(Plausible {
            app: of_runner(runner),
            aside: runner.aside,
            what: format!("{} app {}", runner.framework, runner.evidence.file),
            name: String::new(),
        });
    }
    all
}

fn of_candidate(candidate: &Candidate) -> App {
    App {
        framework: Some(candidate.framework),
        source: Source::Object(candidate.reference.clone()),
        import_root: candidate.import_root.clone(),
        work_dir: work_dir_of(&candidate.import_root),
        django: None,
        evidence: vec![candidate.evidence.clone()],
        refused: Vec::new(),
    }
}

fn of_runner(runner: &Runner) -> App {
    App {
        framework: Some(runner.framework),
        source: Source::Runner(runner.target.clone()),
        import_root: runner.import_root.clone(),
        work_dir: work_dir_of(&runner.import_root),
        django: None,
        evidence: vec![runner.evidence.clone()],
        refused: Vec::new(),
    }
}

/// WSGI, unless the settings name an ASGI application for Channels to serve.
fn of_django(project: &Project<'_>, django: &DjangoProject) -> App {
    let chain = django::settings_chain(&project.modules, &django.settings);
    let asgi = django::setting(&chain, "ASGI_APPLICATION").zip(django.asgi.as_ref());
    let mut evidence = vec![django.manage.clone()];
    let entry = match (&django.wsgi, asgi) {
        (_, Some(((module, set), asgi))) => {
            let note = "`ASGI_APPLICATION` is set";
            evidence.push(Evidence::at(module.path.as_str(), set.line, note));
            Some(asgi)
        }
        (Some(wsgi), None) => Some(wsgi),
        (None, None) => django.asgi.as_ref(),
    };
    let reference = match entry {
        Some(entry) => {
            evidence.insert(0, entry.evidence.clone());
            entry.reference.clone()
        }
        None => AppReference {
            module: "django.core.wsgi".to_owned(),
            object: "get_wsgi_application".to_owned(),
            factory: true,
        },
    };
    App {
        framework: Some(Framework::Django),
        source: Source::Object(reference),
        import_root: django.folder.clone(),
        work_dir: django.folder.clone(),
        django: Some(django.clone()),
        evidence,
        refused: Vec::new(),
    }
}

/// A folder named `src` is only a place to import from.
pub(super) fn work_dir_of(import_root: &str) -> String {
    if file_name(import_root) == "src" { parent(import_root) } else { import_root }.to_owned()
}
