//! One process type of `[tool.windlass.processes]`.

use super::error::{ConfigError, ValueError};
use super::reader::{Item, Reader};
use super::values::signal;
use crate::Serves;
use crate::quantity::{parse_bytes, parse_duration_ms};

/// A command as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// One line, as in a Procfile; it may need a shell.
    Line(String),
    /// Its words, run without a shell.
    Words(Vec<String>),
}

/// What a project says of one process type; what is absent is found or has a default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessConfig {
    /// What to run. Only `web` can do without: inspection finds it.
    pub command: Option<CommandLine>,
    /// How many replicas run.
    pub count: Option<u32>,
    /// Memory of each replica in bytes.
    pub memory_bytes: Option<u64>,
    /// Processor time of each replica, in thousandths of a core.
    pub cpu_millis: Option<u32>,
    /// Processes and threads of each replica.
    pub pids: Option<u32>,
    /// Time from the stop signal to SIGKILL, in milliseconds.
    pub stop_timeout_ms: Option<u64>,
    /// How long its requests in flight are waited for, in milliseconds.
    pub drain_timeout_ms: Option<u64>,
    /// Signal that asks it to finish, as its number.
    pub stop_signal: Option<i32>,
    /// Whether two must never run at once.
    pub singleton: Option<bool>,
    /// How requests reach it.
    pub serves: Option<Serves>,
}

const KEYS: [&str; 10] = [
    "command",
    "count",
    "memory",
    "cpu",
    "pids",
    "stop-timeout",
    "drain-timeout",
    "stop-signal",
    "singleton",
    "serves",
];
const SERVES: [&str; 3] = ["socket", "port", "nothing"];
const COMMAND: &str = "worker = \"celery -A shop worker\"";

/// A command: a string, or an array of its words.
pub(super) fn command(item: &Item<'_>) -> Result<CommandLine, ConfigError> {
    let bad = |text: &str| ValueError::Command { text: text.to_owned() };
    if item.is_array() {
        let example = "[\"celery\", \"-A\", \"shop\", \"worker\"]";
        let words = item.texts(example, |word| {
            if word.contains('\0') { Err(bad(word)) } else { Ok(word.to_owned()) }
        })?;
        return match words.first() {
            Some(first) if !first.is_empty() => Ok(CommandLine::Words(words)),
            _ => Err(item.invalid(bad("[]"), example)),
        };
    }
    if item.as_str().is_none() {
        return Err(item.wrong("a command: a string, or an array of strings", COMMAND));
    }
    item.text(COMMAND, |line| {
        let line = line.trim();
        if line.is_empty() || line.contains('\0') {
            Err(bad(line))
        } else {
            Ok(CommandLine::Line(line.to_owned()))
        }
    })
}

/// A process type: its command, or a table with more.
pub(super) fn process(item: &Item<'_>) -> Result<ProcessConfig, ConfigError> {
    let Some(table) = item.as_table() else {
        if item.as_str().is_none() && !item.is_array() {
            return Err(item.wrong("a command or a table", COMMAND));
        }
        return Ok(ProcessConfig { command: Some(command(item)?), ..ProcessConfig::default() });
    };
    let reader = Reader::open(item.source(), &item.key, table, &KEYS)?;
    let whole = |key, least, most, example| -> Result<Option<u64>, ConfigError> {
        reader.get(key).map(|item| item.integer(least, most, example)).transpose()
    };
    let duration = |key, example| -> Result<Option<u64>, ConfigError> {
        reader.get(key).map(|item| item.text(example, parse_duration_ms)).transpose()
    };
    Ok(ProcessConfig {
        command: reader.get("command").map(|item| command(&item)).transpose()?,
        count: whole("count", 0, 1_000, "count = 2")?.map(|n| n as u32),
        memory_bytes: reader
            .get("memory")
            .map(|item| item.text("memory = \"512MB\"", parse_bytes))
            .transpose()?,
        cpu_millis: reader
            .get("cpu")
            .map(|item| item.thousandths(1_024, "cpu = 0.5"))
            .transpose()?,
        pids: whole("pids", 1, 4_194_304, "pids = 512")?.map(|n| n as u32),
        stop_timeout_ms: duration("stop-timeout", "stop-timeout = \"30s\"")?,
        drain_timeout_ms: duration("drain-timeout", "drain-timeout = \"30s\"")?,
        stop_signal: reader
            .get("stop-signal")
            .map(|item| item.text("stop-signal = \"SIGTERM\"", signal))
            .transpose()?,
        singleton: reader
            .get("singleton")
            .map(|item| item.boolean("singleton = true"))
            .transpose()?,
        serves: reader
            .get("serves")
            .map(|item| item.text("serves = \"port\"", serves))
            .transpose()?,
    })
}

fn serves(text: &str) -> Result<Serves, ValueError> {
    match text {
        "socket" => Ok(Serves::Socket),
        "port" => Ok(Serves::Port),
        "nothing" => Ok(Serves::Nothing),
        _ => Err(ValueError::NotOneOf { text: text.to_owned(), known: &SERVES }),
    }
}
