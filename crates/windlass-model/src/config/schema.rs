//! The keys of `[tool.windlass]` and what each takes.

use super::AppConfig;
use super::error::{ConfigError, ValueError};
use super::process::{CommandLine, command, process};
use super::reader::{Item, Reader, place};
use super::resolution::{dependencies_file, group_name, resolve_date};
use super::values::{
    compression, debian_package, host, image_name, inside_project, persist_path, url_path, variable,
};
use crate::quantity::parse_duration_ms;
use crate::{Machine, ProbeSpec, ProcessType, ScanConfig};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

const KEYS: [&str; 27] = [
    "name",
    "root",
    "python",
    "standalone-python",
    "base",
    "app",
    "server",
    "processes",
    "hosts",
    "domains",
    "health",
    "build",
    "build-secrets",
    "release",
    "env",
    "persist",
    "dependencies",
    "extras",
    "groups",
    "resolve-date",
    "apt",
    "build-apt",
    "exclude",
    "allow-files",
    "platforms",
    "image",
    "scan",
];
const IMAGE_KEYS: [&str; 1] = ["compression"];
const HEALTH_KEYS: [&str; 6] = ["path", "accept", "successes", "interval", "timeout", "deadline"];
const SCAN_KEYS: [&str; 3] = ["advisories", "ignore", "severity"];
const PROCESSES: &str = "[tool.windlass.processes]";

/// Reads `[tool.windlass]` out of a whole `pyproject.toml`.
pub(super) fn read(text: &str) -> Result<AppConfig, ConfigError> {
    let document = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: place(text, error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let tool = document.get_ref().get("tool").and_then(|tool| tool.get_ref().as_table());
    let Some(own) = tool.and_then(|tool| tool.get("windlass")) else {
        return Ok(AppConfig::default());
    };
    let DeValue::Table(table) = own.get_ref() else {
        return Err(ConfigError::WrongType {
            place: place(text, own.span().start),
            key: "tool.windlass".to_owned(),
            expected: "a table",
            found: own.get_ref().type_str(),
            example: "[tool.windlass]",
        });
    };
    let reader = Reader::open(text, "", table, &KEYS)?;
    let mut config = AppConfig::default();
    for item in reader.items() {
        config.lines.insert(item.key.clone(), item.place.line);
        fill(&mut config, &item)?;
    }
    Ok(config)
}

fn fill(config: &mut AppConfig, item: &Item<'_>) -> Result<(), ConfigError> {
    match item.key.as_str() {
        "name" => config.name = Some(item.text("name = \"shop\"", str::parse)?),
        "root" => config.root = Some(item.text("root = \"backend\"", inside_project)?),
        "python" => config.python = Some(item.text("python = \"3.13\"", str::parse)?),
        "standalone-python" => {
            config.standalone_python = item.boolean("standalone-python = true")?;
        }
        "base" => {
            config.base = Some(item.text("base = \"python:3.13-slim\"", image_name)?);
        }
        "app" => config.app = Some(item.text("app = \"shop.wsgi:app\"", str::parse)?),
        "server" => config.server = Some(item.text("server = \"gunicorn\"", str::parse)?),
        "processes" => processes(config, item)?,
        "hosts" | "domains" => {
            config.hosts.extend(item.texts("hosts = [\"shop.example.org\"]", host)?);
        }
        "health" => config.health = Some(health(item)?),
        "build" => config.build = commands(item, "build = [\"python make_assets.py\"]")?,
        "build-secrets" => {
            config.build_secrets = item.texts("build-secrets = [\"NPM_TOKEN\"]", variable)?;
        }
        "release" => config.release = commands(item, "release = [\"flask db upgrade\"]")?,
        "env" => config.env = env(item)?,
        "persist" => config.persist = Some(item.texts("persist = [\"instance/\"]", persist_path)?),
        "dependencies" => {
            let example = "dependencies = \"requirements/production.txt\"";
            config.dependencies = Some(item.text(example, dependencies_file)?);
        }
        "extras" => config.extras = item.texts("extras = [\"postgres\"]", group_name)?,
        "groups" => config.groups = item.texts("groups = [\"production\"]", group_name)?,
        "resolve-date" => {
            let example = "resolve-date = \"2026-11-01\"";
            config.resolve_date = Some(item.text(example, resolve_date)?);
        }
        "apt" => config.apt = item.texts("apt = [\"libpq5\"]", debian_package)?,
        "build-apt" => {
            config.build_apt = item.texts("build-apt = [\"libpq-dev\"]", debian_package)?;
        }
        "scan" => config.scan = scan(item)?,
        "exclude" => config.exclude = item.texts("exclude = [\"*.ipynb\"]", pattern)?,
        "platforms" => config.platforms = item.texts(PLATFORMS, platform)?,
        "image" => image(config, item)?,
        _ => {
            let example = "allow-files = [\"tests/fixtures/key.pem\"]";
            config.allow_files = item.texts(example, pattern)?;
        }
    }
    Ok(())
}

fn scan(item: &Item<'_>) -> Result<ScanConfig, ConfigError> {
    let table = item.as_table().ok_or_else(|| item.wrong("a table", "[tool.windlass.scan]"))?;
    let reader = Reader::open(item.source(), &item.key, table, &SCAN_KEYS)?;
    let mut scan = ScanConfig::default();
    if let Some(item) = reader.get("advisories") {
        scan.advisories = item.texts("advisories = [\"advisories/\"]", pattern)?;
    }
    if let Some(item) = reader.get("ignore") {
        let example = "ignore = [\"CVE-2024-1234 until 2027-01-31 # why\"]";
        scan.ignore = item.texts(example, |text| text.parse().map_err(ValueError::Ignored))?;
    }
    if let Some(item) = reader.get("severity") {
        scan.severity = Some(item.text("severity = \"high\"", str::parse)?);
    }
    Ok(scan)
}

/// How `platforms` is written.
const PLATFORMS: &str = "platforms = [\"linux/amd64\", \"linux/arm64\"]";

fn platform(text: &str) -> Result<Machine, ValueError> {
    Ok(text.parse()?)
}

/// Any text is a pattern of paths.
#[expect(clippy::unnecessary_wraps, reason = "read as the values are that can be wrong")]
fn pattern(text: &str) -> Result<String, ValueError> {
    Ok(text.to_owned())
}

fn commands(item: &Item<'_>, example: &'static str) -> Result<Vec<CommandLine>, ConfigError> {
    item.array("an array of commands", example)?.iter().map(command).collect()
}

fn image(config: &mut AppConfig, item: &Item<'_>) -> Result<(), ConfigError> {
    let table = item.as_table().ok_or_else(|| item.wrong("a table", "[tool.windlass.image]"))?;
    let reader = Reader::open(item.source(), &item.key, table, &IMAGE_KEYS)?;
    if let Some(item) = reader.get("compression") {
        config.compression = item.text("compression = \"zstd\"", compression)?;
    }
    Ok(())
}

fn processes(config: &mut AppConfig, item: &Item<'_>) -> Result<(), ConfigError> {
    let table = item.as_table().ok_or_else(|| item.wrong("a table", PROCESSES))?;
    let reader = Reader::open_free(item.source(), &item.key, table);
    for item in reader.items() {
        let example = "worker = \"celery -A shop worker\"";
        let name: ProcessType = reader
            .own_name(&item)
            .parse()
            .map_err(|error| item.invalid(ValueError::ProcessType(error), example))?;
        config.lines.insert(item.key.clone(), item.place.line);
        config.processes.insert(name, process(&item)?);
    }
    Ok(())
}

/// A path, or a table whose absent keys have the defaults of [`ProbeSpec::at`].
fn health(item: &Item<'_>) -> Result<ProbeSpec, ConfigError> {
    const EXAMPLE: &str = "health = \"/health\"";
    let Some(table) = item.as_table() else {
        if item.as_str().is_none() {
            return Err(item.wrong("a path or a table", EXAMPLE));
        }
        return item.text(EXAMPLE, url_path).map(ProbeSpec::at);
    };
    let reader = Reader::open(item.source(), &item.key, table, &HEALTH_KEYS)?;
    let path = reader.get("path").map(|item| item.text("path = \"/health\"", url_path));
    let mut probe = ProbeSpec::at(path.transpose()?.unwrap_or_else(|| "/".to_owned()));
    if let Some(item) = reader.get("accept") {
        let statuses = item.array("an array of statuses", "accept = [200, 204]")?;
        let status = |item: &Item<'_>| item.integer(100, 599, "accept = [200, 204]");
        probe.accept = statuses
            .iter()
            .map(|item| status(item).map(|status| status as u16))
            .collect::<Result<_, _>>()?;
    }
    if let Some(item) = reader.get("successes") {
        probe.successes = item.integer(1, 1_000, "successes = 3")? as u32;
    }
    for (key, example, field) in [
        ("interval", "interval = \"100ms\"", &mut probe.interval_ms),
        ("timeout", "timeout = \"5s\"", &mut probe.timeout_ms),
        ("deadline", "deadline = \"60s\"", &mut probe.deadline_ms),
    ] {
        if let Some(item) = reader.get(key) {
            *field = item.text(example, parse_duration_ms)?;
        }
    }
    Ok(probe)
}

/// Plain settings, all of them strings: what a number would look like is not guessed.
fn env(item: &Item<'_>) -> Result<BTreeMap<String, String>, ConfigError> {
    const EXAMPLE: &str = "env = { LOG_LEVEL = \"info\" }";
    let table = item.as_table().ok_or_else(|| item.wrong("a table of strings", EXAMPLE))?;
    let reader = Reader::open_free(item.source(), &item.key, table);
    let mut settings = BTreeMap::new();
    for item in reader.items() {
        let name = variable(reader.own_name(&item)).map_err(|e| item.invalid(e, EXAMPLE))?;
        let value = item.text(EXAMPLE, |text| {
            let bad = || ValueError::Variable { text: text.to_owned() };
            if text.contains('\0') { Err(bad()) } else { Ok(text.to_owned()) }
        })?;
        settings.insert(name, value);
    }
    Ok(settings)
}
