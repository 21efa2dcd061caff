//! `windlass lock`, `upgrade` and `sync`, without any server.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const APP: &str = "from flask import Flask\napp = Flask(__name__)\n";

struct Place {
    folder: TempDir,
}

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Self { folder };
        for (path, text) in files {
            std::fs::write(place.project().join(path), text).expect("written");
        }
        place
    }

    fn project(&self) -> &Path {
        self.folder.path()
    }

    /// The binary, with an installation that all these tests share: downloads are made once.
    fn run(&self, line: &[&str]) -> Output {
        let home = std::env::temp_dir().join(format!("windlass-packages-{}", owner()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.env("WINDLASS_HOME", home).current_dir(self.project()).args(line);
        command.stdin(Stdio::null()).output().expect("the binary starts")
    }

    fn json(&self, line: &[&str]) -> serde_json::Value {
        let output = self.run(line);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{line:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn owner() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[test]
fn a_projects_lock_is_written_kept_and_moved() {
    let config = "[tool.windlass]\nresolve-date = '2024-01-15'\npython = '3.11'\n";
    let place = Place::with(&[
        ("app.py", APP),
        ("requirements.txt", "flask<4\ngunicorn\n"),
        ("pyproject.toml", config),
    ]);
    let first = place.json(&["lock", "--json"]);
    assert_eq!((&first["lock"], &first["written"]), (&"windlass.lock".into(), &true.into()));
    assert_eq!(first["as_of"], "as of 2024-01-15T23:59:59Z");
    let lock = || std::fs::read_to_string(place.project().join("windlass.lock")).expect("a lock");
    let version = |name: &str| {
        let lock: toml::Table = lock().parse().expect("TOML");
        let packages = lock["package"].as_array().expect("packages").clone();
        let found =
            packages.iter().find(|it| it["name"].as_str() == Some(name)).expect(name).clone();
        found["version"].as_str().expect("a version").to_owned()
    };
    assert_eq!((version("flask").as_str(), version("jinja2").as_str()), ("3.0.0", "3.1.3"));
    assert!(lock().contains("as-of = \"2024-01-15T23:59:59Z\""), "{}", lock());
    assert_eq!(place.json(&["lock", "--json"])["written"], false);

    let some = place.json(&["upgrade", "jinja2", "--json"]);
    let moved: Vec<&str> = some["moved"]
        .as_array()
        .expect("moved")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(moved, ["jinja2"]);
    assert_eq!(version("flask"), "3.0.0");
    let shown = text(&place.run(&["upgrade", "flask"]).stdout);
    let rows = shown.lines().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "));
    assert!(rows.into_iter().any(|row| row.starts_with("flask 3.0.0 -> 3.")), "{shown}");
    let unknown = place.run(&["upgrade", "django"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("no package `django`"), "{}", text(&unknown.stderr));
}

#[test]
fn the_environment_gets_the_sets_for_development() {
    let asked = Command::new("python3")
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .output()
        .expect("Python 3 is needed: install the package `python3`");
    let config = format!("[tool.windlass]\npython = '{}'\n", text(&asked.stdout).trim());
    let place = Place::with(&[
        ("app.py", APP),
        ("requirements.txt", "itsdangerous==2.1.2\ngunicorn\n"),
        ("requirements-dev.txt", "iniconfig==2.0.0\n"),
        ("pyproject.toml", &config),
    ]);
    let names = |document: &serde_json::Value| -> Vec<String> {
        let moved = document["moved"].as_array().expect("moved").iter();
        moved.filter_map(|it| it["name"].as_str().map(str::to_owned)).collect()
    };
    let all = place.json(&["sync", "--json"]);
    assert!(names(&all).contains(&"iniconfig".to_owned()), "{all}");
    let less = place.json(&["sync", "--no-dev", "--json"]);
    assert_eq!(names(&less), ["iniconfig"]);
    assert_eq!(less["moved"][0]["to"], serde_json::Value::Null);
}
