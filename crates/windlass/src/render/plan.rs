//! What a deploy would do, for a person.

use super::problem;
use super::style::{Style, Tone, printable};
use super::table::{Table, cell, toned};
use windlass_model::rollout::Step;
use windlass_model::{Finding, ProcessSpec, Serves};
use windlass_server::wire::{Change, PlanReport, PlannedPhase};

/// The whole plan.
pub(crate) fn plan(report: &PlanReport, verbose: bool, style: Style) -> Vec<String> {
    let heading = |text: &str| style.paint(Tone::Strong, text);
    let mut lines = vec![heading(&format!("{}: what was found", report.app))];
    lines.extend(findings(&report.findings, verbose, style));
    for warning in &report.warnings {
        lines.push(String::new());
        lines.extend(problem::warning(warning, style));
    }
    lines.extend([String::new(), heading("processes")]);
    lines.extend(processes(report, style));
    lines.extend([String::new(), heading("image")]);
    lines.extend(image(report, style));
    if !report.changes.is_empty() {
        lines.extend([String::new(), heading("against the current release")]);
        lines.extend(changes(&report.changes, style));
    }
    lines.extend([String::new(), heading(&format!("release {}", report.release))]);
    lines.extend(phases(&report.phases, style));
    lines.push(String::new());
    lines.push(match &report.url {
        Some(url) => format!("it would answer at {}", style.paint(Tone::Link, url)),
        None => "nothing was changed: `windlass deploy` does it".to_owned(),
    });
    lines
}

/// A conclusion longer than this has its evidence on the lines below.
const LONG: usize = 44;

/// Conclusions with their evidence; the first piece only, unless all are asked for.
pub(crate) fn findings(findings: &[Finding], verbose: bool, style: Style) -> Vec<String> {
    let mut table = Table::new(&[]);
    for finding in findings {
        let shown = if verbose { finding.evidence.len() } else { 1 };
        let mut subject = cell(printable(&finding.subject));
        let mut value = cell(printable(&finding.value));
        if finding.value.chars().count() > LONG {
            table.row(vec![std::mem::take(&mut subject), std::mem::take(&mut value)]);
        }
        for evidence in finding.evidence.iter().take(shown) {
            let evidence = toned(Tone::Faint, printable(&evidence.to_string()));
            table.row(vec![std::mem::take(&mut subject), std::mem::take(&mut value), evidence]);
        }
        if let (true, Some(key)) = (verbose, &finding.override_key) {
            let key = toned(Tone::Faint, format!("override: {key} in [tool.windlass]"));
            table.row(vec![cell(""), cell(""), key]);
        }
    }
    table.lines(style, 2)
}

fn processes(report: &PlanReport, style: Style) -> Vec<String> {
    let mut table = Table::new(&[]);
    for (name, process) in &report.spec.processes {
        table.row(vec![
            toned(Tone::Strong, name.as_str()),
            cell(format!("x {}", process.count)),
            toned(Tone::Faint, manner(process)),
            cell(printable(&shell_words(&process.command))),
        ]);
    }
    for command in &report.spec.release_commands {
        let once = toned(Tone::Faint, "before the switch");
        let command = cell(printable(&shell_words(command)));
        table.row(vec![cell("release"), cell("once"), once, command]);
    }
    table.lines(style, 2)
}

fn manner(process: &ProcessSpec) -> String {
    let serves = match process.serves {
        Serves::Socket => "on its own socket",
        Serves::Port => "on its own port",
        Serves::Nothing => "takes no requests",
    };
    let probe = process
        .probe
        .as_ref()
        .map(|probe| format!(", probed at {} ({} in a row)", probe.path, probe.successes));
    let alone = if process.singleton { ", never two at once" } else { "" };
    format!("{serves}{}{alone}", probe.unwrap_or_default())
}

/// The layers to come, lowest first.
fn image(report: &PlanReport, style: Style) -> Vec<String> {
    let build = &report.build;
    let mut table = Table::new(&[]);
    let mut layer = |name: &str, what: String| {
        table.row(vec![cell(name), toned(Tone::Faint, what)]);
    };
    let apt: Vec<_> = build.apt.iter().map(|package| format!(", {}", package.name)).collect();
    let apt = apt.concat();
    if let Some(base) = &build.base.image {
        layer("base", format!("{}, with its Python", printable(base)));
    } else {
        layer("root", format!("Debian, and the libraries that the dependencies need{apt}"));
        let standalone = if windlass_build::is_standalone(build) {
            ", a standalone build that uv fetches"
        } else {
            ""
        };
        layer("python", format!("Python {}{standalone}", build.python));
    }
    let extra: Vec<_> =
        build.extra_requirements.iter().map(|name| format!(", and {name}")).collect();
    layer("dependencies", format!("{}{}", declared(report), extra.concat()));
    let excluded = match build.exclude.len() {
        0 => String::new(),
        n => format!(", without {n} patterns"),
    };
    layer("app", format!("the project's files{excluded}"));
    for kept in &build.persist {
        layer("kept", format!("{} outlives every release", printable(&kept.path)));
    }
    table.lines(style, 2)
}

fn declared(report: &PlanReport) -> String {
    use windlass_model::Dependencies as D;
    let dependencies = &report.build.dependencies;
    match dependencies {
        D::UvLock { dir } if dir.is_empty() => "locked by uv.lock".to_owned(),
        D::UvLock { dir } => format!("{dir} as locked by uv.lock"),
        D::Lock { file, .. } => format!("locked by {file}"),
        D::Requirements { .. } | D::Project { .. } | D::Listed { .. } => {
            format!("from {}", dependencies.describe())
        }
        D::None => "none declared".to_owned(),
    }
}

fn changes(changes: &[Change], style: Style) -> Vec<String> {
    let mut table = Table::new(&[]);
    for change in changes {
        let value = |value: &Option<String>| value.as_deref().map_or("-".to_owned(), printable);
        table.row(vec![
            cell(printable(&change.what)),
            toned(Tone::Bad, value(&change.from)),
            cell("->"),
            toned(Tone::Good, value(&change.to)),
        ]);
    }
    table.lines(style, 2)
}

fn phases(phases: &[PlannedPhase], style: Style) -> Vec<String> {
    let mut table = Table::new(&[]);
    for planned in phases {
        for (n, step) in planned.batches.iter().flatten().enumerate() {
            let name = if n == 0 { planned.phase.to_string() } else { String::new() };
            table.row(vec![cell(name), cell(step_text(step))]);
        }
    }
    table.lines(style, 2)
}

fn step_text(step: &Step) -> String {
    printable(&step.to_string())
}

/// A command as it could be typed: words with blanks or quotes in single quotes.
pub(crate) fn shell_words(command: &[String]) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%()".contains(c);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(safe) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
