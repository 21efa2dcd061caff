//! Projects that give no single answer, and what is said then.

use super::super::explain;
use super::inspected;

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";

/// Name, files, problem code, and what the message or a hint must say.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const CASES: &[Case] = &[
    ("two apps", &[("a.py", FLASK), ("b.py", FLASK)], "app-ambiguous", "app = \"b:app\""),
    (
        "two frameworks",
        &[("a.py", FLASK), ("b.py", "import fastapi\napi = fastapi.FastAPI()\n")],
        "app-ambiguous",
        "app = \"b:api\"",
    ),
    (
        "a monorepo",
        &[
            ("x/app.py", FLASK),
            ("x/requirements.txt", ""),
            ("y/app.py", FLASK),
            ("y/requirements.txt", ""),
        ],
        "app-ambiguous",
        "root = \"y\"",
    ),
    (
        "only examples",
        &[
            ("examples/one/app.py", FLASK),
            ("examples/one/requirements.txt", ""),
            ("lib/__init__.py", ""),
        ],
        "app-only-in-examples",
        "root = \"examples/one\"",
    ),
    ("nothing", &[("lib.py", "x = 1\n")], "app-not-found", "package.module:object"),
    ("empty", &[], "app-not-found", "package.module:object"),
    (
        "a factory that wants more",
        &[(
            "a.py",
            "from flask import Flask\ndef create_app(config):\n    app = Flask(__name__)\n    return app\n",
        )],
        "app-unservable",
        "defaults",
    ),
    (
        "Dash alone",
        &[("a.py", "from dash import Dash\napp = Dash(__name__)\n")],
        "app-unservable",
        "server = app.server",
    ),
    ("NiceGUI", &[("a.py", "from nicegui import ui\nui.run()\n")], "app-unservable", "$PORT"),
    (
        "no such module",
        &[("a.py", FLASK), ("pyproject.toml", "[tool.windlass]\napp = 'z:app'\n")],
        "app-module-missing",
        "a:app",
    ),
    (
        "no such root",
        &[("a.py", FLASK), ("pyproject.toml", "[tool.windlass]\nroot = 'z'\n")],
        "root-missing",
        "root",
    ),
    (
        "misspelt key",
        &[("a.py", FLASK), ("pyproject.toml", "[tool.windlass]\nproceses = 1\n")],
        "config-unknown-key",
        "processes",
    ),
    ("broken TOML", &[("a.py", FLASK), ("pyproject.toml", "[tool")], "config-syntax", "TOML"),
    (
        "a lock alone",
        &[("a.py", FLASK), ("poetry.lock", "")],
        "lock-without-declaration",
        "of Poetry",
    ),
    (
        "misspelt requirements",
        &[("a.py", FLASK), ("requirments.txt", "")],
        "requirements-misspelt",
        "requirements.txt",
    ),
    (
        "a missing include",
        &[("a.py", FLASK), ("requirements.txt", "-r base.txt\n")],
        "requirements-missing",
        "add the file",
    ),
    (
        "no such Python",
        &[("a.py", FLASK), ("pyproject.toml", "[project]\nrequires-python = '==3.12.*'\n")],
        "python-excluded",
        "python = \"3.13\"",
    ),
    (
        "a worker without a command",
        &[("a.py", FLASK), ("pyproject.toml", "[tool.windlass.processes.worker]\ncount = 1\n")],
        "process-without-command",
        "command",
    ),
];

#[test]
fn refusals_name_the_place_and_the_cure() {
    for (name, files, code, part) in CASES {
        let Err(error) = inspected(files) else { panic!("{name} must be refused") };
        let problem = explain(&error);
        assert_eq!(problem.code, *code, "{name}: {problem:?}");
        let said = format!("{} {}", problem.message, problem.hints.join(" "));
        assert!(said.contains(part), "{name}: {said}");
    }
}

#[test]
fn choices_carry_their_evidence() {
    let error = inspected(&[("a.py", FLASK), ("b.py", FLASK)]).expect_err("ambiguous");
    let problem = explain(&error);
    assert_eq!(
        problem.causes,
        [
            "Flask app `a:app` (a.py:2: `app` is a Flask app)",
            "Flask app `b:app` (b.py:2: `app` is a Flask app)"
        ]
    );
}
