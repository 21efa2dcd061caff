//! The plan of a small app as text, in its short and its long form.

use super::*;
use std::collections::BTreeMap;
use windlass_model::rollout::Phase;
use windlass_model::{
    AppName, AppSpec, BuildSpec, DebianPackage, Dependencies, Evidence, PersistPath, ProbeSpec,
    ProcessType, PythonVersion, ReleaseNumber, Resources, Selection,
};

fn web() -> ProcessSpec {
    ProcessSpec {
        command: ["gunicorn", "shop:create_app()", "a b"].map(str::to_owned).to_vec(),
        count: 2,
        serves: Serves::Socket,
        probe: Some(ProbeSpec::at("/ready")),
        settle_ms: 0,
        resources: Resources::DEFAULT,
        stop_signal: 15,
        stop_timeout_ms: 0,
        drain_timeout_ms: 0,
        singleton: false,
    }
}

fn libpq() -> DebianPackage {
    let evidence = Evidence::rule("asked for");
    DebianPackage { name: "libpq5".to_owned(), required: true, evidence }
}

fn framework() -> Finding {
    Finding {
        subject: "framework".to_owned(),
        value: "Flask".to_owned(),
        evidence: vec![Evidence::at("shop/__init__.py", 3, "import"), Evidence::rule("a rule")],
        override_key: Some("app".to_owned()),
    }
}

fn report() -> PlanReport {
    let app = AppName::from_loose("shop");
    let persist = vec![PersistPath { path: "instance".to_owned(), directory: true }];
    PlanReport {
        app: app.clone(),
        release: ReleaseNumber(4),
        url: Some("http://shop.localhost".to_owned()),
        findings: vec![framework()],
        warnings: vec![windlass_model::Problem::user("x", "no lock file")],
        spec: AppSpec {
            name: app.clone(),
            hosts: Vec::new(),
            processes: BTreeMap::from([(ProcessType::web(), web())]),
            release_commands: vec![vec!["flask".to_owned(), "db".to_owned()]],
            env: BTreeMap::new(),
            persist: persist.clone(),
        },
        build: BuildSpec {
            app,
            python: PythonVersion::three(13),
            base: windlass_model::BaseSpec::default(),
            dependencies: Dependencies::Project { file: "pyproject.toml".to_owned() },
            selection: Selection::default(),
            extra_requirements: vec!["gunicorn".to_owned()],
            install_project: false,
            python_path: Vec::new(),
            work_dir: String::new(),
            env: BTreeMap::new(),
            command: Vec::new(),
            health_path: None,
            persist,
            apt: vec![libpq()],
            build_apt: Vec::new(),
            exclude: Vec::new(),
            build_commands: vec![],
            build_secrets: vec![],
            build_env: BTreeMap::new(),
            collect_static: None,
            allow_files: Vec::new(),
            compression: windlass_model::Compression::Gzip,
        },
        changes: vec![Change { what: "env.X".to_owned(), from: None, to: Some("1".to_owned()) }],
        phases: vec![PlannedPhase {
            phase: Phase::Preparing,
            batches: vec![vec![Step::Prepare { release: ReleaseNumber(4) }]],
        }],
    }
}

#[test]
fn a_plan_says_what_was_found_and_what_would_be_done() {
    let wanted = "\
shop: what was found
  framework  Flask  shop/__init__.py:3: import

warning: no lock file

processes
  web      x 2   on its own socket, probed at /ready (3 in a row)  gunicorn shop:create_app() 'a b'
  release  once  before the switch                                 flask db

image
  root          Debian, and the libraries that the dependencies need, libpq5
  python        Python 3.13
  dependencies  from [project] of pyproject.toml, and gunicorn
  app           the project's files
  kept          instance outlives every release

against the current release
  env.X  -  ->  1

release 4
  preparing  unpack the image of release 4

it would answer at http://shop.localhost";
    assert_eq!(plan(&report(), false, Style::plain()).join("\n"), wanted);
}

#[test]
fn the_long_form_names_every_piece_of_evidence_and_the_key_that_overrides() {
    let text = plan(&report(), true, Style::plain()).join("\n");
    assert!(text.contains("a rule"), "{text}");
    assert!(text.contains("override: app in [tool.windlass]"), "{text}");
}

#[test]
fn a_long_conclusion_has_its_evidence_below() {
    let mut finding = report().findings.remove(0);
    finding.value = "x".repeat(60);
    let short = report().findings.remove(0);
    let lines = findings(&[finding, short], false, Style::plain());
    assert_eq!(lines[0], format!("  framework  {}", "x".repeat(60)));
    assert_eq!(lines[1], format!("{}shop/__init__.py:3: import", " ".repeat(20)));
    assert_eq!(lines[2], "  framework  Flask  shop/__init__.py:3: import");
}

#[test]
fn commands_are_shown_as_they_could_be_typed() {
    let words = ["sh", "-c", "echo 'hi'", ""].map(str::to_owned);
    assert_eq!(shell_words(&words), r"sh -c 'echo '\''hi'\''' ''");
}
