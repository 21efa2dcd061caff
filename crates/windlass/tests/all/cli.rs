//! What holds for every verb: exit codes, streams, and errors that name their cure.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The binary with a home of its own in which no server runs.
fn windlass(home: &TempDir, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    for name in ["WINDLASS_HTTP", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    command.env("WINDLASS_HOME", home.path().join("home")).current_dir(home.path()).args(line);
    command.stdin(Stdio::null());
    command
}

fn run(home: &TempDir, line: &[&str]) -> Output {
    windlass(home, line).output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", text(bytes)))
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    std::fs::write(path, text).expect("written");
}

#[test]
fn without_a_server_every_verb_that_needs_one_says_so_and_how_to_start_it() {
    let home = home();
    let lines: [&[&str]; 7] = [
        &["status"],
        &["logs", "--app", "shop"],
        &["releases", "--app", "shop"],
        &["rollback", "--app", "shop"],
        &["scale", "web=2", "--app", "shop"],
        &["run", "--app", "shop", "--", "true"],
        &["server", "status"],
    ];
    for line in lines {
        let output = run(&home, line);
        assert_eq!(output.status.code(), Some(3), "{line:?}");
        let errors = text(&output.stderr);
        assert!(errors.starts_with("error: no server answers on"), "{line:?}: {errors}");
        assert!(errors.contains("help: start it: windlass server start"), "{line:?}: {errors}");
        assert!(output.stdout.is_empty(), "{line:?}: results only on standard output");
    }
}

#[test]
fn a_stale_socket_is_no_server() {
    let home = home();
    let socket = home.path().join("home/run/server.sock");
    std::fs::create_dir_all(socket.parent().expect("a parent")).expect("made");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
    assert!(socket.exists(), "nobody listens, and the file is still there");
    let output = run(&home, &["status"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("no server answers"), "{output:?}");
}

#[test]
fn problems_are_json_where_json_is_asked_for() {
    let output = run(&home(), &["status", "--json"]);
    assert_eq!(json(&output.stdout)["problem"]["code"], "server-not-running");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_a_right_question_with_0() {
    let home = home();
    assert_eq!(run(&home, &["deplyo"]).status.code(), Some(2));
    assert_eq!(run(&home, &["scale"]).status.code(), Some(2));
    let tour = run(&home, &[]);
    assert_eq!(tour.status.code(), Some(0));
    assert!(text(&tour.stdout).contains("windlass deploy"), "{tour:?}");
    let help = run(&home, &["deploy", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("Examples:"), "{help:?}");
}

#[test]
fn a_folder_that_is_none_is_named() {
    let output = run(&home(), &["plan", "nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nowhere"), "{output:?}");
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let home = home();
    let mut command = windlass(&home, &["completion", "bash"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn no_colours_outside_of_a_terminal_unless_asked_for() {
    let home = home();
    assert!(!text(&run(&home, &["status"]).stderr).contains('\x1b'));
    assert!(text(&run(&home, &["status", "--color", "always"]).stderr).contains('\x1b'));
}

#[test]
fn a_plan_needs_no_server_and_changes_nothing() {
    let home = home();
    let project = home.path().join("kiosk");
    write(&project.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n");
    write(&project.join("requirements.txt"), "flask\n");
    let output = run(&home, &["plan", "kiosk", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let plan = json(&output.stdout);
    assert_eq!((&plan["app"], &plan["release"]), (&"kiosk".into(), &1.into()));
    assert!(!plan["phases"].as_array().expect("phases").is_empty());
    assert!(text(&run(&home, &["plan", "kiosk"]).stdout).contains("app.py:"), "evidence is shown");
    let entries = project.read_dir().expect("there").count();
    assert_eq!((entries, home.path().join("home").exists()), (2, false), "nothing was written");
}

#[test]
fn init_adds_what_was_found_once_and_keeps_what_was_there() {
    let home = home();
    let project = home.path().join("kiosk");
    write(&project.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n");
    let before = "[project]\nname = \"Kiosk\"\nversion = \"1\"\ndependencies = [\"flask\"]";
    write(&project.join("pyproject.toml"), before);
    let read = || std::fs::read_to_string(project.join("pyproject.toml")).expect("there");
    let dry = run(&home, &["init", "kiosk", "--dry-run"]);
    assert_eq!((dry.status.code(), read().as_str()), (Some(0), before));
    assert!(text(&dry.stdout).contains("+[tool.windlass]"), "{dry:?}");
    let old = json(&run(&home, &["plan", "kiosk", "--json"]).stdout);
    assert_eq!(run(&home, &["init", "kiosk"]).status.code(), Some(0));
    let after = read();
    assert!(after.starts_with(before) && after.contains("\n[tool.windlass]\nname = \"kiosk\""));
    let new = json(&run(&home, &["plan", "kiosk", "--json"]).stdout);
    assert_eq!(old["spec"], new["spec"], "writing it down changes nothing");
    let again = run(&home, &["init", "kiosk"]);
    assert_eq!((again.status.code(), read()), (Some(0), after));
}
