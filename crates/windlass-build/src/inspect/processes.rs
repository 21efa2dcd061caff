//! The process types of the app: `web` from what was chosen, the others from the Procfile, and
//! what `[tool.windlass.processes]` says on top of both.

use super::choose::{App, Source};
use super::error::InspectError;
use super::framework::{Framework, Interface};
use super::procfile::Entry;
use super::project::Project;
use super::python_source::{Assignment, Value};
use super::requirements::Declared;
use super::rewrite;
use super::runner::Target;
use super::serve::{self, Tuning};
use super::shell::quote;
use super::tree::{file_name, join};
use std::collections::BTreeMap;
use windlass_model::{
    CommandLine, Evidence, Finding, ProbeSpec, Problem, ProcessConfig, ProcessSpec, ProcessType,
    Resources, ServerKind, Serves,
};

/// How long requests in flight are waited for, unless the project says.
const DRAIN_TIMEOUT_MS: u64 = 30_000;
/// How long a web process may take to stop, its requests being drained already.
const WEB_STOP_TIMEOUT_MS: u64 = 15_000;
/// How long other processes may take to stop.
const STOP_TIMEOUT_MS: u64 = 30_000;
/// How long a worker may finish its tasks: Celery waits for them without limit.
const WORKER_STOP_TIMEOUT_MS: u64 = 300_000;
/// How long a process without a probe must stay up.
const SETTLE_MS: u64 = 3_000;
const SIGTERM: i32 = 15;

/// All process types, and what was concluded on the way.
pub(super) struct Processes {
    pub(super) specs: BTreeMap<ProcessType, ProcessSpec>,
    /// The web command for an image that knows no host.
    pub(super) image_command: Vec<String>,
    pub(super) extra_requirements: Vec<String>,
    pub(super) release: Vec<Vec<String>>,
    pub(super) findings: Vec<Finding>,
    pub(super) warnings: Vec<Problem>,
}

/// What is needed to make them.
pub(super) struct Question<'a> {
    pub(super) project: &'a Project<'a>,
    pub(super) app: &'a App,
    pub(super) declared: &'a Declared,
    pub(super) probe: ProbeSpec,
    pub(super) cores: usize,
}

struct WebCommand {
    command: Vec<String>,
    serves: Serves,
    extra: Vec<String>,
    notes: Vec<Evidence>,
}

/// Makes them.
pub(super) fn make(question: &Question<'_>) -> Result<Processes, InspectError> {
    let Question { project, app, .. } = question;
    let web_type = ProcessType::web();
    let configured = project.config.processes.get(&web_type).cloned().unwrap_or_default();
    let tuning = tuning(question, &configured);
    let web = web_command(question, &tuning, configured.serves);
    let unknown_host = Tuning { workers: Tuning::WORKERS, ..tuning };
    let mut made = Processes {
        specs: BTreeMap::new(),
        image_command: web_command(question, &unknown_host, configured.serves).command,
        extra_requirements: web.extra,
        release: project.config.release.iter().map(rewrite::background).collect(),
        findings: Vec::new(),
        warnings: Vec::new(),
    };
    let key = if matches!(app.source, Source::Object(_)) { "app" } else { "processes.web" };
    made.findings.push(Finding {
        subject: "web".to_owned(),
        value: web.command.join(" "),
        evidence: app.evidence.iter().cloned().chain(web.notes).collect(),
        override_key: Some(key.to_owned()),
    });
    let spec = ProcessSpec {
        command: web.command,
        count: 1,
        serves: web.serves,
        probe: Some(question.probe.clone()),
        settle_ms: SETTLE_MS,
        resources: Resources::DEFAULT,
        stop_signal: SIGTERM,
        stop_timeout_ms: tuning.stop_timeout_ms,
        drain_timeout_ms: tuning.drain_timeout_ms,
        singleton: false,
    };
    made.specs.insert(web_type.clone(), with_config(spec, &configured));
    from_procfile(project, &mut made);
    for (name, config) in project.config.processes.iter().filter(|(name, _)| **name != web_type) {
        configured_process(project, name, config, &mut made)?;
    }
    Ok(made)
}

fn tuning(question: &Question<'_>, configured: &ProcessConfig) -> Tuning {
    let work_dir = &question.app.work_dir;
    Tuning {
        workers: Tuning::workers_for(question.cores),
        drain_timeout_ms: configured.drain_timeout_ms.unwrap_or(DRAIN_TIMEOUT_MS),
        stop_timeout_ms: configured.stop_timeout_ms.unwrap_or(WEB_STOP_TIMEOUT_MS),
        own_gunicorn_config: question.project.tree.has(&join(work_dir, "gunicorn.conf.py")),
        control_socket: serve::has_control_socket(question.declared),
        reuse_port: reuse_port(question.project).is_some(),
    }
}

fn web_command(question: &Question<'_>, tuning: &Tuning, serves: Option<Serves>) -> WebCommand {
    let Question { project, app, declared, .. } = question;
    match &app.source {
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
    }
}

/// Where gunicorn is told to let each worker bind for itself.
fn reuse_port(project: &Project<'_>) -> Option<Evidence> {
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

fn with_config(mut spec: ProcessSpec, config: &ProcessConfig) -> ProcessSpec {
    spec.count = config.count.unwrap_or(spec.count);
    spec.serves = config.serves.unwrap_or(spec.serves);
    spec.resources = Resources {
        memory_bytes: config.memory_bytes.or(spec.resources.memory_bytes),
        cpu_millis: config.cpu_millis.or(spec.resources.cpu_millis),
        pids: config.pids.unwrap_or(spec.resources.pids),
    };
    spec.stop_signal = config.stop_signal.unwrap_or(spec.stop_signal);
    spec.stop_timeout_ms = config.stop_timeout_ms.unwrap_or(spec.stop_timeout_ms);
    spec.drain_timeout_ms = config.drain_timeout_ms.unwrap_or(spec.drain_timeout_ms);
    spec.singleton = config.singleton.unwrap_or(spec.singleton);
    if spec.serves == Serves::Nothing {
        spec.probe = None;
    }
    spec
}

/// A process that takes no requests.
fn background(name: &str, line: &CommandLine) -> ProcessSpec {
    let command = rewrite::background(line);
    let text = command.join(" ");
    let has = |word: &str| text.split([' ', '/']).any(|part| part == word);
    let beat = has("celery") && (has("beat") || has("-B") || has("--beat"));
    let worker = ["celery", "rq", "dramatiq", "huey_consumer", "arq"].iter().any(|tool| has(tool));
    let scheduler = matches!(name, "beat" | "clock" | "scheduler" | "cron") || has("rqscheduler");
    ProcessSpec {
        command,
        count: 1,
        serves: Serves::Nothing,
        probe: None,
        settle_ms: SETTLE_MS,
        resources: Resources::DEFAULT,
        stop_signal: SIGTERM,
        stop_timeout_ms: if worker && !beat { WORKER_STOP_TIMEOUT_MS } else { STOP_TIMEOUT_MS },
        drain_timeout_ms: 0,
        singleton: beat || scheduler,
    }
}

fn from_procfile(project: &Project<'_>, made: &mut Processes) {
    for entry in project.procfile.entries.iter().filter(|entry| entry.name != "web") {
        let line = CommandLine::Line(entry.command.clone());
        if entry.name == "release" {
            if project.config.release.is_empty() {
                made.release.push(rewrite::background(&line));
                made.findings.push(finding("release", &entry.command, entry, "release"));
            }
            continue;
        }
        if let Some(reason) = development(entry) {
            let message = format!("{}: `{}` {reason}, it is not run", place(entry), entry.name);
            made.warnings.push(Problem::user("procfile-line-skipped", message));
            continue;
        }
        match entry.name.parse::<ProcessType>() {
            Ok(name) => {
                let spec = background(&entry.name, &line);
                let key = format!("processes.{name}");
                made.findings.push(finding(
                    &format!("process {name}"),
                    &entry.command,
                    entry,
                    &key,
                ));
                made.specs.insert(name, spec);
            }
            Err(error) => {
                let message = format!("{}: {error}", place(entry));
                made.warnings.push(Problem::user("procfile-name", message));
            }
        }
    }
}

fn place(entry: &Entry) -> String {
    format!("{}:{}", entry.evidence.file, entry.evidence.line.unwrap_or_default())
}

fn finding(subject: &str, value: &str, entry: &Entry, key: &str) -> Finding {
    Finding {
        subject: subject.to_owned(),
        value: value.to_owned(),
        evidence: vec![entry.evidence.clone()],
        override_key: Some(key.to_owned()),
    }
}

/// Why a line is for development only.
fn development(entry: &Entry) -> Option<&'static str> {
    let program = super::dockerfile::last_program(&entry.command)?;
    let tools = ["npm", "npx", "yarn", "pnpm", "node", "vite", "tailwindcss", "sass", "mailhog"];
    if tools.contains(&program.as_str()) {
        return Some("builds assets for development");
    }
    let line = CommandLine::Line(entry.command.clone());
    let reading = Tuning {
        workers: Tuning::WORKERS,
        drain_timeout_ms: DRAIN_TIMEOUT_MS,
        stop_timeout_ms: STOP_TIMEOUT_MS,
        own_gunicorn_config: false,
        control_socket: false,
        reuse_port: false,
    };
    rewrite::web(&line, &reading).err().map(rewrite::Refusal::note)
}

fn configured_process(
    project: &Project<'_>,
    name: &ProcessType,
    config: &ProcessConfig,
    made: &mut Processes,
) -> Result<(), InspectError> {
    let key = format!("processes.{name}");
    let spec = match (&config.command, made.specs.remove(name)) {
        (Some(line), _) => background(name.as_str(), line),
        (None, Some(spec)) => spec,
        (None, None) => {
            let line = project.config.line_of(&key);
            return Err(InspectError::NoCommand { process: name.to_string(), line });
        }
    };
    made.findings.push(Finding {
        subject: format!("process {name}"),
        value: spec.command.join(" "),
        evidence: vec![project.config_evidence(&key, format!("`{key}` in [tool.windlass]"))],
        override_key: Some(key),
    });
    made.specs.insert(name.clone(), with_config(spec, config));
    Ok(())
}
