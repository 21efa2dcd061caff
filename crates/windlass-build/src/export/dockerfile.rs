//! The text of the Dockerfile. Pure.

use super::install::{Install, Tool};
mod parts;

use super::{ExportRequest, MARKER, address};
use crate::debian::suite_of;
use parts::{debian_name, environment, persisted};
use std::fmt::Write as _;
use windlass_model::{BuildSpec, shell_words};

/// The whole file.
pub(super) fn text(request: &ExportRequest<'_>, install: &Install) -> String {
    let mut out = head(request);
    builder(&mut out, install);
    runtime(&mut out, request);
    process(&mut out, request);
    out
}

fn head(request: &ExportRequest<'_>) -> String {
    let python = request.build.python;
    let suite = suite_of(python).unwrap_or("trixie");
    let base = match &request.build.base.image {
        Some(base) => format!("# The base that the project asks for.\nARG BASE={base}\n"),
        None => format!(
            "# The Python that the project asks for, on a small Debian. In production name it by digest.\n\
             ARG BASE=python:{python}-slim-{suite}\n"
        ),
    };
    format!(
        "{MARKER} It writes this file anew as long as this line is there.\n\
         #\n\
         #   docker build -t {app} .\n\
         #   docker run --rm -p {port}:{port} --read-only --tmpfs /tmp {app}\n\
         #\n\
         {base}",
        app = request.build.app,
        port = address::PORT,
    )
}

fn builder(out: &mut String, install: &Install) {
    *out += "\n# --- The packages, in an environment of their own -----------------------------------------\n\
             # What is needed to install them stays in this stage.\n\
             FROM ${BASE} AS builder\n\
             ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore";
    if install.tool == Tool::UV {
        *out += " \\\n    UV_PROJECT_ENVIRONMENT=/opt/venv UV_COMPILE_BYTECODE=1 \\\n    \
                 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never";
    }
    *out += "\n# The caches outlive the build and are not part of the image.\n";
    let cache = install.tool.cache;
    if !install.tool.requirement.is_empty() {
        let _ = writeln!(
            out,
            "RUN --mount=type=cache,target=/root/.cache/pip \\\n    python -m pip install \"{}\"",
            install.tool.requirement
        );
    }
    *out += "RUN python -m venv /opt/venv\n";
    let _ = writeln!(out, "WORKDIR {}", BuildSpec::APP_DIR);
    if !install.copies.is_empty() {
        *out +=
            "# Only what names the packages: a change of the source leaves what follows cached.\n";
        copy(out, &install.copies);
    }
    let mut copied = false;
    for step in &install.steps {
        if step.needs_source && !copied {
            *out += "COPY . .\n";
            copied = true;
        }
        let _ = writeln!(out, "# {}", step.why);
        let _ = writeln!(out, "RUN --mount=type=cache,target={cache} \\\n    {}", step.command);
    }
}

/// One `COPY` for each folder that the files are in.
fn copy(out: &mut String, files: &[String]) {
    let mut folders: std::collections::BTreeMap<&str, Vec<&str>> =
        std::collections::BTreeMap::new();
    for file in files {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(file);
    }
    for (folder, files) in folders {
        let target = if folder.is_empty() { "./".to_owned() } else { format!("./{folder}/") };
        // The form of an array takes names with blanks.
        let mut words: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
        words.push(target);
        if words.iter().any(|word| word.contains(char::is_whitespace)) {
            let _ = writeln!(out, "COPY {}", array(&words));
        } else {
            let _ = writeln!(out, "COPY {}", words.join(" "));
        }
    }
}

fn runtime(out: &mut String, request: &ExportRequest<'_>) {
    let build = request.build;
    *out += "\n# --- The image ------------------------------------------------------------------------------\n\
             FROM ${BASE}\n";
    if !build.apt.is_empty() {
        let mut apt: Vec<&str> = build.apt.iter().map(debian_name).collect();
        apt.sort_unstable();
        apt.dedup();
        let _ = writeln!(
            out,
            "# Libraries that the packages load.\n\
             RUN apt-get update \\\n && apt-get install -y --no-install-recommends {} \\\n && rm -rf /var/lib/apt/lists/*",
            apt.join(" ")
        );
    }
    let _ = writeln!(
        out,
        "# An ordinary user by number, so that an orchestrator sees that it is not root.\n\
         RUN groupadd --system --gid {user} app \\\n && useradd --system --uid {user} --gid {user} --home-dir /tmp --shell /usr/sbin/nologin app",
        user = BuildSpec::USER
    );
    environment(out, request);
    *out += "COPY --from=builder /opt/venv /opt/venv\n";
    let _ = writeln!(out, "WORKDIR {}", BuildSpec::APP_DIR);
    *out += "# Last, since it changes most. It belongs to root: the app cannot rewrite itself.\nCOPY . .\n";
    *out += "# Bytecode now rather than at every start; a file for another Python is no reason to fail.\n\
             RUN python -m compileall -q . || true\n";
    if !build.work_dir.trim_matches(['/', '.']).is_empty() {
        let _ =
            writeln!(out, "WORKDIR {}/{}", BuildSpec::APP_DIR, build.work_dir.trim_matches('/'));
    }
    for command in request.app.release_commands.iter().filter(|command| is_static(command)) {
        let _ = writeln!(
            out,
            "# Static files. The key is for this step alone: the real one comes when a container starts.\n\
             RUN SECRET_KEY=only-for-collectstatic {}",
            shell_words::line(command)
        );
    }
    persisted(out, &build.persist);
}

fn process(out: &mut String, request: &ExportRequest<'_>) {
    let _ = writeln!(out, "USER {0}:{0}", BuildSpec::USER);
    let once: Vec<_> =
        request.app.release_commands.iter().filter(|command| !is_static(command)).collect();
    if !once.is_empty() {
        *out += "# Once for each release, before its containers serve:\n";
        for command in once {
            let line = shell_words::line(command);
            let _ = writeln!(out, "#   docker run --rm {} {line}", request.build.app);
        }
    }
    for (name, process) in request.app.processes.iter().filter(|(name, _)| !name.is_web()) {
        let line = shell_words::line(&process.command);
        let _ = writeln!(
            out,
            "# Beside it, as `{name}`:\n#   docker run --rm {} {line}",
            request.build.app
        );
    }
    if let Some(path) = &request.build.health_path {
        let _ = writeln!(out, "EXPOSE {}", address::PORT);
        *out += "# Healthy is what answers without an error of its own; asking for a login is an answer.\n\
                 HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \\\n    CMD ";
        let words = ["python", "-c", &health_check(request.app.hosts.first(), path)];
        *out += &array(&words.map(str::to_owned));
        out.push('\n');
    }
    let command = address::on_port(&request.build.command);
    *out += "# Exec form: the server is process 1 and gets the signal to stop.\n";
    let _ = writeln!(out, "CMD {}", array(&command));
}

/// Asks as a proxy would: by the first host name, as if it came over TLS.
fn health_check(host: Option<&String>, path: &str) -> String {
    let mut headers = serde_json::json!({ "X-Forwarded-Proto": "https" });
    if let Some(host) = host {
        headers["Host"] = serde_json::json!(host);
    }
    // What JSON writes is Python as well: texts in double quotes.
    format!(
        "import http.client,os,sys; \
         c=http.client.HTTPConnection('127.0.0.1',int(os.environ['PORT']),timeout=5); \
         c.request('GET',{path},headers={headers}); s=c.getresponse().status; \
         sys.exit(not (200<=s<400 or s in (401,403)))",
        path = serde_json::json!(path),
    )
}

fn is_static(command: &[String]) -> bool {
    shell_words::line(command).contains("collectstatic")
}

/// The exec form: a JSON array, with a blank after each comma as people write it.
fn array(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| serde_json::json!(word).to_string()).collect();
    format!("[{}]", words.join(", "))
}
