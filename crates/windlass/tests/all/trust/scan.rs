//! Known vulnerabilities of what a real image holds, by the versions that it really has.

use super::build;
use crate::registry::front::{Front, answer, status};
use crate::site::world;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use windlass_testkit::{Project, Run, World};

/// The version of a package as the bill of materials says it.
fn version(world: &World, purl: &str) -> String {
    let bill = world.run(&["image", "sbom", "holes", "--format", "cyclonedx"]).expect_code(0);
    let bill = bill.json();
    let components = bill["components"].as_array().expect("components");
    let is_it = |it: &&Value| it["purl"].as_str().is_some_and(|text| text.starts_with(purl));
    let component = components.iter().find(is_it).unwrap_or_else(|| panic!("no {purl}"));
    component["version"].as_str().expect("a version").to_owned()
}

/// An OSV record about one package, affected from `introduced` until `fixed`.
fn record(id: &str, (ecosystem, name): (&str, &str), (introduced, fixed): (&str, &str)) -> Value {
    let mut events = vec![json!({ "introduced": introduced })];
    if !fixed.is_empty() {
        events.push(json!({ "fixed": fixed }));
    }
    json!({
        "id": id,
        "summary": format!("a flaw called {id}"),
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}

struct Place {
    world: World,
    dir: PathBuf,
}

impl Place {
    fn new() -> Self {
        let world = world();
        let (dir, _) = build(&world, "holes", &Project::flask("holes", "many"));
        Self { world, dir }
    }

    fn write(&self, name: &str, value: &Value) -> String {
        let path = self.world.home().join(name);
        fs::write(&path, value.to_string()).expect("ours");
        path.to_string_lossy().into_owned()
    }

    /// Runs in the project's folder; whoever needs the network meets a closed door.
    fn scan(&self, more: &[&str]) -> Run {
        let words = [&["image", "scan", "holes", "--json"], more].concat();
        let mut command = self.world.command(&words);
        for proxy in ["http_proxy", "https_proxy", "all_proxy"] {
            command.env(proxy, "http://127.0.0.1:1");
        }
        command.env("no_proxy", "127.0.0.1").current_dir(&self.dir);
        windlass_testkit::Running::start(command).finish(std::time::Duration::from_mins(2))
    }

    /// The names of what was found in a source.
    fn found(&self, source: &str, code: i32) -> Vec<String> {
        let report = self.scan(&["--advisories", source]).expect_code(code).json();
        let findings = report["report"]["findings"].as_array().expect("findings").iter();
        let mut ids: Vec<String> =
            findings.map(|it| it["id"].as_str().expect("a name").to_owned()).collect();
        ids.sort();
        ids
    }
}

#[test]
fn what_is_known_of_wheels_and_debian_packages_is_found_offline() {
    let place = Place::new();
    wheels_by_the_rules_of_python(&place);
    packages_by_the_rules_of_dpkg(&place);
    the_trackers_data_counts_too(&place);
    a_project_says_what_counts(&place);
    what_cannot_be_read_is_a_failure_and_no_result(&place);
}

fn wheels_by_the_rules_of_python(place: &Place) {
    let has = version(&place.world, "pkg:pypi/flask@");
    let flask = ("PyPI", "Flask");
    let mut withdrawn = record("X-withdrawn", flask, ("0", ""));
    withdrawn["withdrawn"] = "2024-01-01T00:00:00Z".into();
    let records = json!([
        record("X-open", flask, ("0", "")),
        record("X-later", flask, ("0", &format!("{has}.post1"))),
        record("X-since", flask, (&format!("{has}rc1"), "")),
        record("X-fixed", flask, ("0", &has)),
        record("X-candidate", flask, ("0", &format!("{has}rc1"))),
        record("X-next", flask, (&format!("{has}.post1"), "")),
        record("X-other", ("npm", "flask"), ("0", "")),
        withdrawn,
    ]);
    let file = place.write("pypi.json", &records);
    assert_eq!(place.found(&file, 4), ["X-later", "X-open", "X-since"]);
    assert_eq!(place.found(&place.write("none.json", &json!([records[3]])), 0), [""; 0]);

    // As OSV publishes an ecosystem: an archive with a file for each record.
    for (number, record) in records.as_array().expect("a list").iter().enumerate() {
        place.write(&format!("{number}.json"), record);
    }
    let files: Vec<String> = (0..8).map(|number| format!("{number}.json")).collect();
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c", "all.zip"]).args(&files).current_dir(place.world.home());
    assert!(zip.status().expect("python3 runs").success());
    let archive = place.world.home().join("all.zip").to_string_lossy().into_owned();
    assert_eq!(place.found(&archive, 4), ["X-later", "X-open", "X-since"]);
}

fn packages_by_the_rules_of_dpkg(place: &Place) {
    // glibc is the source of libc6, and has its version.
    let has = version(&place.world, "pkg:deb/debian/libc6@");
    let glibc = ("Debian:13", "glibc");
    let records = json!([
        record("D-open", glibc, ("0", "")),
        record("D-later", glibc, ("0", &format!("{has}+deb13u99"))),
        record("D-fixed", glibc, ("0", &has)),
        record("D-tilde", glibc, ("0", &format!("{has}~rc1"))),
        record("D-epoch", glibc, (&format!("1:{has}"), "")),
        record("D-before", ("Debian:12", "glibc"), ("0", "")),
    ]);
    let file = place.write("debian.json", &records);
    assert_eq!(place.found(&file, 4), ["D-later", "D-open"]);
    let report = place.scan(&["--advisories", &file]).expect_code(4).json();
    let parts = report["report"]["findings"][0]["parts"].to_string();
    assert!(parts.contains("\"libc6\""), "{report}");
}

fn the_trackers_data_counts_too(place: &Place) {
    let issue = |release: Value| json!({ "description": "x", "releases": {"trixie": release} });
    let data = json!({
        "glibc": {
            "CVE-2099-1": issue(json!({ "status": "open", "urgency": "high" })),
            "CVE-2099-2": issue(json!({ "status": "resolved", "fixed_version": "0" })),
            "CVE-2099-3": issue(json!({ "status": "resolved", "fixed_version": "999" })),
        },
        "not-installed": {"CVE-2099-4": issue(json!({ "status": "open" }))},
    });
    let file = place.write("tracker.json", &data);
    assert_eq!(place.found(&file, 4), ["CVE-2099-1", "CVE-2099-3"]);
}

fn a_project_says_what_counts(place: &Place) {
    let records = json!([record("CVE-2099-7", ("PyPI", "flask"), ("0", ""))]);
    let body = records.to_string().into_bytes();
    let mirror = Front::start(None, move |asked| match asked.path.as_str() {
        "/osv.json" => answer("200 OK", "content-type: application/json\r\n", &body),
        _ => status("404 Not Found", ""),
    });
    let none = place.scan(&[]).expect_code(2);
    assert!(none.stderr.contains("--advisories"), "{none}");
    let configure = |lines: &str| {
        let text = format!("[tool.windlass]\nname = \"holes\"\n[tool.windlass.scan]\n{lines}\n");
        fs::write(place.dir.join("pyproject.toml"), text).expect("ours");
    };
    let source = format!("advisories = [\"http://{}/osv.json\"]", mirror.address);
    configure(&source);
    let report = place.scan(&[]).expect_code(4).json();
    assert_eq!(report["report"]["findings"][0]["severity"], "critical", "{report}");
    assert_eq!(mirror.count("GET", "/osv.json"), 1);
    let mut plain = place.world.command(&["image", "scan", "holes"]);
    let text = plain.current_dir(&place.dir).output().expect("it starts").stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.contains("critical  CVE-2099-7  flask"), "{text}");

    configure(&format!("{source}\nignore = [\"CVE-2099-7 # not reachable\"]"));
    let report = place.scan(&[]).expect_code(0).json();
    assert_eq!(report["report"]["ignored"][0]["id"], "CVE-2099-7", "{report}");
    configure(&format!("{source}\nignore = [\"CVE-2099-7 until 2024-01-31\"]"));
    place.scan(&[]).expect_code(4);
    configure(&source.replace("osv.json", "gone.json"));
    let gone = place.scan(&[]).expect_code(3);
    assert!(gone.stderr.contains("gone.json"), "{gone}");
}

fn what_cannot_be_read_is_a_failure_and_no_result(place: &Place) {
    let mut low = record("L-1", ("PyPI", "flask"), ("0", ""));
    low["severity"] = json!([]);
    low["database_specific"] = json!({ "severity": "LOW" });
    let file = place.write("low.json", &low);
    place.scan(&["--advisories", &file]).expect_code(4);
    place.scan(&["--advisories", &file, "--severity", "medium"]).expect_code(0);
    let cut = place.world.home().join("cut.json");
    let bytes = fs::read(&file).expect("ours");
    fs::write(&cut, &bytes[..bytes.len() - 3]).expect("ours");
    for source in [cut.to_string_lossy().into_owned(), place.write("empty.json", &json!([]))] {
        let run = place.scan(&["--advisories", &source]).expect_code(1);
        assert!(run.stderr.contains("json"), "{run}");
    }
    place.scan(&["--advisories", "/nowhere/at/all"]).expect_code(3);
}
