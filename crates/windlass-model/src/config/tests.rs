//! The reference is the schema; everything else is refused with its place.

use super::*;
use crate::{Serves, Severity};

const REFERENCE: &str = include_str!("../../../../docs/config-reference.toml");

fn error_of(table: &str) -> String {
    let error = AppConfig::from_pyproject(table).expect_err(table);
    let problem = error.explain();
    format!("{} / {}", problem.message, problem.hints.join("; "))
}

#[test]
fn the_reference_is_the_schema() {
    let config = AppConfig::from_pyproject(REFERENCE).expect("the reference is valid");
    assert_eq!(config.name.as_ref().map(AppName::as_str), Some("shop"));
    assert_eq!(config.app.as_ref().map(ToString::to_string).as_deref(), Some("shop:create_app()"));
    let web = &config.processes[&ProcessType::web()];
    assert_eq!(web.count, Some(2));
    assert_eq!((web.memory_bytes, web.cpu_millis), (Some(512_000_000), Some(500)));
    assert_eq!((web.stop_signal, web.serves), (Some(15), Some(Serves::Socket)));
    assert_eq!(config.hosts, ["shop.example.org", "www.shop.example.org"]);
    let health = config.health.as_ref().expect("health is there");
    assert_eq!((health.path.as_str(), health.accept.as_slice()), ("/ready", [200, 204].as_slice()));
    assert_eq!((health.interval_ms, health.deadline_ms), (100, 60_000));
    assert_eq!(config.release, [CommandLine::Line("flask db upgrade".to_owned())]);
    assert_eq!(config.persist.as_ref().map(Vec::len), Some(2));
    assert_eq!(config.compression, crate::Compression::Gzip);
    assert_eq!(config.platforms, crate::Machine::ALL);
    assert_eq!(config.scan.advisories.len(), 2);
    assert_eq!(config.scan.severity, Some(Severity::Medium));
    assert_eq!(config.scan.ignore[0].until.as_deref(), Some("2027-01-31"));
    let line = config.line_of("processes.web").expect("its place is known");
    assert!(REFERENCE.lines().nth(line as usize - 1).is_some_and(|text| text.contains("web")));
}

#[test]
fn every_known_key_is_in_the_reference() {
    for known in [
        "[tool.windlass]\nx=1",
        "[tool.windlass.health]\nx=1",
        "[tool.windlass.image]\nx=1",
        "[tool.windlass.processes.a]\nx=1",
        "[tool.windlass.scan]\nx=1",
    ] {
        let Err(ConfigError::UnknownKey { known, .. }) = AppConfig::from_pyproject(known) else {
            panic!("{known} must be refused");
        };
        for key in known.iter().filter(|key| **key != "domains") {
            let present = REFERENCE.lines().any(|line| {
                line.starts_with(&format!("{key} "))
                    || line.starts_with(&format!("[tool.windlass.{key}"))
            });
            assert!(present, "`{key}` is not explained in the reference");
        }
    }
}

#[test]
fn without_a_table_everything_is_open() {
    for text in ["", "[project]\nname = \"x\"\n", "[tool.ruff]\n"] {
        assert_eq!(AppConfig::from_pyproject(text), Ok(AppConfig::default()), "{text}");
    }
}

#[test]
fn errors_name_place_and_cure() {
    for (text, expected) in [
        (
            "[project]\n\n[tool.windlass]\nnmae = \"x\"",
            "pyproject.toml:4:1: `nmae` is not a key of `[tool.windlass]` / did you mean `name`?",
        ),
        (
            "[tool.windlass]\n  app = 7",
            "pyproject.toml:2:9: `app` must be a string, found an integer / write for example: app = \"shop.wsgi:app\"",
        ),
        (
            "[tool.windlass.processes.web]\nmemory = \"lots\"",
            "pyproject.toml:2:10: `processes.web.memory`: `lots` is not a size: write for example \"512MB\" or \"1.5GB\" / write for example: memory = \"512MB\"",
        ),
        (
            "[tool.windlass.processes]\nWeb = \"x\"",
            "pyproject.toml:2:7: `processes.Web`: `Web` cannot name a process type: use 1 to 16 lower-case letters, digits and hyphens, starting with a letter / write for example: worker = \"celery -A shop worker\"",
        ),
        (
            "[tool.windlass]\npersist = [\"instance\", \"../x\"]",
            "pyproject.toml:2:24: `persist`: `../x` must be a path inside the project, without `..` / write for example: persist = [\"instance/\"]",
        ),
    ] {
        assert_eq!(error_of(text), expected);
    }
}

#[test]
fn wrong_types_are_refused_everywhere() {
    for value in ["1", "1.5", "true", "2026-01-01", "[]", "{}", "\"\\u0000\""] {
        for key in ["name", "root", "python", "app", "server", "hosts", "health", "release", "env"]
        {
            let text = format!("[tool.windlass]\n{key} = {value}");
            let empty =
                matches!((key, value), ("hosts" | "release", "[]") | ("env" | "health", "{}"));
            assert_eq!(AppConfig::from_pyproject(&text).is_ok(), empty, "{text}");
        }
    }
    for broken in ["[tool.windlass", "tool = 3\n[tool.windlass]", "[tool]\nwindlass = 1", "\u{0}"] {
        assert!(AppConfig::from_pyproject(broken).is_err(), "{broken:?}");
    }
    assert!(error_of("a = \n").starts_with("pyproject.toml:1:"));
}

#[test]
fn numbers_have_ranges() {
    for (line, good) in [
        ("count = 0", true),
        ("count = -1", false),
        ("count = 0x10", true),
        ("count = 99999999999999999999", false),
        ("cpu = 2", true),
        ("cpu = 0", false),
        ("cpu = nan", false),
        ("pids = 0", false),
        ("stop-timeout = 30", false),
        ("stop-timeout = \"30s\"", true),
        ("serves = \"udp\"", false),
        ("command = []", false),
        ("command = [\"python\", \"-m\", \"shop\"]", true),
        ("command = \"  \"", false),
    ] {
        let text = format!("[tool.windlass.processes.web]\n{line}");
        assert_eq!(AppConfig::from_pyproject(&text).is_ok(), good, "{line}");
    }
}
