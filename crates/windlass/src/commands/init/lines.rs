//! The lines that `windlass init` adds: pure.

use windlass_build::inspect::Inspection;
use windlass_model::{Finding, ProbeSpec};

/// Whether the text has `[tool.windlass]`, in whatever spelling. A text that is not TOML has not:
/// reading it says what is wrong with it.
pub(super) fn has_table(text: &str) -> bool {
    let table: Option<toml::Table> = text.parse().ok();
    let tool = table.as_ref().and_then(|table| table.get("tool"));
    tool.and_then(|tool| tool.get("windlass")).is_some()
}

/// The text with the table at its end, one blank line between.
pub(super) fn added(before: &str, table: &str) -> String {
    let gap = match before {
        "" => "",
        text if text.ends_with("\n\n") => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    format!("{before}{gap}{table}")
}

/// `[tool.windlass]` with what was inferred. Only the name is fixed: the other lines are
/// commented out, so that inference goes on following the code until somebody decides.
pub(super) fn table(inspection: &Inspection) -> String {
    let (app, build) = (&inspection.app, &inspection.build);
    let mut lines = vec![
        "[tool.windlass]".to_owned(),
        format!("name = {}", quoted(app.name.as_str())),
        "# What follows was found in the project, and is found anew at each deploy. Remove a `#` to"
            .to_owned(),
        "# fix a line.".to_owned(),
    ];
    let findings = &inspection.findings;
    let mut line = |key: &str, value: String| {
        lines.extend(evidence(findings, key));
        lines.push(format!("# {key} = {value}"));
    };
    line("python", quoted(&build.python.to_string()));
    if let Some(object) = value_of(findings, "app") {
        line("app", quoted(object));
    }
    if let Some(probe) = app.processes.values().find_map(|process| process.probe.as_ref()) {
        line("health", health(probe));
    }
    if !app.hosts.is_empty() {
        line("hosts", list(&app.hosts));
    }
    if !app.release_commands.is_empty() {
        let commands: Vec<_> = app.release_commands.iter().map(|words| list(words)).collect();
        line("release", format!("[{}]", commands.join(", ")));
    }
    let kept = app
        .persist
        .iter()
        .map(|kept| if kept.directory { format!("{}/", kept.path) } else { kept.path.clone() });
    line("persist", list(&kept.collect::<Vec<_>>()));
    if !build.apt.is_empty() {
        let names: Vec<_> = build.apt.iter().map(|package| package.name.clone()).collect();
        line("apt", list(&names));
    }
    for (name, process) in &app.processes {
        lines.push(format!("# [tool.windlass.processes.{name}]"));
        lines.push(format!("# command = {}", list(&process.command)));
        lines.push(format!("# count = {}", process.count));
    }
    lines.join("\n") + "\n"
}

fn value_of<'a>(findings: &'a [Finding], key: &str) -> Option<&'a str> {
    let by_key = |finding: &&Finding| finding.override_key.as_deref() == Some(key);
    findings.iter().find(by_key).map(|finding| finding.value.as_str())
}

/// Where a conclusion comes from, as a comment above its line.
fn evidence(findings: &[Finding], key: &str) -> Option<String> {
    let by_key = |finding: &&Finding| finding.override_key.as_deref() == Some(key);
    let evidence = findings.iter().find(by_key)?.evidence.first()?;
    // One line, whatever the project's own text is.
    let text: String = evidence.to_string().chars().filter(|c| !c.is_control()).collect();
    Some(format!("# ({text})"))
}

fn health(probe: &ProbeSpec) -> String {
    quoted(&probe.path)
}

fn list(items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_seen_in_every_spelling() {
        for text in ["[tool.windlass]\n", "[tool]\nwindlass = {}\n", "tool.windlass.name = \"x\"\n"]
        {
            assert!(has_table(text), "{text}");
        }
        assert!(!has_table("[tool.other]\n# [tool.windlass]\n"));
    }

    #[test]
    fn one_blank_line_is_between_old_and_new() {
        for before in ["a = 1", "a = 1\n", "a = 1\n\n"] {
            assert_eq!(added(before, "[t]\n"), "a = 1\n\n[t]\n");
        }
        assert_eq!(added("", "[t]\n"), "[t]\n");
    }

    #[test]
    fn texts_are_quoted_as_toml_wants_them() {
        for text in ["plain", "a\"b", "back\\slash", "line\nend"] {
            let line = format!("x = {}", quoted(text));
            let table: toml::Table = line.parse().expect("valid");
            assert_eq!(table["x"].as_str(), Some(text), "{line}");
        }
    }
}
