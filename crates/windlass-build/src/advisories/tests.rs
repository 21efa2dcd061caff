//! Advisories against an image's packages. Names and ranges are those that were published.

use super::*;
use crate::download::{DownloadSettings, Downloader};
use crate::inventory::{DebianPackage, PythonPackage};
use serde_json::{Value, json};
use std::path::Path;

fn inventory() -> Inventory {
    let python = |name: &str, version: &str| PythonPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        licence_expression: None,
        licence_text: None,
        licence_classifiers: vec![],
        homepage: None,
        paths: vec![format!("venv/{name}")],
    };
    let debian = |name: &str, source: &str, version: &str| DebianPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: "amd64".to_owned(),
        source: source.to_owned(),
        source_version: version.to_owned(),
        homepage: None,
    };
    Inventory {
        architecture: "amd64".to_owned(),
        distribution: Some(OsRelease {
            id: "debian".to_owned(),
            version_id: Some("11".to_owned()),
            codename: Some("bullseye".to_owned()),
            name: None,
        }),
        debian: vec![
            debian("libssl1.1", "openssl", "1.1.1k-1+deb11u1"),
            debian("openssl", "openssl", "1.1.1k-1+deb11u1"),
            debian("zlib1g", "zlib", "1:1.2.11.dfsg-2"),
        ],
        python: vec![
            python("Django", "3.2.12"),
            python("requests", "2.30.0"),
            python("pytz", "2004d"),
        ],
        interpreters: vec![],
        unread: vec![],
    }
}

fn scan(documents: &[Value]) -> Scan {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, document) in documents.iter().enumerate() {
        let path = folder.path().join(format!("{number}.json"));
        std::fs::write(path, document.to_string()).expect("ours");
    }
    let mut scan = Scan::new(&inventory());
    read(&mut scan, folder.path()).expect("advisories");
    scan
}

fn read(scan: &mut Scan, path: &Path) -> Result<(), AdvisoryError> {
    let downloader = Downloader::new(DownloadSettings::default());
    read_all(scan, &path.display().to_string(), Path::new("/"), &downloader)
}

fn range(events: &[(&str, &str)]) -> Value {
    let events: Vec<Value> = events.iter().map(|(key, at)| json!({ *key: at })).collect();
    json!([{"type": "GIT", "events": [{"introduced": "0"}]},
        {"type": "ECOSYSTEM", "events": events}])
}

fn django() -> Value {
    json!({
        "id": "GHSA-2gwj-7jmv-h26r",
        "aliases": ["CVE-2022-28346", "PYSEC-2022-190"],
        "summary": "SQL injection in Django\u{1b}[2J",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{
            "package": {"ecosystem": "PyPI", "name": "django"},
            "ranges": range(&[("introduced", "3.2"), ("fixed", "3.2.13")]),
        }],
        "database_specific": {"severity": "CRITICAL", "cwe_ids": ["CWE-89"]},
    })
}

fn openssl(ecosystem: &str) -> Value {
    json!({
        "id": "DSA-5103-1",
        "upstream": ["CVE-2022-0778"],
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": "openssl"},
            "ranges": range(&[("introduced", "0"), ("fixed", "1.1.1k-1+deb11u2")]),
        }],
    })
}

#[test]
fn names_of_one_vulnerability_are_one_finding() {
    let pysec = json!({
        "id": "PYSEC-2022-190",
        "aliases": ["CVE-2022-28346"],
        "affected": [{
            "package": {"ecosystem": "PyPI", "name": "Django"},
            "ranges": range(&[("introduced", "3.2"), ("fixed", "3.2.13")]),
            "versions": ["3.2.11", "3.2.12"],
        }],
    });
    let report = scan(&[django(), pysec, openssl("Debian:11")]).report(&[], "2026-01-01");
    let shown: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.id.as_str(), f.package.as_str(), f.severity, f.fixed.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("CVE-2022-28346", "django", Severity::Critical, Some("3.2.13")),
            ("CVE-2022-0778", "openssl", Severity::Unknown, Some("1.1.1k-1+deb11u2")),
        ]
    );
    assert_eq!(report.findings[0].aliases, ["GHSA-2gwj-7jmv-h26r", "PYSEC-2022-190"]);
    assert_eq!(report.findings[0].summary, "SQL injection in Django[2J");
    assert_eq!(report.findings[1].parts, ["libssl1.1", "openssl"]);
    assert_eq!((report.packages, report.advisories), (5, 3));
}

#[test]
fn what_does_not_concern_the_image_is_not_found() {
    let mut withdrawn = django();
    withdrawn["withdrawn"] = "2023-01-01T00:00:00Z".into();
    let mut fixed = django();
    fixed["affected"][0]["ranges"][1]["events"][1]["fixed"] = "3.2.12".into();
    let mut npm = django();
    npm["affected"][0]["package"]["ecosystem"] = "npm".into();
    let others = [withdrawn, fixed, npm, openssl("Debian:12"), openssl("Ubuntu:11")];
    let report = scan(&others).report(&[], "2026-01-01");
    assert_eq!(report.findings, []);
    assert_eq!(report.advisories, 5);
}

#[test]
fn the_trackers_data_speaks_of_the_images_release() {
    let issue = |status: &str, fixed: &str, urgency: &str| {
        json!({"description": "d", "releases": {
            "bullseye": {"status": status, "fixed_version": fixed, "urgency": urgency},
            "sid": {"status": "open", "urgency": "high"},
        }})
    };
    let data = json!({
        "openssl": {
            "CVE-2022-0778": issue("resolved", "1.1.1k-1+deb11u2", "high"),
            "CVE-2000-0001": issue("resolved", "0", "high"),
            "CVE-2000-0002": issue("resolved", "1.1.1k-1+deb11u1", "high"),
            "CVE-2000-0003": issue("undetermined", "9", "high"),
        },
        "zlib": {"CVE-2018-25032": {"releases": {"bullseye":
            {"status": "open", "urgency": "unimportant"}}}},
        "nginx": {"CVE-1": issue("open", "", "high")},
    });
    let report = scan(&[data.clone(), openssl("Debian:11")]).report(&[], "2026-01-01");
    let shown: Vec<_> = report.findings.iter().map(|f| (f.id.as_str(), f.severity)).collect();
    assert_eq!(
        shown,
        [("CVE-2022-0778", Severity::High), ("CVE-2018-25032", Severity::Negligible)]
    );
    assert_eq!(report.findings[0].aliases, ["DSA-5103-1"]);
}

#[test]
fn what_is_set_aside_does_not_count_until_its_day_has_passed() {
    let ignored = |text: &str| text.parse::<Ignored>().expect("valid");
    let ignore = [
        ignored("pysec-2022-190 # by any of its names"),
        ignored("CVE-2022-0778 until 2026-01-01"),
        ignored("CVE-1999-0001"),
    ];
    let documents = [django(), openssl("Debian:11")];
    let before = scan(&documents).report(&ignore, "2026-01-01");
    assert_eq!((before.findings.len(), before.ignored.len()), (0, 2));
    assert_eq!(before.unused, ["CVE-1999-0001"]);
    let after = scan(&documents).report(&ignore, "2026-01-02");
    assert_eq!((after.findings.len(), after.ignored.len()), (1, 1));
    assert_eq!(after.expired[0].id, "CVE-2022-0778");
}

#[test]
fn a_version_that_no_rule_reads_is_told() {
    let about = |versions: &[&str]| {
        json!({"id": "X-1", "affected": [{
            "package": {"ecosystem": "PyPI", "name": "pytz"},
            "ranges": range(&[("introduced", "0")]),
            "versions": versions,
        }]})
    };
    assert_eq!(scan(&[about(&[])]).report(&[], "2026-01-01").unjudged, ["pytz 2004d"]);
    assert_eq!(scan(&[about(&["2004d"])]).report(&[], "2026-01-01").findings.len(), 1);
}

#[test]
fn what_cannot_be_read_is_never_nothing_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.json");
    let open = "[".repeat(5000);
    let deep = format!("{{\"id\":\"X\",\"database_specific\":{{\"severity\":{open}");
    for text in [
        "",
        "{",
        "[{}]",
        "{\"foo\": 1}",
        "{}",
        "[]",
        "{\"id\": 7}",
        "null",
        &deep,
        "{\"id\": \"X\", \"affected\": 3}",
        "{\"openssl\": {\"CVE-1\": {\"releases\": []}}}",
    ] {
        std::fs::write(&path, text).expect("ours");
        let refused = read(&mut Scan::new(&inventory()), &path);
        assert!(refused.is_err(), "{}", &text[..text.len().min(40)]);
    }
    assert!(read(&mut Scan::new(&inventory()), &folder.path().join("none")).is_err());
}

#[test]
fn an_archive_is_read_and_a_damaged_one_refused() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).expect("ours"));
    let options = zip::write::SimpleFileOptions::default();
    for (name, document) in [("a.json", django()), ("b.json", openssl("Debian"))] {
        zip.start_file(name, options).expect("ours");
        zip.write_all(document.to_string().as_bytes()).expect("ours");
    }
    zip.finish().expect("ours");
    let mut scan = Scan::new(&inventory());
    read(&mut scan, &path).expect("an archive");
    assert_eq!(scan.report(&[], "2026-01-01").findings.len(), 2);
    let mut bytes = std::fs::read(&path).expect("ours");
    bytes[60] ^= 0xff;
    std::fs::write(&path, bytes).expect("ours");
    assert!(read(&mut Scan::new(&inventory()), &path).is_err());
}
