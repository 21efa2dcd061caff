//! Requirements files, with those that they name.

use super::{Install, Step, Tool, installer, nothing};
use crate::export::ExportRequest;
use std::collections::BTreeMap;
use windlass_model::shell_words;

/// How many requirements files that name each other are followed.
const MOST_FILES: usize = 50;

/// Installs them, after copying all of them.
pub(super) fn by_requirements(request: &ExportRequest<'_>, files: &[String]) -> Install {
    let mut found = BTreeMap::new();
    for file in files {
        follow(request, file, &mut found);
    }
    let needs_source = found.values().any(|text| names_a_folder(text));
    let arguments: Vec<String> =
        files.iter().map(|file| format!("-r {}", shell_words::quote(file))).collect();
    let why = if needs_source {
        "The requirements name folders of the project, so the source has to be there."
    } else {
        "The packages alone: this layer stays until the requirements change."
    };
    let command = installer(Tool::PIP, &arguments.join(" "));
    Install {
        copies: found.into_keys().collect(),
        steps: vec![Step { why, command, needs_source }],
        ..nothing()
    }
}

/// Adds a requirements file and those that it names (pip, "Requirements File Format").
fn follow(request: &ExportRequest<'_>, file: &str, found: &mut BTreeMap<String, String>) {
    if found.contains_key(file) || found.len() == MOST_FILES {
        return;
    }
    let Some(text) = (request.read)(file) else { return };
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let named: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let line = line.split(" #").next().unwrap_or(line).trim();
            let flags = ["--requirement", "--constraint", "-r", "-c"];
            let rest = flags.iter().find_map(|flag| line.strip_prefix(flag))?;
            Some(rest.trim_start_matches(['=', ' ']).trim().to_owned())
        })
        .collect();
    found.insert(file.to_owned(), text);
    for name in named {
        if let Some(path) = joined(folder, &name) {
            follow(request, &path, found);
        }
    }
}

/// The path of a file named from a folder; `None` for what is not in the project.
fn joined(folder: &str, name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with('/') || name.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn names_a_folder(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| {
        let editable = line.strip_prefix("-e ").or_else(|| line.strip_prefix("--editable"));
        let target = editable.unwrap_or(line).trim_start_matches(['=', ' ']);
        target == "." || ["./", "../", ".["].iter().any(|start| target.starts_with(start))
    })
}
