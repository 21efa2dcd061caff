//! Dockerfiles of whole projects: read, inspected, exported.

use super::*;
use crate::inspect::{HostFacts, Tree, inspect};
use windlass_model::{Digest, PythonVersion};

/// What is exported of a project with these files.
fn exported(files: &[(&str, &str)], locked: &[LockedFile]) -> Vec<ExportedFile> {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let facts = HostFacts {
        folder: "shop".to_owned(),
        pythons: vec![PythonVersion::three(11), PythonVersion::three(13)],
        cores: 2,
    };
    let tree = Tree::read(dir.path()).expect("readable");
    let found = inspect(&tree, &facts).expect("understood");
    let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).ok();
    export(&ExportRequest { app: &found.app, build: &found.build, locked, read: &read })
}

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n\n\n@app.get('/')\ndef home():\n    return 'x'\n";
const DECLARED: &str = "[project]\nname = 'shop'\nversion = '1'\nrequires-python = '==3.13.*'\ndependencies = ['flask', 'gunicorn']\n";

fn text<'a>(files: &'a [ExportedFile], path: &str) -> &'a str {
    &files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}")).text
}

/// The lines that do something.
fn instructions(text: &str) -> Vec<&str> {
    let is_one = |line: &&str| !line.is_empty() && !line.starts_with('#');
    text.lines().filter(is_one).collect()
}

#[test]
fn a_project_with_a_uv_lock() {
    let lock = "version = 1\nrequires-python = '==3.13.*'\n[[package]]\nname = 'shop'\nversion = '1'\nsource = { virtual = '.' }\n";
    let files =
        exported(&[("app.py", FLASK), ("pyproject.toml", DECLARED), ("uv.lock", lock)], &[]);
    let wanted = r#"ARG BASE=python:3.13-slim-trixie
FROM ${BASE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    UV_PROJECT_ENVIRONMENT=/opt/venv UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip install "uv>=0.7,<1"
RUN python -m venv /opt/venv
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-editable --no-install-project
FROM ${BASE}
RUN groupadd --system --gid 65532 app \
 && useradd --system --uid 65532 --gid 65532 --home-dir /tmp --shell /usr/sbin/nologin app
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PORT=8000 \
    FLASK_APP=app:app
COPY --from=builder /opt/venv /opt/venv
WORKDIR /app
COPY . .
RUN python -m compileall -q . || true
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client,os,sys; c=http.client.HTTPConnection('127.0.0.1',int(os.environ['PORT']),timeout=5); c.request('GET',\"/\",headers={\"X-Forwarded-Proto\":\"https\"}); s=c.getresponse().status; sys.exit(not (200<=s<400 or s in (401,403)))"]
CMD ["#;
    let found = instructions(text(&files, "Dockerfile")).join("\n");
    assert!(found.starts_with(wanted), "{found}");
    let command = found.lines().last().expect("a command");
    let words: Vec<String> =
        serde_json::from_str(command.strip_prefix("CMD ").expect("CMD")).expect("an array");
    assert_eq!(words[..3], ["gunicorn", "--bind", "0.0.0.0:8000"]);
    assert_eq!(words.last().map(String::as_str), Some("app:app"));
}

#[test]
fn requirements_come_with_the_files_that_they_name() {
    let files = exported(
        &[
            ("app.py", FLASK),
            ("requirements.txt", "-r requirements/base.txt\n-c limits.txt  # ours\ngunicorn\n"),
            ("requirements/base.txt", "-r ../more.txt\nflask\n"),
            ("more.txt", "-r requirements.txt\nblinker\n"),
            ("limits.txt", "flask<4\n"),
        ],
        &[],
    );
    let dockerfile = text(&files, "Dockerfile");
    assert!(dockerfile.contains("COPY limits.txt more.txt requirements.txt ./\nCOPY requirements/base.txt ./requirements/\n"), "{dockerfile}");
    assert!(
        dockerfile.contains("/opt/venv/bin/python -m pip install -r requirements.txt\n"),
        "{dockerfile}"
    );
    assert!(!dockerfile.contains("uv"), "{dockerfile}");
    assert_eq!(files.len(), 2);
    let files = exported(
        &[("app.py", FLASK), ("requirements.txt", "flask\n-e ./lib\n"), ("lib/setup.py", "")],
        &[],
    );
    let dockerfile = text(&files, "Dockerfile");
    let (source, install) = (dockerfile.find("COPY . ."), dockerfile.find("-r requirements.txt"));
    assert!(source < install, "{dockerfile}");
}

#[test]
fn what_windlass_locked_is_installed_by_its_hashes() {
    let locked = |name: &str, byte| LockedFile {
        name: name.to_owned(),
        version: "1.0".to_owned(),
        file: format!("{name}-1.0-py3-none-any.whl"),
        sha256: Digest::from_bytes([byte; 32]),
    };
    let lock = [locked("flask", 1), locked("gunicorn", 2)];
    let files = exported(&[("app.py", FLASK), ("pyproject.toml", DECLARED)], &lock);
    let dockerfile = text(&files, "Dockerfile");
    assert!(dockerfile.contains("COPY requirements.windlass.txt ./\n"), "{dockerfile}");
    assert!(
        dockerfile.contains("pip install --no-deps --require-hashes -r requirements.windlass.txt")
    );
    let requirements = text(&files, REQUIREMENTS);
    assert!(requirements.starts_with(MARKER));
    assert!(
        requirements.contains(&format!("flask==1.0 \\\n    --hash=sha256:{}\n", "01".repeat(32)))
    );
    let bare = exported(&[("app.py", FLASK), ("pyproject.toml", DECLARED)], &[]);
    assert!(
        text(&bare, "Dockerfile")
            .contains("uv pip install --python /opt/venv/bin/python -r pyproject.toml")
    );
}

#[test]
fn settings_packages_volumes_and_what_runs_beside() {
    let table = "\n[tool.windlass]\napt = ['libpq5', 'libmagic1']\npersist = ['media/', 'db.sqlite3']\n\
        exclude = ['research/']\nrelease = ['flask db upgrade']\nhosts = ['shop.example.org']\n\
        [tool.windlass.env]\nGREETING = 'say \"hi\" $x'\n[tool.windlass.processes]\nworker = 'celery -A shop worker'\n";
    let files =
        exported(&[("app.py", FLASK), ("pyproject.toml", &format!("{DECLARED}{table}"))], &[]);
    let dockerfile = text(&files, "Dockerfile");
    for wanted in [
        "apt-get install -y --no-install-recommends libmagic1 libpq5 \\\n",
        "GREETING=\"say \\\"hi\\\" \\$x\"",
        "ln -s /data/media /app/media",
        "ln -s /data/db.sqlite3 /app/db.sqlite3",
        "chown -R 65532:65532 /data\nVOLUME /data\n",
        "#   docker run --rm shop flask db upgrade\n",
        "celery -A shop worker",
        r#"\"Host\":\"shop.example.org\""#,
    ] {
        assert!(dockerfile.contains(wanted), "{wanted}\n{dockerfile}");
    }
    let ignore = text(&files, ".dockerignore");
    for line in ["**/.env", "**/*.pem", "**/.git", "research/", "/media", "/db.sqlite3"] {
        assert!(ignore.lines().any(|found| found == line), "{line}\n{ignore}");
    }
    let excludes = |path| crate::image::excludes(ignore, path);
    assert!(excludes(".env") && excludes("media/a.png") && !excludes("app.py"));
}

#[test]
fn the_same_project_gives_the_same_files() {
    let files = [("app.py", FLASK), ("pyproject.toml", DECLARED)];
    assert_eq!(exported(&files, &[]), exported(&files, &[]));
}
