//! Cold and warm builds, split by part.

use crate::{Subject, deploy};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Prints a table: every part of a build with nothing cached, with downloads cached, after a
/// one-line change, and with nothing changed.
pub(super) fn measure(subject: &Subject) {
    let mut rows = Vec::new();
    let (world, project) = subject.world();
    rows.push(("cold", timed(&world, &project)));
    drop(world);
    let (world, project) = subject.world();
    rows.push(("downloads cached", timed(&world, &project)));
    change(&project);
    rows.push(("one line changed", timed(&world, &project)));
    rows.push(("nothing changed", timed(&world, &project)));

    let mut parts: Vec<String> = Vec::new();
    for part in rows.iter().flat_map(|(_, (_, parts))| parts.keys()) {
        if !parts.contains(part) {
            parts.push(part.clone());
        }
    }
    println!("| build | whole deploy ms | {} |", parts.join(" ms | "));
    println!("|---|---|{}", "---|".repeat(parts.len()));
    for (name, (whole, took)) in &rows {
        let cells: Vec<String> = parts
            .iter()
            .map(|part| took.get(part).map_or_else(|| "-".to_owned(), ToString::to_string))
            .collect();
        println!("| {name} | {whole} | {} |", cells.join(" | "));
    }
}

/// Adds a line to the first Python file of the project's packages.
pub(super) fn change(project: &Path) {
    let file = first_python(project).expect("a Python project");
    let mut text = std::fs::read_to_string(&file).expect("it was just found");
    text.push_str("\n# one more line\n");
    std::fs::write(&file, text).expect("the copy is ours");
}

fn first_python(folder: &Path) -> Option<std::path::PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|e| e.path()).collect();
    entries.sort();
    let hidden = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with('.') || name == "tests"
    };
    let found = entries.iter().find(|path| path.extension().is_some_and(|e| e == "py")).cloned();
    found.or_else(|| {
        entries.iter().filter(|p| p.is_dir() && !hidden(p)).find_map(|folder| first_python(folder))
    })
}

fn timed(world: &windlass_testkit::World, project: &Path) -> (u64, BTreeMap<String, u64>) {
    let (run, events) = deploy(world, project);
    let mut parts = BTreeMap::new();
    for event in events.iter().filter(|event| event["event"] == "build") {
        if let (Some(part), Some(took)) = (event["part"].as_str(), elapsed(event)) {
            parts.insert(part.to_owned(), took);
        }
    }
    (run.elapsed_ms, parts)
}

fn elapsed(event: &Value) -> Option<u64> {
    event["elapsed_ms"].as_u64()
}
