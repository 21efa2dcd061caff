//! Locks as their tools write them, and broken ones.

mod hashes;

use super::*;
use crate::wheels::target::Target;
use windlass_model::{Machine, PythonVersion};

const PYPROJECT: &str = "[tool.poetry]\nname = 'shop'\n[tool.poetry.dependencies]\npython = '^3.11'\n\
    jinja2 = '~3.1.3'\nitsdangerous = { version = '2.1.2', python = '<3.13' }\n\
    click = { version = '8.1.7', optional = true }\n\
    [tool.poetry.extras]\ncli = ['click']\n[tool.poetry.group.dev.dependencies]\niniconfig = '2.0.0'\n";

fn target(minor: u8) -> Target {
    let python = PythonVersion::three(minor);
    Target { python, patch: 2, glibc: (2, 41), machine: Machine::X86_64 }
}

fn hash(byte: u8) -> String {
    format!("sha256:{}", format!("{byte:02x}").repeat(32))
}

/// A project with a lock, chosen from for a Python with extras and groups.
struct Case {
    tool: LockTool,
    lock: String,
    declaration: String,
}

impl Case {
    fn read(&self, selection: &Selection) -> Result<ForeignLock, ForeignLockError> {
        let folder = tempfile::tempdir().expect("a folder");
        let (lock, declaration) = match self.tool {
            LockTool::Pipenv => ("Pipfile.lock", "Pipfile"),
            LockTool::Pdm => ("pdm.lock", "pyproject.toml"),
            _ => ("poetry.lock", "pyproject.toml"),
        };
        std::fs::write(folder.path().join(lock), &self.lock).expect("written");
        std::fs::write(folder.path().join(declaration), &self.declaration).expect("written");
        read(self.tool, &folder.path().join(lock), selection)
    }

    fn pins(&self, minor: u8, extras: &[&str], groups: &[&str]) -> Result<Pins, ForeignLockError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let selection =
            Selection { extras: owned(extras), groups: owned(groups), ..Selection::default() };
        select(&self.read(&selection)?, &selection, target(minor))
    }

    fn names(&self, minor: u8, extras: &[&str], groups: &[&str]) -> String {
        let pins = self.pins(minor, extras, groups).expect("selected");
        let shown = |pin: Pin| pin.requirement.unwrap_or(format!("{} (folder)", pin.name));
        pins.packages.into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }
}

/// One package of `poetry.lock`; `more` goes before its tables.
fn poetry_package(name: &str, version: &str, more: &str, tables: &str) -> String {
    let file = hash(version.len() as u8);
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{more}\
         files = [{{ file = \"{name}-{version}-py3-none-any.whl\", hash = \"{file}\" }}]\n{tables}\n"
    )
}

fn poetry_1() -> Case {
    let lock = [
        poetry_package(
            "click",
            "8.1.7",
            "optional = true\n",
            "[package.dependencies]\ncolorama = { version = \"*\", markers = \"platform_system == 'Windows'\" }\n",
        ),
        poetry_package("colorama", "0.4.6", "", ""),
        poetry_package("iniconfig", "2.0.0", "", ""),
        poetry_package("itsdangerous", "2.1.2", "", ""),
        poetry_package(
            "Jinja2",
            "3.1.6",
            "",
            "[package.dependencies]\nMarkupSafe = \">=2.0\"\n\
            Babel = { version = \">=2.7\", optional = true, markers = \"extra == 'i18n'\" }\n\
            [package.extras]\ni18n = [\"Babel (>=2.7)\"]\n",
        ),
        poetry_package("babel", "2.9", "", ""),
        poetry_package("markupsafe", "1.9", "", ""),
        poetry_package("markupsafe", "3.0.4", "", ""),
        "[extras]\ncli = [\"click\"]\n[metadata]\nlock-version = \"2.0\"\ncontent-hash = \"00\"\n"
            .to_owned(),
    ];
    Case { tool: LockTool::Poetry, lock: lock.concat(), declaration: PYPROJECT.to_owned() }
}

#[test]
fn poetrys_older_locks_are_walked_from_the_declaration() {
    let mut case = poetry_1();
    assert_eq!(case.names(13, &[], &[]), "jinja2==3.1.6 markupsafe==3.0.4");
    assert_eq!(
        case.names(11, &["cli"], &["dev"]),
        "click==8.1.7 iniconfig==2.0.0 itsdangerous==2.1.2 jinja2==3.1.6 markupsafe==3.0.4"
    );
    case.declaration =
        case.declaration.replace("'~3.1.3'", "{ version = '3.*', extras = ['i18n'] }");
    assert_eq!(case.names(13, &[], &[]), "babel==2.9 jinja2==3.1.6 markupsafe==3.0.4");
    // Form 1 keeps hashes at its end.
    case.lock = "[[package]]\nname = 'jinja2'\nversion = '3.1.6'\ncategory = 'main'\n[metadata]\n\
        lock-version = '1.1'\n[metadata.files]\njinja2 = [{ file = 'j.whl', hash = 'HASH' }]\n"
        .replace("HASH", &hash(7));
    let pins = case.pins(13, &[], &[]).expect("selected").packages;
    assert_eq!(pins[0].hashes.as_ref().map(BTreeSet::len), Some(1));
}

#[test]
fn poetrys_newer_locks_name_groups_and_markers() {
    let lock = [
        poetry_package("click", "8.1.7", "groups = [\"main\"]\nmarkers = \"extra == 'cli'\"\n", ""),
        poetry_package("iniconfig", "2.0.0", "groups = [\"dev\"]\n", ""),
        poetry_package(
            "itsdangerous",
            "2.1.2",
            "groups = [\"main\", \"dev\"]\nmarkers = { main = \"python_version < '3.13'\" }\n",
            "",
        ),
        poetry_package(
            "jinja2",
            "3.1.6",
            "groups = [\"main\"]\n",
            "[package.source]\ntype = \"legacy\"\nurl = \"https://example.org/simple\"\n",
        ),
        poetry_package(
            "lib",
            "0.1",
            "groups = [\"main\"]\ndevelop = true\n",
            "[package.source]\ntype = \"directory\"\nurl = \"../lib\"\n",
        ),
        "[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"00\"\n".to_owned(),
    ];
    let case =
        Case { tool: LockTool::Poetry, lock: lock.concat(), declaration: PYPROJECT.to_owned() };
    assert_eq!(case.names(13, &[], &[]), "jinja2==3.1.6 lib (folder)");
    assert_eq!(
        case.names(13, &["cli"], &["dev"]),
        "click==8.1.7 iniconfig==2.0.0 itsdangerous==2.1.2 jinja2==3.1.6 lib (folder)"
    );
    let pins = case.pins(11, &[], &[]).expect("selected");
    assert_eq!(pins.sources, ["https://example.org/simple"]);
    assert_eq!(pins.packages.len(), 3);
}

fn pdm() -> Case {
    let package = |name: &str, version: &str, more: &str| {
        let file = hash(version.len() as u8);
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{more}\
            files = [{{ file = \"{name}.whl\", hash = \"{file}\" }}]\n\n"
        )
    };
    let lock = [
        "[metadata]\ngroups = [\"default\", \"cli\", \"dev\"]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\ncontent_hash = \"sha256:00\"\n".to_owned(),
        package("click", "8.1.7", "groups = [\"cli\"]\n"),
        package("iniconfig", "2.0.0", "groups = [\"dev\"]\n"),
        package("itsdangerous", "2.1.2", "groups = [\"default\"]\nmarker = \"python_version < '3.13'\"\n"),
        package("jinja2", "3.1.6", "groups = [\"default\"]\ndependencies = [\"MarkupSafe>=2.0\"]\n"),
        package("markupsafe", "3.0.4", "groups = [\"default\"]\n"),
    ];
    let declaration = "[project]\nname = 'shop'\nrequires-python = '>=3.11'\ndependencies = ['jinja2~=3.1.3', \
        \"itsdangerous==2.1.2; python_version < '3.13'\"]\n[project.optional-dependencies]\ncli = ['click==8.1.7']\n\
        [dependency-groups]\ndev = ['iniconfig==2.0.0']\n";
    Case { tool: LockTool::Pdm, lock: lock.concat(), declaration: declaration.to_owned() }
}

#[test]
fn pdms_locks_with_and_without_groups() {
    let mut case = pdm();
    let all = "click==8.1.7 iniconfig==2.0.0 itsdangerous==2.1.2 jinja2==3.1.6 markupsafe==3.0.4";
    for with_groups in [true, false] {
        assert_eq!(case.names(13, &[], &[]), "jinja2==3.1.6 markupsafe==3.0.4", "{with_groups}");
        assert_eq!(case.names(11, &["cli"], &["dev"]), all, "{with_groups}");
        let lines = case
            .lock
            .lines()
            .skip(3)
            .filter(|line| !line.starts_with("groups") && !line.starts_with("marker"));
        case.lock = "[metadata]\n".to_owned() + &lines.collect::<Vec<_>>().join("\n");
    }
}

#[test]
fn entries_for_extras_count_where_they_are_asked_for() {
    let lock = "[metadata]\nlock_version = '4.4'\n\
        [[package]]\nname = 'uvicorn'\nversion = '0.30'\n\
        [[package]]\nname = 'uvicorn'\nversion = '0.30'\nextras = ['standard']\ndependencies = ['uvloop', 'uvicorn==0.30']\n\
        [[package]]\nname = 'uvloop'\nversion = '0.21'\n";
    let project = |text: &str| Case {
        tool: LockTool::Pdm,
        lock: lock.to_owned(),
        declaration: format!("[project]\ndependencies = ['{text}']\n"),
    };
    assert_eq!(project("uvicorn").names(13, &[], &[]), "uvicorn==0.30");
    assert_eq!(project("uvicorn[standard]").names(13, &[], &[]), "uvicorn==0.30 uvloop==0.21");
}

#[test]
fn pipenvs_lock_has_a_table_for_each_category() {
    let lock = format!(
        "{{\"_meta\": {{\"hash\": {{\"sha256\": \"00\"}}, \"pipfile-spec\": 6, \"sources\": [\
         {{\"name\": \"pypi\", \"url\": \"https://a.example.org\"}}, {{\"name\": \"own\", \"url\": \"https://b.example.org\"}}]}},\n\
         \"default\": {{\"jinja2\": {{\"version\": \"==3.1.6\", \"hashes\": [\"{0}\"]}},\n\
         \"itsdangerous\": {{\"version\": \"==2.1.2\", \"markers\": \"python_version < '3.13'\", \"hashes\": [\"{0}\"]}},\n\
         \"lib\": {{\"path\": \"./lib\", \"editable\": true}}}},\n\
         \"develop\": {{\"iniconfig\": {{\"version\": \"==2.0.0\"}}}}}}",
        hash(1)
    );
    let declaration = "[packages]\njinja2 = '~=3.1.3'\nlib = { path = './lib', editable = true }\n[dev-packages]\niniconfig = '*'\n";
    let mut case = Case { tool: LockTool::Pipenv, lock, declaration: declaration.to_owned() };
    assert_eq!(case.names(13, &[], &[]), "jinja2==3.1.6 lib (folder)");
    assert_eq!(
        case.names(11, &[], &["dev-packages"]),
        "iniconfig==2.0.0 itsdangerous==2.1.2 jinja2==3.1.6 lib (folder)"
    );
    assert_eq!(case.pins(13, &[], &[]).expect("selected").sources, ["https://b.example.org"]);
    case.lock = case.lock.replace("\"pipfile-spec\": 6", "\"pipfile-spec\": 7");
    let error = case.pins(13, &[], &[]).expect_err("newer");
    assert!(matches!(error, ForeignLockError::Version { .. }), "{error:?}");
    case.lock = "{\n \"a\": ?}".to_owned();
    let error = case.pins(13, &[], &[]).expect_err("broken");
    assert!(matches!(error, ForeignLockError::Invalid { line: 2, .. }), "{error:?}");
}

#[test]
fn a_lock_that_contradicts_its_declaration_is_refused() {
    for (from, to, said) in [
        ("'~3.1.3'", "'^4.0'", "jinja2 ^4.0 is declared, jinja2 3.1.6 is locked"),
        ("jinja2 =", "flask =", "flask ~3.1.3 is declared, nothing is locked"),
    ] {
        let mut case = poetry_1();
        case.declaration = case.declaration.replace(from, to);
        let error = case.pins(13, &[], &[]).expect_err("stale");
        assert!(matches!(error, ForeignLockError::Stale { .. }), "{error:?}");
        assert!(error.to_string().ends_with(said), "{error}");
    }
    let mut case = pdm();
    case.declaration = case.declaration.replace("jinja2~=3.1.3", "jinja2<3");
    let error = case.pins(13, &[], &[]).expect_err("stale");
    assert!(error.to_string().contains("jinja2 <3 is declared"), "{error}");
}

#[test]
fn broken_locks_are_refused_with_their_place() {
    for (from, to, part) in [
        ("name = \"babel\"", "name = ", "poetry.lock:"),
        ("name = \"babel\"\n", "", "no valid name of a package"),
        ("version = \"2.9\"\n", "", "no valid version of babel"),
        ("lock-version = \"2.0\"", "lock-version = \"3.0\"", "has the form 3.0"),
        ("[metadata]", "[other]", "no valid [metadata]"),
        ("platform_system == 'Windows'", "platform = 1", "the marker `platform = 1`"),
    ] {
        let mut case = poetry_1();
        case.lock = case.lock.replace(from, to);
        let error = case.pins(13, &["cli"], &[]).expect_err(part);
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let lock = folder.path().join("poetry.lock");
    std::fs::write(&lock, b"a = 1\nb = '\xff'\n").expect("written");
    std::fs::write(folder.path().join("pyproject.toml"), "").expect("written");
    let error = read(LockTool::Poetry, &lock, &Selection::default()).expect_err("not text");
    assert!(matches!(error, ForeignLockError::Invalid { line: 2, .. }), "{error:?}");
    std::fs::File::create(&lock).and_then(|file| file.set_len(MAX_BYTES + 1)).expect("a hole");
    let error = read(LockTool::Poetry, &lock, &Selection::default()).expect_err("too large");
    assert!(matches!(error, ForeignLockError::TooLarge { .. }), "{error:?}");
    let gone = read(LockTool::Pdm, &folder.path().join("pdm.lock"), &Selection::default());
    assert!(matches!(gone, Err(ForeignLockError::Read { .. })));
}

#[test]
fn repositories_and_two_versions_at_once_are_refused() {
    let mut case = poetry_1();
    case.lock = case.lock.replace(
        "name = \"markupsafe\"\nversion = \"3.0.4\"",
        "name = \"markupsafe\"\nversion = \"3.0.4\"\nsource = { type = \"git\", url = \"https://example.org/m.git\" }",
    );
    let error = case.pins(13, &[], &[]).expect_err("a repository");
    assert!(matches!(error, ForeignLockError::Repository { .. }), "{error:?}");
    let mut case = pdm();
    case.lock += "[[package]]\nname = \"jinja2\"\nversion = \"3.1.4\"\ngroups = [\"default\"]\n";
    let error = case.pins(13, &[], &[]).expect_err("twice");
    assert!(matches!(error, ForeignLockError::Twice { .. }), "{error:?}");
}
