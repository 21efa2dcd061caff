//! What a person should know before a deploy, though nothing hangs on it.

use super::choose::App;
use super::django::{setting, settings_chain};
use super::modules::Module;
use super::project::Project;
use super::python_source::Value;
use super::tree::is_python;
use windlass_model::{Evidence, Finding, Problem};

/// Warnings about the project as a whole.
pub(super) fn warnings(project: &Project<'_>, app: &App, host: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    if project.tree.truncated {
        let message = "the project has more files than are looked at: the rest is not inspected";
        found.push(Problem::user("project-too-large", message));
    }
    for module in project.modules.iter().filter(|module| !module.aside) {
        if let Some((line, message)) = &module.source.error {
            let message = format!("{}:{line}: {message}", module.path);
            found.push(Problem::user("python-syntax", message));
        }
    }
    for (path, file) in project.tree.files().filter(|(path, file)| file.lossy && is_python(path)) {
        let message = format!("{path}: {} bytes that are not all UTF-8", file.bytes);
        found.push(Problem::user("python-encoding", message));
    }
    for (line, text) in &project.procfile.strange {
        let message = format!("Procfile:{line}: `{text}` is not `name: command`");
        found.push(Problem::user("procfile-line", message));
    }
    for (evidence, refusal) in &app.refused {
        let message = format!("{evidence} {}, it is not run", refusal.note());
        let hint = "to run it all the same: [tool.windlass.processes] web = \"...\"";
        found.push(Problem::user("procfile-line-skipped", message).hint(hint));
    }
    if let Some(django) = &app.django {
        let chain = settings_chain(&project.modules, &django.settings);
        found.extend(django_warnings(&chain, host));
    }
    found
}

fn at(module: &Module, line: u32, text: &str) -> String {
    format!("{}:{line}: {text}", module.path)
}

/// Whether `DEBUG` is written as `True`.
pub(super) fn debug_is_on(chain: &[&Module]) -> bool {
    setting(chain, "DEBUG").is_some_and(|(_, set)| set.value == Value::Bool(true))
}

fn django_warnings(chain: &[&Module], host: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some((module, set)) = setting(chain, "DEBUG").filter(|_| debug_is_on(chain)) {
        let message =
            at(module, set.line, "`DEBUG = True` shows the source to whoever breaks a page");
        let hint = "take it from the environment: DEBUG = os.environ.get(\"DEBUG\") == \"1\"";
        found.push(Problem::user("django-debug", message).hint(hint));
    }
    if let Some((module, set)) = setting(chain, "SECRET_KEY")
        && set.value.as_text().is_some()
    {
        let message = at(module, set.line, "`SECRET_KEY` is written in the source");
        found
            .push(Problem::user("django-secret-key", message).hint("take it from the environment"));
    }
    let allowed = setting(chain, "ALLOWED_HOSTS");
    if allowed.is_none()
        && let Some((module, set)) = setting(chain, "DEBUG")
        && set.value == Value::Bool(false)
    {
        let message =
            at(module, set.line, "without DEBUG and `ALLOWED_HOSTS` every request is a 400");
        let hint = format!("add ALLOWED_HOSTS = [\"{host}\"] to that file");
        found.push(Problem::user("django-allowed-hosts", message).hint(hint));
    }
    if let Some((module, set)) = allowed.filter(|_| !debug_is_on(chain))
        && let Value::List(hosts) = &set.value
        && hosts.iter().all(Value::is_constant)
    {
        let fits = |pattern: &str| {
            pattern == "*"
                || pattern == host
                || pattern.strip_prefix('.').is_some_and(|d| host.ends_with(d))
        };
        if !hosts.iter().filter_map(Value::as_text).any(fits) {
            let message = at(
                module,
                set.line,
                &format!("`ALLOWED_HOSTS` does not allow `{host}`: it answers 400"),
            );
            let hint =
                format!("add \"{host}\", or name the right host: [tool.windlass] hosts = [...]");
            found.push(Problem::user("django-allowed-hosts", message).hint(hint));
        }
    }
    found
}

/// Findings that decide nothing yet, each with the line that would.
pub(super) fn findings(project: &Project<'_>, app: &App, workers_known: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    if !workers_known && let Some((module, line, name)) = celery(project) {
        let reference = format!("{}:{name}", module.name);
        found.push(Finding {
            subject: "celery".to_owned(),
            value: format!(
                "not run; to run it: [tool.windlass.processes] worker = \"celery -A {reference} worker\""
            ),
            evidence: vec![Evidence::at(module.path.as_str(), line, "makes a Celery app")],
            override_key: Some("processes.worker".to_owned()),
        });
    }
    found.extend(django_findings(project, app));
    found
}

/// The Celery app, where it is made at the top of a file.
fn celery<'a>(project: &'a Project<'_>) -> Option<(&'a Module, u32, &'a str)> {
    project.modules.iter().filter(|module| !module.aside).find_map(|module| {
        let top = module.source.assignments.iter().filter(|a| a.scope.is_empty());
        top.into_iter().find_map(|assignment| {
            let call = assignment.value.as_call()?;
            let celery = matches!(
                module.resolve(call.callee()).as_str(),
                "celery.Celery" | "celery.app.Celery"
            );
            celery.then_some((module, assignment.line, assignment.target.as_str()))
        })
    })
}

fn django_findings(project: &Project<'_>, app: &App) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(django) = &app.django else { return found };
    found.push(Finding {
        subject: "settings".to_owned(),
        value: django.settings.clone(),
        evidence: vec![django.settings_evidence.clone()],
        override_key: Some("env.DJANGO_SETTINGS_MODULE".to_owned()),
    });
    let releases = !project.config.release.is_empty()
        || project.procfile.entries.iter().any(|entry| entry.name == "release");
    if !releases {
        let line = "release = [\"python manage.py migrate --noinput\"]";
        found.push(Finding {
            subject: "migrations".to_owned(),
            value: format!("not run; to run them before each release: [tool.windlass] {line}"),
            evidence: vec![Evidence::rule("no release command is given")],
            override_key: Some("release".to_owned()),
        });
    }
    found
}
