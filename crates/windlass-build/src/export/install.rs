//! How the packages get into the image: by the project's own lock, by Windlass's, or by what it
//! declares. Pure.

mod requirements;

use super::{ExportRequest, MARKER, REQUIREMENTS};
use requirements::by_requirements;
use std::fmt::Write as _;
use windlass_model::{Dependencies, LockTool, shell_words};

/// What the builder's stage does.
pub(super) struct Install {
    /// What it copies before it installs, so that a change of the source costs no installation.
    pub(super) copies: Vec<String>,
    /// What it runs, in order.
    pub(super) steps: Vec<Step>,
    /// What does it.
    pub(super) tool: Tool,
    /// The text of [`REQUIREMENTS`], where it is written.
    pub(super) requirements: Option<String>,
}

/// A program that installs packages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tool {
    /// How pip is told to install it; empty for pip itself.
    pub(super) requirement: &'static str,
    /// Where it keeps what it fetched.
    pub(super) cache: &'static str,
}

impl Tool {
    const PIP: Self = Self { requirement: "", cache: "/root/.cache/pip" };
    pub(super) const UV: Self = Self { requirement: "uv>=0.7,<1", cache: "/root/.cache/uv" };
    const POETRY: Self = Self { requirement: "poetry>=2,<3", cache: "/root/.cache/pypoetry" };
    const PDM: Self = Self { requirement: "pdm>=2.20,<3", cache: "/root/.cache/pdm" };
    const PIPENV: Self = Self { requirement: "pipenv>=2024", cache: "/root/.cache/pipenv" };
}

/// One command of the builder's stage.
pub(super) struct Step {
    /// The comment above it.
    pub(super) why: &'static str,
    pub(super) command: String,
    /// Whether the whole source has to be there first.
    pub(super) needs_source: bool,
}

const VENV: &str = "/opt/venv/bin/python";

/// Decides.
pub(super) fn plan(request: &ExportRequest<'_>) -> Install {
    let mut install = match &request.build.dependencies {
        Dependencies::UvLock { dir } => by_uv_lock(request, dir),
        _ if !request.locked.is_empty() => by_windlass_lock(request),
        Dependencies::Requirements { files } => by_requirements(request, files),
        Dependencies::Lock { tool, file } => by_lock(*tool, file),
        Dependencies::Listed { requirements, .. } => by_list(request, requirements),
        Dependencies::Project { file } => by_project(file),
        Dependencies::None => nothing(),
    };
    let extras = &request.build.extra_requirements;
    if install.requirements.is_none() && !extras.is_empty() {
        let words: Vec<String> = extras.iter().map(|extra| shell_words::quote(extra)).collect();
        install.steps.push(Step {
            why: "What the project does not declare and running it needs.",
            command: installer(install.tool, &words.join(" ")),
            needs_source: false,
        });
    }
    let by_uv_lock = matches!(request.build.dependencies, Dependencies::UvLock { .. });
    if request.build.install_project && !by_uv_lock {
        install.steps.push(Step {
            why: OWN,
            command: installer(install.tool, "--no-deps ."),
            needs_source: true,
        });
    }
    install
}

/// Why the project is installed too.
const OWN: &str = "The project itself, for its console scripts.";

fn installer(tool: Tool, what: &str) -> String {
    if tool == Tool::UV {
        format!("uv pip install --python {VENV} {what}")
    } else {
        format!("{VENV} -m pip install {what}")
    }
}

fn nothing() -> Install {
    Install { copies: Vec::new(), steps: Vec::new(), tool: Tool::PIP, requirements: None }
}

fn by_uv_lock(request: &ExportRequest<'_>, dir: &str) -> Install {
    let dir = if dir == "." { "" } else { dir };
    let at = |name: &str| {
        if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
    };
    let folder = match dir {
        "" => String::new(),
        dir => format!(" --directory {}", shell_words::quote(dir)),
    };
    // A member of a workspace has its lock further up, and the others' declarations belong to it.
    let member = (request.read)(&at("uv.lock")).is_none();
    let (check, without) = if member {
        ("--frozen", "--no-install-workspace")
    } else {
        ("--locked", "--no-install-project")
    };
    let mut sync = format!("uv sync{folder} {check} --no-dev --no-editable");
    for (flag, names) in
        [("--extra", &request.build.selection.extras), ("--group", &request.build.selection.groups)]
    {
        for name in names {
            let _ = write!(sync, " {flag} {}", shell_words::quote(name));
        }
    }
    let mut steps = vec![Step {
        why: if member {
            "The packages of the workspace's lock; its members' declarations are all needed."
        } else {
            "The packages alone: this layer stays until the lock changes."
        },
        command: format!("{sync} {without}"),
        needs_source: member,
    }];
    if request.build.install_project {
        steps.push(Step { why: OWN, command: sync, needs_source: true });
    }
    let copies = if member { Vec::new() } else { vec![at("pyproject.toml"), at("uv.lock")] };
    Install { copies, steps, tool: Tool::UV, requirements: None }
}

fn by_windlass_lock(request: &ExportRequest<'_>) -> Install {
    let mut text = format!(
        "{MARKER}\n# The files that windlass.lock pins; pip takes no others. They are for one machine and one\n\
         # Python: write this anew when the lock changes.\n"
    );
    for package in request.locked {
        let (name, version) = (&package.name, &package.version);
        let _ = writeln!(text, "{name}=={version} \\\n    --hash=sha256:{}", package.sha256.hex());
    }
    let step = Step {
        why: "Exactly the files of the lock: pip checks each hash and resolves nothing.",
        command: format!("{VENV} -m pip install --no-deps --require-hashes -r {REQUIREMENTS}"),
        needs_source: false,
    };
    Install {
        copies: vec![REQUIREMENTS.to_owned()],
        steps: vec![step],
        requirements: Some(text),
        ..nothing()
    }
}

/// By the tool whose lock it is, into the environment that is active.
fn by_lock(lock: LockTool, file: &str) -> Install {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let at = |name: &str| {
        if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
    };
    let inside = |command: &str| {
        let change = match folder {
            "" => String::new(),
            folder => format!("cd {} && ", shell_words::quote(folder)),
        };
        format!("{change}VIRTUAL_ENV=/opt/venv {command}")
    };
    let (tool, command, declaration) = match lock {
        LockTool::Pylock => {
            let command = installer(Tool::UV, &format!("-r {}", shell_words::quote(file)));
            (Tool::UV, command, None)
        }
        LockTool::Poetry => {
            let command = "poetry install --only main --no-root --no-interaction";
            (Tool::POETRY, inside(command), Some("pyproject.toml"))
        }
        LockTool::Pdm => (Tool::PDM, inside("pdm sync --prod --no-self"), Some("pyproject.toml")),
        LockTool::Pipenv => (Tool::PIPENV, inside("pipenv sync"), Some("Pipfile")),
    };
    let step = Step {
        why: "The packages alone, as they are locked: this layer stays until the lock changes.",
        command,
        needs_source: false,
    };
    let copies = declaration.map(at).into_iter().chain([file.to_owned()]).collect();
    Install { copies, steps: vec![step], tool, requirements: None }
}

/// What inspection read out of a file in another form, as requirements.
fn by_list(request: &ExportRequest<'_>, requirements: &[String]) -> Install {
    let mut text = format!("{MARKER}\n# What the project declares, without a lock.\n");
    for line in requirements.iter().chain(&request.build.extra_requirements) {
        let _ = writeln!(text, "{line}");
    }
    let step = Step {
        why: "What the project declares, without a lock: commit one for the same image every time.",
        command: installer(Tool::PIP, &format!("-r {REQUIREMENTS}")),
        needs_source: false,
    };
    Install {
        copies: vec![REQUIREMENTS.to_owned()],
        steps: vec![step],
        requirements: Some(text),
        ..nothing()
    }
}

fn by_project(file: &str) -> Install {
    let step = Step {
        why: "What the project declares, without a lock: commit one for the same image every time.",
        command: installer(Tool::UV, &format!("-r {}", shell_words::quote(file))),
        needs_source: false,
    };
    Install { copies: vec![file.to_owned()], steps: vec![step], tool: Tool::UV, ..nothing() }
}
