//! The process types of the app: `web` from what was chosen, the others from the Procfile, and
//! what `[tool.windlass.processes]` says on top of both.

mod web_command;

use self::web_command::{reuse_port, web_command};
use super::choose::App;
use super::error::InspectError;
use super::procfile::Entry;
use super::project::Project;
use super::requirements::Declared;
use super::rewrite;
use super::serve::{self, Tuning};
use super::tree::join;
use std::collections::BTreeMap;
use windlass_model::{
    CommandLine, Finding, ProbeSpec, Problem, ProcessConfig, ProcessSpec, ProcessType, Resources,
    Serves,
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
    /// The web command for an image that knows no host; without one, that of the first worker.
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

/// Makes them.
pub(super) fn make(question: &Question<'_>) -> Result<Processes, InspectError> {
    let project = question.project;
    let web_type = ProcessType::web();
    let configured = project.config.processes.get(&web_type).cloned().unwrap_or_default();
    let tuning = tuning(question, &configured);
    let mut made = Processes {
        specs: BTreeMap::new(),
        image_command: Vec::new(),
        extra_requirements: Vec::new(),
        release: project.config.release.iter().map(rewrite::background).collect(),
        findings: Vec::new(),
        warnings: Vec::new(),
    };
    if let Some(web) = web_command(question, &tuning, configured.serves) {
        let unknown_host = Tuning { workers: Tuning::WORKERS, ..tuning };
        let for_image = web_command(question, &unknown_host, configured.serves);
        made.image_command = for_image.map(|web| web.command).unwrap_or_default();
        web.add_to(question, &configured, &tuning, &mut made);
    }
    from_procfile(project, &mut made);
    for (name, config) in project.config.processes.iter().filter(|(name, _)| **name != web_type) {
        configured_process(project, name, config, &mut made)?;
    }
    let Some(first) = made.specs.values().next() else {
        // Every line of the Procfile is for development only.
        let python_files = project.modules.iter().count();
        return Err(InspectError::NothingFound { python_files, near: Vec::new() });
    };
    if made.image_command.is_empty() {
        made.image_command = first.command.clone();
    }
    if let Some((name, spec)) = made.specs.iter().find(|(_, spec)| spec.singleton && spec.count > 1)
    {
        let (process, count) = (name.to_string(), spec.count);
        let line = project.config.line_of(&format!("processes.{name}"));
        return Err(InspectError::CountOfSingleton { process, count, line });
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
        value: windlass_model::shell_words::line(&spec.command),
        evidence: vec![project.config_evidence(&key, format!("`{key}` in [tool.windlass]"))],
        override_key: Some(key),
    });
    made.specs.insert(name.clone(), with_config(spec, config));
    Ok(())
}
