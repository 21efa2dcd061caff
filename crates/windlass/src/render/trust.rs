//! Keys, signatures and vulnerabilities, in lines.

use super::style::{Style, Tone, printable};
use super::table::{Table, cell, toned};
use std::path::Path;
use windlass_build::advisories::{Finding, Report};
use windlass_build::signature::{Signed, Verified};
use windlass_model::{Digest, Severity};

/// A pair of keys was written.
pub(crate) fn generated(private: &Path, public: &Path, encrypted: bool) -> Vec<String> {
    let how = if encrypted { "encrypted by your password" } else { "not encrypted: guard it" };
    vec![
        format!("{} signs ({how})", private.display()),
        format!("{} verifies: give it to whoever runs your images", public.display()),
    ]
}

/// An image was signed; an index with all its images.
pub(crate) fn signed(name: &str, reference: &str, all: &[(Digest, Signed)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (digest, signed) in all {
        let how = if signed.known { "was signed by this key before" } else { "is signed" };
        lines.push(format!("{name} ({}) {how}, as {reference}", digest.short()));
        lines.extend(signed.attested.iter().map(|kind| format!("signed along: {kind}")));
    }
    lines
}

/// A signature is good.
pub(crate) fn verified(name: &str, manifest: &Digest, verified: &Verified) -> Vec<String> {
    let reference = printable(&verified.reference);
    let mut lines = vec![
        format!("{name} is signed by this key, as {reference}"),
        format!("manifest: {manifest}"),
    ];
    let kinds = verified.attested.iter().map(|statement| printable(&statement.predicate_type));
    lines.extend(kinds.map(|kind| format!("signed along: {kind}")));
    lines
}

/// What a scan found: what counts, then what does not and why.
pub(crate) fn scanned(
    name: &str,
    report: &Report,
    threshold: Severity,
    style: Style,
) -> Vec<String> {
    let (counted, below): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().partition(|finding| finding.severity.reaches(threshold));
    let mut table = Table::new(&["SEVERITY", "ID", "PACKAGE", "VERSION", "FIXED IN", "WHAT"]);
    for finding in &counted {
        let tone = if finding.severity >= Severity::High { Tone::Bad } else { Tone::Warn };
        table.row(vec![
            toned(tone, finding.severity.as_str()),
            cell(printable(&finding.id)),
            cell(printable(&finding.package)),
            cell(printable(&finding.version)),
            cell(finding.fixed.as_deref().map_or("-".to_owned(), printable)),
            cell(printable(&finding.summary).chars().take(60).collect::<String>()),
        ]);
    }
    let mut lines = if counted.is_empty() { Vec::new() } else { table.lines(style, 0) };
    let packages = report.packages;
    let read = report.advisories;
    lines.push(match counted.len() {
        0 => format!("{name}: nothing of severity {threshold} or above in {packages} packages ({read} advisories)"),
        count => format!("{name}: {count} of severity {threshold} or above in {packages} packages ({read} advisories)"),
    });
    let aside = [(below.len(), "below that"), (report.ignored.len(), "set aside")];
    lines.extend(aside.iter().filter(|(count, _)| *count > 0).map(|(n, how)| format!("{n} {how}")));
    lines.extend(notes(report));
    lines
}

/// What the reader must know to judge the result.
fn notes(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for expired in &report.expired {
        lines
            .push(format!("{} was set aside until {}: it counts again", expired.id, expired.until));
    }
    for id in &report.unused {
        lines.push(format!("{id} is set aside and was not found: its line can go"));
    }
    for package in &report.unjudged {
        lines.push(format!("not judged: {} has a version that no rule reads", printable(package)));
    }
    for path in &report.unread {
        lines.push(format!("not judged: what {} records", printable(path)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity) -> Finding {
        Finding {
            id: format!("CVE-{severity}\u{1b}"),
            aliases: vec![],
            package: "django".to_owned(),
            kind: "python",
            version: "3.2.12".to_owned(),
            fixed: None,
            severity,
            summary: "SQL injection".to_owned(),
            parts: vec![],
        }
    }

    #[test]
    fn what_counts_is_listed_and_the_rest_is_counted() {
        let report = Report {
            findings: vec![finding(Severity::Critical), finding(Severity::Low)],
            ignored: vec![finding(Severity::High)],
            unused: vec!["CVE-1".to_owned()],
            packages: 3,
            advisories: 9,
            ..Report::default()
        };
        let lines = scanned("shop", &report, Severity::High, Style::plain());
        assert_eq!(lines.len(), 6, "{lines:#?}");
        assert!(lines[1].starts_with("critical") && !lines[1].contains('\u{1b}'), "{}", lines[1]);
        assert_eq!(lines[2], "shop: 1 of severity high or above in 3 packages (9 advisories)");
        assert_eq!(lines[3..5], ["1 below that", "1 set aside"]);
        let clean = scanned("shop", &Report::default(), Severity::Low, Style::plain());
        assert_eq!(clean.len(), 1);
    }
}
