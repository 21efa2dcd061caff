//! What came of locking and syncing: documents for programs, lines for people. Pure.

use super::style::{Style, Tone, printable};
use super::table::{Table, cell, toned};
use serde::Serialize;
use windlass_build::packages::{LockReport, SyncReport};
use windlass_build::wheels::Moved;

/// The result of `windlass lock --json` and `windlass upgrade --json`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LockDocument {
    lock: String,
    written: bool,
    packages: usize,
    as_of: Option<String>,
    moved: Vec<MovedDocument>,
    moved_debian: Vec<MovedDocument>,
}

/// The result of `windlass sync --json`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SyncDocument {
    environment: String,
    made: bool,
    packages: usize,
    as_of: Option<String>,
    moved: Vec<MovedDocument>,
}

/// A package that moved: without `from` it is new, without `to` it is gone.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct MovedDocument {
    name: String,
    from: Option<String>,
    to: Option<String>,
}

pub(crate) fn lock_document(report: &LockReport) -> LockDocument {
    LockDocument {
        lock: report.file.clone(),
        written: report.written,
        packages: report.packages,
        as_of: report.as_of.as_ref().map(ToString::to_string),
        moved: report.moved.iter().map(document).collect(),
        moved_debian: report.moved_debian.iter().map(document).collect(),
    }
}

pub(crate) fn sync_document(report: &SyncReport) -> SyncDocument {
    SyncDocument {
        environment: report.folder.display().to_string(),
        made: report.made,
        packages: report.packages,
        as_of: report.as_of.as_ref().map(ToString::to_string),
        moved: report.moved.iter().map(document).collect(),
    }
}

fn document(moved: &Moved) -> MovedDocument {
    let (name, from, to) = parts(moved);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    MovedDocument { name: name.to_owned(), from: owned(from), to: owned(to) }
}

fn parts(moved: &Moved) -> (&str, Option<&str>, Option<&str>) {
    match moved {
        Moved::Added { name, version } => (name, None, Some(version)),
        Moved::Removed { name, version } => (name, Some(version), None),
        Moved::Changed { name, from, to } => (name, Some(from), Some(to)),
    }
}

/// `windlass.lock written: 12 packages, as of 2026-11-01T00:00:00Z`.
pub(crate) fn lock_summary(report: &LockReport) -> String {
    let did = if report.written { "written" } else { "is up to date" };
    let as_of = report.as_of.as_ref().map(|as_of| format!(", {as_of}")).unwrap_or_default();
    format!("{} {did}: {}{as_of}", printable(&report.file), count(report.packages))
}

/// `.venv made: 12 packages`.
pub(crate) fn sync_summary(report: &SyncReport) -> String {
    let did = match (report.made, report.moved.is_empty()) {
        (true, _) => "made",
        (false, true) => "is as it should be",
        (false, false) => "changed",
    };
    let folder = printable(&report.folder.display().to_string());
    format!("{folder} {did}: {}", count(report.packages))
}

fn count(packages: usize) -> String {
    match packages {
        1 => "1 package".to_owned(),
        count => format!("{count} packages"),
    }
}

/// A row for each package that moved, Debian's last.
pub(crate) fn moved(python: &[Moved], debian: &[Moved], style: Style) -> Vec<String> {
    let mut table = Table::new(&[]);
    for (moved, whose) in
        python.iter().map(|it| (it, "")).chain(debian.iter().map(|it| (it, "Debian")))
    {
        let (name, from, to) = parts(moved);
        let version = |text: Option<&str>| printable(text.unwrap_or("-"));
        table.row(vec![
            cell(printable(name)),
            toned(Tone::Bad, version(from)),
            cell("->"),
            toned(Tone::Good, version(to)),
            toned(Tone::Faint, whose),
        ]);
    }
    table.lines(style, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_build::wheels::AsOf;

    fn report() -> LockReport {
        LockReport {
            file: "windlass.lock".to_owned(),
            written: true,
            packages: 2,
            moved: vec![
                Moved::Changed { name: "flask".into(), from: "3.0.0".into(), to: "3.1.0".into() },
                Moved::Added { name: "click".into(), version: "8".into() },
            ],
            moved_debian: vec![Moved::Removed { name: "libc6".into(), version: "1".into() }],
            as_of: Some(AsOf::Date("2026-11-01T00:00:00Z".to_owned())),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_lock_is_told_in_words_and_as_a_document() {
        let report = report();
        let said = "windlass.lock written: 2 packages, as of 2026-11-01T00:00:00Z";
        assert_eq!(lock_summary(&report), said);
        let lines = moved(&report.moved, &report.moved_debian, Style::plain());
        let words = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = lines.iter().map(words).collect();
        assert_eq!(lines, ["flask 3.0.0 -> 3.1.0", "click - -> 8", "libc6 1 -> - Debian"]);
        let document = serde_json::to_value(lock_document(&report)).expect("JSON");
        assert_eq!(document["moved"][0]["from"], "3.0.0");
        assert_eq!(document["moved"][1]["from"], serde_json::Value::Null);
    }
}
