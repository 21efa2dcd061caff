//! The command of the web process: a server for an object, the project's own, or its own server.

use super::{Processes, Question, SETTLE_MS, SIGTERM, with_config};
use crate::inspect::choose::{App, Source};
use crate::inspect::framework::{Framework, Interface};
use crate::inspect::project::Project;
use crate::inspect::python_source::{Assignment, Value};
use crate::inspect::rewrite;
use crate::inspect::runner::Target;
use crate::inspect::serve::{self, Tuning};
use crate::inspect::tree::file_name;
use windlass_model::shell_words::quote;
use windlass_model::{
    CommandLine, Evidence, Finding, ProcessConfig, ProcessSpec, ProcessType, Resources, ServerKind,
    Serves,
};

/// The command of the web process.
pub(super) struct WebCommand {
    pub(super) command: Vec<String>,
    pub(super) serves: Serves,
    pub(super) extra: Vec<String>,
    pub(super) notes: Vec<Evidence>,
}

/// The web command by what was chosen; `None` for an app that takes no requests.
pub(super) fn web_command(
    question: &Question<'_>,
    tuning: &Tuning,
    serves: Option<Serves>,
) -> Option<WebCommand> {
    let Question { project, app, declared, .. } = question;
    Some(match &app.source {
        Source::Object(reference) => {
            let interface = interface(app);
            let (kind, extra) = serve::choose_server(project.config.server, interface, declared);
            let mut notes = Vec::new();
            match declared.provides(kind.as_str()) {
                _ if project.config.server.is_some() => {
                    notes.push(project.config_evidence("server", format!("`server = \"{kind}\"`")));
                }
                Some(evidence) => notes.push(evidence.clone()),
                None => {
                    notes.push(Evidence::rule(format!("no server is declared: {kind} is added")));
                }
            }
            let command = serve::command(kind, reference, interface, tuning);
            let shared = (kind == ServerKind::Gunicorn).then(|| reuse_port(project)).flatten();
            let serves = if shared.is_some() { Serves::Port } else { Serves::Socket };
            notes.extend(shared);
            WebCommand { command, serves, extra, notes }
        }
        Source::Given(line) => {
            let mut web = given(line, tuning, serves);
            let gunicorn = web.serves == Serves::Port && web.command.join(" ").contains("gunicorn");
            web.notes.extend(gunicorn.then(|| reuse_port(project)).flatten());
            web
        }
        Source::Runner(target) => runner(app, target),
        Source::Background => return None,
    })
}

impl WebCommand {
    /// Adds the web process and the finding that tells of it.
    pub(super) fn add_to(
        self,
        question: &Question<'_>,
        configured: &ProcessConfig,
        tuning: &Tuning,
        made: &mut Processes,
    ) {
        let app = question.app;
        let key = if matches!(app.source, Source::Object(_)) { "app" } else { "processes.web" };
        made.extra_requirements = self.extra;
        made.findings.push(Finding {
            subject: "web".to_owned(),
            value: windlass_model::shell_words::line(&self.command),
            evidence: app.evidence.iter().cloned().chain(self.notes).collect(),
            override_key: Some(key.to_owned()),
        });
        let spec = ProcessSpec {
            command: self.command,
            count: 1,
            serves: self.serves,
            probe: Some(question.probe.clone()),
            settle_ms: SETTLE_MS,
            resources: Resources::DEFAULT,
            stop_signal: SIGTERM,
            stop_timeout_ms: tuning.stop_timeout_ms,
            drain_timeout_ms: tuning.drain_timeout_ms,
            singleton: false,
        };
        made.specs.insert(ProcessType::web(), with_config(spec, configured));
    }
}

/// Where gunicorn is told to let each worker bind for itself.
pub(super) fn reuse_port(project: &Project<'_>) -> Option<Evidence> {
    let configs = project
        .modules
        .iter()
        .filter(|module| !module.aside && file_name(&module.path).contains("gunicorn"));
    configs.into_iter().find_map(|module| {
        let on = |a: &&Assignment| a.target == "reuse_port" && a.value == Value::Bool(true);
        let set = module.source.assignments.iter().find(on)?;
        let note = "`reuse_port` does not go with a Unix socket: it gets $HOST and $PORT";
        Some(Evidence::at(module.path.as_str(), set.line, note))
    })
}

fn interface(app: &App) -> Interface {
    let framework = app.framework.map_or(Interface::Wsgi, Framework::interface);
    let asgi_entry = app.django.as_ref().and_then(|django| django.asgi.as_ref());
    match (&app.source, asgi_entry) {
        (Source::Object(reference), Some(asgi)) if *reference == asgi.reference => Interface::Asgi,
        _ => framework,
    }
}

fn given(line: &CommandLine, tuning: &Tuning, serves: Option<Serves>) -> WebCommand {
    match (serves, rewrite::web(line, tuning)) {
        (None, Ok(rewritten)) => WebCommand {
            command: rewritten.command,
            serves: rewritten.serves,
            extra: Vec::new(),
            notes: rewritten.notes.into_iter().map(Evidence::rule).collect(),
        },
        // What the project insists on is run as it stands.
        (serves, _) => WebCommand {
            command: rewrite::background(line),
            serves: serves.unwrap_or(Serves::Port),
            extra: Vec::new(),
            notes: Vec::new(),
        },
    }
}

/// Servers of their own take `$HOST` and `$PORT` in their own ways.
fn runner(app: &App, target: &Target) -> WebCommand {
    let below = |file: &str| {
        let inner = file.strip_prefix(&app.work_dir).unwrap_or(file);
        quote(inner.trim_start_matches('/'))
    };
    let shell = |line: String| vec!["/bin/sh".to_owned(), "-c".to_owned(), line];
    let command = match (app.framework, target) {
        (Some(Framework::Streamlit), Target::File(file)) => shell(format!(
            "exec streamlit run {} --server.address \"$HOST\" --server.port \"$PORT\" \
             --server.headless true --browser.gatherUsageStats false",
            below(file)
        )),
        (Some(Framework::Gradio), Target::File(file)) => shell(format!(
            "GRADIO_SERVER_NAME=\"$HOST\" GRADIO_SERVER_PORT=\"$PORT\" exec python {}",
            below(file)
        )),
        (_, Target::File(file)) => {
            vec!["python".to_owned(), below(file).trim_matches('\'').to_owned()]
        }
        (_, Target::Module(module)) => {
            vec!["python".to_owned(), "-m".to_owned(), module.clone()]
        }
    };
    let notes =
        vec![Evidence::rule("it brings a server of its own, which is given $HOST and $PORT")];
    WebCommand { command, serves: Serves::Port, extra: Vec::new(), notes }
}
