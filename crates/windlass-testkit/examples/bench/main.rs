//! Measurements of the product as ratios: `bench <switch|build|memory> <windlass binary> <project>`.
//!
//! Ratios are taken in one run on one machine, so that they mean something elsewhere. Nothing is
//! judged here: a measurement prints what it saw.

#![expect(clippy::print_stdout, reason = "a measurement prints its figures")]

mod build;
mod memory;
mod switch;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use windlass_testkit::{Run, World};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["switch", binary, project] => switch::measure(&Subject::new(binary, project)),
        ["build", binary, project] => build::measure(&Subject::new(binary, project)),
        ["memory", binary, project] => memory::measure(&Subject::new(binary, project)),
        _ => {
            println!("usage: bench <switch|build|memory> <windlass binary> <project>");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// What is measured.
struct Subject {
    binary: PathBuf,
    project: PathBuf,
    /// Downloads, shared by the worlds of one measurement.
    cache: tempfile::TempDir,
}

impl Subject {
    fn new(binary: &str, project: &str) -> Self {
        let absolute = |path: &str| {
            std::fs::canonicalize(path).unwrap_or_else(|e| panic!("cannot find {path}: {e}"))
        };
        Self {
            binary: absolute(binary),
            project: absolute(project),
            cache: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A world of its own, and a copy of the project in it.
    fn world(&self) -> (World, PathBuf) {
        let world = World::new(&self.binary, self.cache.path());
        let name = self.project.file_name().unwrap_or_default();
        let copy = world.home().join("projects").join(name);
        copy_folder(&self.project, &copy);
        (world, copy)
    }
}

/// Deploys, and gives every event of the deploy.
fn deploy(world: &World, project: &Path) -> (Run, Vec<Value>) {
    let run = world.run(&["deploy", "--json", &project.to_string_lossy()]).expect_code(0);
    let events = run.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    (run, events)
}

/// The URL that a deploy's events end with.
fn url_of(events: &[Value]) -> String {
    let found = events.iter().rev().find_map(|event| find_text(event, "url"));
    found.expect("a deploy ends with a URL")
}

fn find_text(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::Object(map) => match map.get(key).and_then(Value::as_str) {
            Some(text) => Some(text.to_owned()),
            None => map.values().find_map(|value| find_text(value, key)),
        },
        Value::Array(list) => list.iter().find_map(|value| find_text(value, key)),
        _ => None,
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the project is there").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

/// The middle of some durations in milliseconds.
fn median(mut ms: Vec<u64>) -> u64 {
    ms.sort_unstable();
    ms.get(ms.len() / 2).copied().unwrap_or(0)
}
