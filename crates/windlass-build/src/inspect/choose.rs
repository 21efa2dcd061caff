//! Which of the things that could be the app is the app.
//!
//! `[tool.windlass]` before the Procfile before the source. A Dockerfile and `.flaskenv` only
//! decide between answers that the source gives. Two plausible answers are listed, never guessed.

mod given;
mod plausible;

use self::given::{background, by_reference, given};
use self::plausible::{Plausible, plausible};
use super::candidate::Candidate;
use super::django::DjangoProject;
use super::error::{Choice, InspectError, UnservableReason};
use super::framework::Framework;
use super::project::Project;
use super::rewrite::{self, Refusal};
use super::runner::Target;
use super::serve::Tuning;
use super::tree::join;
use windlass_model::{AppReference, CommandLine, Evidence, ProcessType};

/// The app.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub(super) framework: Option<Framework>,
    pub(super) source: Source,
    /// The folder that its modules are imported from.
    pub(super) import_root: String,
    /// The folder that its processes start in.
    pub(super) work_dir: String,
    pub(super) django: Option<DjangoProject>,
    pub(super) evidence: Vec<Evidence>,
    /// Lines that were passed over, and why.
    pub(super) refused: Vec<(Evidence, Refusal)>,
}

/// What is run.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// An object, by a server.
    Object(AppReference),
    /// A command that the project gives.
    Given(CommandLine),
    /// A server of its own.
    Runner(Target),
    /// Nothing takes requests: the app is its workers.
    Background,
}

/// Tuning for reading a command; nothing that it changes matters for that.
const READING: Tuning = Tuning {
    workers: Tuning::WORKERS,
    drain_timeout_ms: 30_000,
    stop_timeout_ms: 15_000,
    own_gunicorn_config: false,
    control_socket: false,
    reuse_port: false,
};

/// Chooses.
pub(super) fn choose(project: &Project<'_>) -> Result<App, InspectError> {
    let web = ProcessType::web();
    let configured = project.config.processes.get(&web).and_then(|web| web.command.clone());
    if let Some(line) = configured {
        let evidence =
            project.config_evidence("processes.web", "`processes.web` in [tool.windlass]");
        return Ok(given(project, line, evidence));
    }
    if let Some(reference) = &project.config.app {
        return by_reference(project, reference);
    }
    let mut refused = Vec::new();
    if let Some(entry) = project.procfile.entries.iter().find(|entry| entry.name == "web") {
        let line = CommandLine::Line(entry.command.clone());
        match rewrite::web(&line, &READING) {
            Ok(_) => return Ok(given(project, line, entry.evidence.clone())),
            Err(refusal) => refused.push((entry.evidence.clone(), refusal)),
        }
    }
    let has_web = !refused.is_empty();
    let app = from_source(project).or_else(|error| match error {
        InspectError::NothingFound { .. } | InspectError::OnlyAside { .. } if !has_web => {
            background(project).ok_or(error)
        }
        error => Err(error),
    })?;
    Ok(App { refused, ..app })
}

fn from_source(project: &Project<'_>) -> Result<App, InspectError> {
    let all = plausible(project);
    let (aside, mut near): (Vec<Plausible>, Vec<Plausible>) =
        all.into_iter().partition(|plausible| plausible.aside);
    if near.len() > 1 {
        near = decide(project, near);
    }
    match near.len() {
        1 => Ok(near.remove(0).app),
        0 => Err(nothing(project, &aside)),
        _ => Err(InspectError::Ambiguous { choices: choices(&near.iter().collect::<Vec<_>>()) }),
    }
}

/// Narrows several answers down by what the project says elsewhere, or by the customary names:
/// a module made for servers to load, or of several objects in one file `app`.
fn decide(project: &Project<'_>, all: Vec<Plausible>) -> Vec<Plausible> {
    let (all, decided) = by_hints(project, all);
    if decided {
        return all;
    }
    // Scripts make an app too, to work on its data; `wsgi.py` exists to be loaded by a server.
    for entry in ["wsgi", "asgi"] {
        let named = |plausible: &Plausible| {
            let module = plausible.name.split(':').next().unwrap_or_default();
            module.rsplit('.').next() == Some(entry)
        };
        if let [at] = positions(&all, named)[..] {
            let rule = format!("`{entry}.py` is where servers look for the app");
            return only(all, at, Evidence::rule(rule));
        }
    }
    let file = all.first().map(|plausible| plausible.app.evidence[0].file.clone());
    let one_file = all.iter().all(|p| Some(&p.app.evidence[0].file) == file.as_ref());
    if one_file {
        for name in ["app", "application"] {
            let named = |plausible: &Plausible| plausible.name.ends_with(&format!(":{name}"));
            if let [at] = positions(&all, named)[..] {
                return only(all, at, Evidence::rule(format!("`{name}` is the customary name")));
            }
        }
    }
    all
}

/// Narrows down by the Dockerfile's command and `.flaskenv`; says whether one answer is left.
fn by_hints(project: &Project<'_>, all: Vec<Plausible>) -> (Vec<Plausible>, bool) {
    let mut hints: Vec<(String, Evidence)> = project.dockerfile.command.iter().cloned().collect();
    let flaskenv = join(&project.base, ".flaskenv");
    for (at, line) in project.tree.text(&flaskenv).unwrap_or_default().lines().enumerate() {
        if let Some(value) = line.trim().strip_prefix("FLASK_APP=") {
            let evidence = Evidence::at(flaskenv.as_str(), at as u32 + 1, format!("`{line}`"));
            hints.push((value.trim_end_matches(".py").to_owned(), evidence));
        }
    }
    for (hint, evidence) in hints {
        let named = |plausible: &Plausible| {
            let module = plausible.name.split(':').next().unwrap_or_default();
            !plausible.name.is_empty() && (hint.contains(&plausible.name) || hint == module)
        };
        if let [at] = positions(&all, named)[..] {
            return (only(all, at, evidence), true);
        }
    }
    (all, false)
}

fn positions(all: &[Plausible], wanted: impl Fn(&Plausible) -> bool) -> Vec<usize> {
    (0..all.len()).filter(|at| wanted(&all[*at])).collect()
}

fn only(mut all: Vec<Plausible>, at: usize, evidence: Evidence) -> Vec<Plausible> {
    let mut chosen = all.swap_remove(at);
    chosen.app.evidence.push(evidence);
    vec![chosen]
}

/// Each answer with the line that chooses it: by folder where the folders differ.
fn choices(all: &[&Plausible]) -> Vec<Choice> {
    let same_folder =
        |one: &Plausible| all.iter().filter(|other| other.app.work_dir == one.app.work_dir).count();
    all.iter()
        .map(|plausible| {
            let root = &plausible.app.work_dir;
            let line_to_add = match &plausible.app.source {
                _ if same_folder(plausible) == 1 && !root.is_empty() => {
                    format!("root = \"{root}\"")
                }
                Source::Runner(Target::File(file)) => {
                    format!("processes = {{ web = \"python {file}\" }}")
                }
                Source::Runner(Target::Module(module)) => {
                    format!("processes = {{ web = \"python -m {module}\" }}")
                }
                _ => format!("app = \"{}\"", plausible.name),
            };
            let evidence = plausible.app.evidence[0].clone();
            Choice { what: plausible.what.clone(), evidence, line_to_add }
        })
        .collect()
}

/// The error when nothing outside tests and examples could be the app.
fn nothing(project: &Project<'_>, aside: &[Plausible]) -> InspectError {
    let in_tests = |plausible: &Plausible| {
        plausible.app.evidence[0].file.split('/').any(|part| part.starts_with("test"))
    };
    let examples: Vec<&Plausible> = aside.iter().filter(|p| !in_tests(p)).collect();
    if !examples.is_empty() {
        return InspectError::OnlyAside { choices: choices(&examples) };
    }
    let own = |candidate: &&Candidate| !candidate.aside;
    if let Some(candidate) = project.candidates.iter().find(own) {
        let reason = if candidate.missing.is_empty() {
            UnservableReason::NoDashServer { object: candidate.reference.object.clone() }
        } else {
            UnservableReason::Parameters(candidate.missing.clone())
        };
        let evidence = candidate.evidence.clone();
        return InspectError::Unservable { framework: candidate.framework, evidence, reason };
    }
    if let Some(runner) = project.runners.iter().find(|runner| !runner.aside) {
        let (framework, evidence) = (runner.framework, runner.evidence.clone());
        let reason = UnservableReason::OwnServer;
        return InspectError::Unservable { framework, evidence, reason };
    }
    let near = project.modules.iter().filter(|module| !module.aside).filter_map(|module| {
        let (line, message) = module.source.error.as_ref()?;
        Some(Evidence::at(module.path.as_str(), *line, format!("not read: {message}")))
    });
    InspectError::NothingFound {
        python_files: project.modules.iter().count(),
        near: near.take(5).collect(),
    }
}
