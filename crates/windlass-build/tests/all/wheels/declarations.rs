//! Every form of declaration, from a project's folder through inspection to packages of the real
//! index.

use super::*;
use windlass_build::inspect::{HostFacts, Inspection, Tree, inspect};
use windlass_build::wheels::{LockedPackage, explain};

const APP: &str = "from flask import Flask\napp = Flask(__name__)\n";
/// Files of itsdangerous 2.1.2, click 8.1.7 and iniconfig 2.0.0 that run everywhere.
const ITSDANGEROUS: &str = "2c2349112351b88699d8d4b6b075022c0808887cb7ad10069318a8b0bc88db44";
const CLICK: &str = "ae74fb96c20a0277a1d615f1e4d73c8414f5a98db8b799a7931d1582f3390c28";
const INICONFIG: &str = "b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374";

struct Project {
    folder: tempfile::TempDir,
    found: Inspection,
}

fn project(files: &[(&str, &str)]) -> Project {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in [("app.py", APP)].iter().chain(files) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let tree = Tree::read(folder.path()).expect("listed");
    let host = HostFacts { folder: "shop".to_owned(), pythons: vec![python().1], cores: 1 };
    let mut found = inspect(&tree, &host).unwrap_or_else(|error| panic!("{files:?}: {error}"));
    // The server is not what this is about.
    found.build.extra_requirements.retain(|text| text != "gunicorn");
    Project { folder, found }
}

impl Project {
    fn resolve(&self) -> Result<Resolved, ResolveError> {
        resolve_in(&shared_cache(), self.folder.path(), &self.found.build)
    }

    fn resolved(&self) -> Resolved {
        self.resolve().unwrap_or_else(|error| panic!("{:?}", explain::resolve(&error)))
    }
}

fn poetry_package(name: &str, version: &str, hash: &str, more: &str) -> String {
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\noptional = false\n{more}\
         files = [{{ file = \"{name}-{version}-py3-none-any.whl\", hash = \"sha256:{hash}\" }}]\n\n"
    )
}

fn poetry_lock(form: &str) -> String {
    let group = |name: &str| match form {
        "2.1" => format!("groups = [\"{name}\"]\n"),
        _ => String::new(),
    };
    [
        poetry_package("click", "8.1.7", CLICK, &group("main")),
        poetry_package("iniconfig", "2.0.0", INICONFIG, &group("dev")),
        poetry_package("itsdangerous", "2.1.2", ITSDANGEROUS, &group("main")),
        format!(
            "[metadata]\nlock-version = \"{form}\"\npython-versions = \"*\"\ncontent-hash = \"0\"\n"
        ),
    ]
    .concat()
}

const POETRY: &str = "[tool.poetry]\nname = 'shop'\n[tool.poetry.dependencies]\npython = '>=3.8'\n\
    click = '~8.1.7'\nitsdangerous = { version = '2.1.2', markers = \"sys_platform == 'linux'\" }\n\
    colorama = { version = '0.4.6', platform = 'win32' }\n\
    [tool.poetry.group.dev.dependencies]\niniconfig = '2.0.0'\n";
const PROJECT: &str = "[project]\nname = 'shop'\nversion = '1'\n\
    dependencies = ['click~=8.1.7', 'itsdangerous==2.1.2']\n\
    [dependency-groups]\ndev = ['iniconfig==2.0.0']\n";
const PIPFILE: &str = "[packages]\nclick = '~=8.1.7'\nitsdangerous = '==2.1.2'\n\
    [dev-packages]\niniconfig = '==2.0.0'\n";

fn pdm_lock() -> String {
    format!(
        "[metadata]\ngroups = ['default', 'dev']\nstrategy = ['inherit_metadata']\nlock_version = '4.5.0'\n\
         content_hash = 'sha256:0'\n\
         [[package]]\nname = 'click'\nversion = '8.1.7'\ngroups = ['default']\nfiles = [{{ file = 'c', hash = 'sha256:{CLICK}' }}]\n\
         [[package]]\nname = 'iniconfig'\nversion = '2.0.0'\ngroups = ['dev']\nfiles = [{{ file = 'i', hash = 'sha256:{INICONFIG}' }}]\n\
         [[package]]\nname = 'itsdangerous'\nversion = '2.1.2'\ngroups = ['default']\nfiles = [{{ file = 'd', hash = 'sha256:{ITSDANGEROUS}' }}]\n"
    )
}

fn pipenv_lock() -> String {
    format!(
        "{{\"_meta\": {{\"hash\": {{\"sha256\": \"0\"}}, \"pipfile-spec\": 6, \"sources\": []}}, \"default\": {{\
         \"click\": {{\"version\": \"==8.1.7\", \"hashes\": [\"sha256:{CLICK}\"]}},\
         \"itsdangerous\": {{\"version\": \"==2.1.2\", \"hashes\": [\"sha256:{ITSDANGEROUS}\"]}}}},\
         \"develop\": {{\"iniconfig\": {{\"version\": \"==2.0.0\", \"hashes\": [\"sha256:{INICONFIG}\"]}}}}}}"
    )
}

/// What the declaration is called, the project's files, and whether they are a full lock.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], bool);

#[test]
fn every_declaration_gives_the_packages_of_production() {
    let (pdm, pipenv) = (pdm_lock(), pipenv_lock());
    let (new, old) = (poetry_lock("2.1"), poetry_lock("2.0"));
    let hashed = format!(
        "click==8.1.7 --hash=sha256:{CLICK}\nitsdangerous==2.1.2 \\\n    --hash=sha256:{ITSDANGEROUS}\n"
    );
    let script = "# /// script\n# dependencies = ['click~=8.1.7', 'itsdangerous==2.1.2']\n# ///\n";
    let script = format!("{script}{APP}");
    let setup = "from setuptools import setup\nNEEDS = ['click~=8.1.7', 'itsdangerous==2.1.2']\n\
        setup(name='shop', install_requires=NEEDS)\n";
    let cfg = "[options]\ninstall_requires =\n    click~=8.1.7\n    itsdangerous==2.1.2\n";
    let cases: &[Case<'_>] = &[
        ("poetry.lock", &[("pyproject.toml", POETRY), ("poetry.lock", &new)], true),
        ("poetry.lock", &[("pyproject.toml", POETRY), ("poetry.lock", &old)], true),
        ("pdm.lock", &[("pyproject.toml", PROJECT), ("pdm.lock", &pdm)], true),
        ("Pipfile.lock", &[("Pipfile", PIPFILE), ("Pipfile.lock", &pipenv)], true),
        ("requirements.txt", &[("requirements.txt", &hashed)], true),
        (
            "requirements/prod.txt",
            &[
                ("requirements/prod.txt", "-r base.txt\n-c limits.txt\nitsdangerous\n"),
                (
                    "requirements/base.txt",
                    "click<9 ; python_version > '3'\ncolorama ; sys_platform == 'win32'\n",
                ),
                ("requirements/limits.txt", "itsdangerous==2.1.2\nclick==8.1.7\niniconfig==1\n"),
            ],
            false,
        ),
        ("[project] of pyproject.toml", &[("pyproject.toml", PROJECT)], false),
        ("[tool.poetry.dependencies] of pyproject.toml", &[("pyproject.toml", POETRY)], false),
        ("[packages] of Pipfile", &[("Pipfile", PIPFILE)], false),
        ("install_requires of setup.cfg", &[("setup.cfg", cfg)], false),
        ("install_requires of setup.py", &[("setup.py", setup)], false),
        ("the script metadata of app.py", &[("app.py", &script)], false),
    ];
    for (name, files, locked) in cases {
        let project = project(files);
        assert_eq!(project.found.build.dependencies.describe(), *name);
        let resolved = project.resolved();
        let found = versions(&resolved);
        let click = found.get("click").map(|version| &version[..3]);
        let answer = (click, found.get("itsdangerous"), found.len());
        assert_eq!(answer, (Some("8.1"), Some(&"2.1.2"), 2), "{name}: {found:?}");
        assert_eq!(!resolved.needs_lock, *locked, "{name}");
    }
}

#[test]
fn a_pylock_is_read_as_it_is() {
    let cache = shared_cache();
    let (other, spec) = requirements("itsdangerous==2.1.2\nclick==8.1.7\n");
    let known = resolve_in(&cache, other.path(), &spec).expect("resolved");
    let mut lock = "lock-version = '1.0'\ncreated-by = 'x'\nextras = ['cli']\n".to_owned();
    for package in &known.resolution.packages {
        let artifact = package.artifact().expect("a file");
        let windlass_build::wheels::Location::Url(url) = &artifact.location else {
            panic!("no address")
        };
        let marker = if package.name == "click" { "marker = \"'cli' in extras\"\n" } else { "" };
        let entry = format!(
            "[[packages]]\nname = '{}'\nversion = '{}'\n{marker}wheels = [{{ url = '{url}', hashes = {{ sha256 = '{}' }} }}]\n",
            package.name,
            package.version.as_deref().expect("a version"),
            artifact.sha256.hex(),
        );
        lock += &entry;
    }
    for (config, wanted) in [("", 1), ("[tool.windlass]\nextras = ['cli']\n", 2)] {
        let project = project(&[("pylock.toml", &lock), ("pyproject.toml", config)]);
        let resolved = project.resolved();
        assert_eq!(resolved.resolution.packages.len(), wanted, "{config}");
        assert!(!resolved.needs_lock && resolved.notes.is_empty());
        for package in &resolved.resolution.packages {
            let same = known.resolution.package(&package.name).expect("known");
            let hash = |package: &LockedPackage| package.artifact().map(|file| file.sha256);
            assert_eq!((&package.version, hash(package)), (&same.version, hash(same)));
        }
    }
    let broken = project(&[("pylock.toml", "lock-version = '1.0'\n[[packages]]\nversion = 1\n")]);
    let problem = explain::resolve(&broken.resolve().expect_err("broken"));
    assert_eq!(problem.code, "lock-file-invalid");
    assert!(problem.message.starts_with("pylock.toml:3: "), "{problem:?}");
}

#[test]
fn a_locks_hashes_and_its_declaration_are_obeyed() {
    let lock = poetry_lock("2.1");
    let wrong = lock.replace(CLICK, &"0".repeat(64));
    let refused = project(&[("pyproject.toml", POETRY), ("poetry.lock", &wrong)]);
    let problem = explain::resolve(&refused.resolve().expect_err("another file"));
    assert_eq!(problem.code, "file-not-listed", "{problem:?}");

    let changed = POETRY.replace("click = '~8.1.7'", "click = '^9'");
    let stale = project(&[("pyproject.toml", &changed), ("poetry.lock", &lock)]);
    let problem = explain::resolve(&stale.resolve().expect_err("stale"));
    assert_eq!(problem.code, "lock-file-stale");
    assert!(problem.hints[0].contains("poetry lock"), "{problem:?}");

    // The content hash of this lock is nobody's: what production needs still fits.
    let fits = project(&[("pyproject.toml", POETRY), ("poetry.lock", &lock)]);
    let warnings = explain::notes(&fits.resolved().notes);
    assert_eq!(warnings[0].code, "lock-file-outdated");
    assert_eq!(warnings[0].message, "pyproject.toml was changed after poetry.lock was written");
}

#[test]
fn folders_of_sources_come_with_what_they_need() {
    let library =
        "[project]\nname = 'lib'\nversion = '1'\ndependencies = ['itsdangerous==2.1.2']\n";
    let poetry = "[tool.poetry.dependencies]\nlib = { path = 'libs/lib', develop = true }\n";
    let locked = [
        poetry_package("itsdangerous", "2.1.2", ITSDANGEROUS, "groups = [\"main\"]\n"),
        "[[package]]\nname = 'lib'\nversion = '1'\ngroups = ['main']\nfiles = []\ndevelop = true\n\
         [package.source]\ntype = 'directory'\nurl = 'libs/lib'\n[metadata]\nlock-version = '2.1'\n"
            .to_owned(),
    ]
    .concat();
    let pipfile = "[packages]\nlib = { path = 'libs/lib', editable = true }\n";
    let cases: &[&[(&str, &str)]] = &[
        &[("pyproject.toml", poetry)],
        &[("pyproject.toml", poetry), ("poetry.lock", &locked)],
        &[("Pipfile", pipfile)],
        &[("requirements.txt", "-e ./libs/lib\n")],
        &[("requirements.txt", "lib @ ./libs/lib\n")],
    ];
    for files in cases {
        let all =
            [&[("libs/lib/pyproject.toml", library), ("libs/lib/lib/__init__.py", "")], *files];
        let project = project(&all.concat());
        let resolved = project.resolved();
        assert_eq!(versions(&resolved).get("itsdangerous"), Some(&"2.1.2"), "{files:?}");
        let lib = resolved.resolution.package("lib").expect("there");
        let wanted = project.folder.path().join("libs/lib");
        match &lib.source {
            windlass_build::wheels::Source::Directory { path } => assert_eq!(path, &wanted),
            other => panic!("{files:?}: {other:?}"),
        }
    }
}
