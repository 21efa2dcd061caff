//! The parts of `pyproject.toml` that other tools own: `[project]`, `[tool.poetry]`, `[tool.uv]`.

use crate::image::matches_pattern;
use toml::Table;

/// A `pyproject.toml` read for its metadata. Wrong types count as absent: the tools that own the
/// tables report them.
#[derive(Debug, Clone, Default)]
pub(super) struct Metadata {
    pub(super) has_project: bool,
    pub(super) name: Option<String>,
    pub(super) requires_python: Option<String>,
    pub(super) dependencies: Vec<String>,
    /// Names of `[project.scripts]`.
    pub(super) scripts: Vec<String>,
    /// Python constraint of `[tool.poetry.dependencies]`.
    pub(super) poetry_python: Option<String>,
    pub(super) has_poetry_dependencies: bool,
    /// `[tool.uv.workspace]`, where there is one.
    pub(super) workspace: Option<Workspace>,
}

/// Folders that share a lock, as patterns relative to the one that names them.
#[derive(Debug, Clone, Default)]
pub(super) struct Workspace {
    members: Vec<String>,
    exclude: Vec<String>,
}

impl Workspace {
    fn parse(table: &Table) -> Option<Self> {
        let table = table.get("tool")?.get("uv")?.get("workspace")?.as_table()?;
        let strings = |key: &str| -> Vec<String> {
            let array = table.get(key).and_then(toml::Value::as_array);
            let texts = array.into_iter().flatten().filter_map(|value| value.as_str());
            texts.map(str::to_owned).collect()
        };
        Some(Self { members: strings("members"), exclude: strings("exclude") })
    }

    /// Whether a folder, relative to the workspace's, is a member.
    pub(super) fn covers(&self, folder: &str) -> bool {
        let any =
            |patterns: &[String]| patterns.iter().any(|pattern| matches_pattern(pattern, folder));
        any(&self.members) && !any(&self.exclude)
    }
}

impl Metadata {
    /// Reads the text; `None` when it is not TOML.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let table: Table = text.parse().ok()?;
        let project = table.get("project").and_then(toml::Value::as_table);
        let text_of = |key: &str| Some(project?.get(key)?.as_str()?.to_owned());
        let strings = |key: &str| -> Vec<String> {
            let array = project.and_then(|project| project.get(key)?.as_array());
            let texts = array.into_iter().flatten().filter_map(|value| value.as_str());
            texts.map(str::to_owned).collect()
        };
        let poetry =
            table.get("tool").and_then(|tool| tool.get("poetry")?.get("dependencies")?.as_table());
        Some(Self {
            has_project: project.is_some(),
            name: text_of("name"),
            requires_python: text_of("requires-python"),
            dependencies: strings("dependencies"),
            scripts: project
                .and_then(|project| project.get("scripts")?.as_table())
                .map(|scripts| scripts.keys().cloned().collect())
                .unwrap_or_default(),
            poetry_python: poetry
                .and_then(|poetry| poetry.get("python")?.as_str())
                .map(str::to_owned),
            has_poetry_dependencies: poetry.is_some(),
            workspace: Workspace::parse(&table),
        })
    }
}

/// The line on which a text first appears at the start of a line, counted from 1.
pub(super) fn line_starting(text: &str, start: &str) -> Option<u32> {
    text.lines().position(|line| line.trim_start().starts_with(start)).map(|at| at as u32 + 1)
}

/// The line on which a text first appears, counted from 1.
pub(super) fn line_with(text: &str, part: &str) -> Option<u32> {
    text.lines().position(|line| line.contains(part)).map(|at| at as u32 + 1)
}
