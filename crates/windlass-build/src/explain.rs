//! Failures of building an image, for a person: what is wrong, why, and how to cure it.

mod base;
mod trust;

pub use trust::{advisories, inventory, key, signature};

use crate::build::{BuildError, BuildStepError};
use crate::debian::{CatalogueError, DebError, ResolveError, TrustError, UnpackPackagesError};
use crate::download::DownloadError;
use crate::image::{
    CompileError, InterpreterError, ProjectError, SecretFile, ShelfError, SystemError,
};
use crate::wheels::{self, BuildWheelError, InstallError};
use std::error::Error;
use std::io;
use windlass_model::explain::explain_build_command;
use windlass_model::{Machine, Problem};
use windlass_oci::explain as oci;

const CHECK_NETWORK: &str =
    "Check the network, and the proxy if there is one; what was fetched is kept for the next try.";
const OTHER_BUILD: &str = "Have uv fetch a build of the kind `install_only`, packed with gzip: check \
    UV_PYTHON_DOWNLOADS_JSON_URL and UV_PYTHON_INSTALL_MIRROR.";
const FREE_SPACE: &str =
    "Free some space on that file system, then try again; nothing half-written was kept.";

/// How many files of one kind are named.
const MOST_PATHS: usize = 5;

/// Explains a build that failed.
pub fn explain(error: &BuildError) -> Problem {
    match error {
        BuildError::System(error) => system(error),
        BuildError::Python(error) => wheels::explain::standalone(error),
        BuildError::Base(error) => base::base(error),
        BuildError::Resolve(error) => wheels::explain::resolve(error),
        BuildError::Install(error) => wheels::explain::install(error),
        BuildError::Project(error) => project(error),
        BuildError::Step(error) => build_step(error),
        BuildError::Lock(error) => wheels::explain::lock(error),
        BuildError::Shelf(error) => shelf(error),
        BuildError::Store(error) => oci::explain_store(error),
        BuildError::Note { source, .. } => disk("cache-unusable", error, source),
        BuildError::Cancelled => Problem::user("cancelled", "cancelled while building"),
        BuildError::For { source, .. } if matches!(**source, BuildError::Cancelled) => {
            explain(source)
        }
        BuildError::For { machine, source } => for_machine(*machine, source),
        BuildError::Processor { .. } => {
            Problem::environment("processor-unknown", error.to_string())
                .hint("Images are made for amd64 and arm64: build on such a machine.")
        }
    }
}

/// The image for one machine of several, or for another than this one.
fn for_machine(machine: Machine, error: &BuildError) -> Problem {
    let problem = explain(error).cause(format!("this is about the image for {machine}"));
    let needs_compiler = matches!(
        error,
        BuildError::Install(InstallError::Build(BuildWheelError::NeedsCompiler { .. }))
    );
    if needs_compiler && Machine::of_this() != Some(machine) {
        return problem.hint(format!(
            "Or build on a machine of that kind: nothing is compiled for {machine} on another one."
        ));
    }
    problem
}

fn build_step(error: &BuildStepError) -> Problem {
    let message = error.to_string();
    match error {
        BuildStepError::Failed { command, exit, output } => {
            explain_build_command(command, (&exit.to_string(), Some(*exit)), output)
        }
        BuildStepError::Deadline { command, limit_ms, output } => {
            let limit = windlass_model::quantity::format_duration_ms(*limit_ms);
            explain_build_command(command, (&format!("was stopped after {limit}"), None), output)
        }
        BuildStepError::Container { problem } => {
            let problem = problem.as_ref().clone();
            problem.cause("commands run in a container while the image is built")
        }
        BuildStepError::Secret { name } => Problem::user("build-secret-missing", message)
            .cause("`build-secrets` in [tool.windlass] declares it")
            .hint(format!("set it where the image is built: {name}=... windlass build"))
            .hint("a server has the environment that it was started with"),
        BuildStepError::TooMuch { .. } => Problem::user("build-output-too-large", message)
            .hint("have the commands remove what the app does not need")
            .hint("what later builds need belongs in the folder $WINDLASS_BUILD_CACHE"),
        BuildStepError::Programs { machine, paths } => {
            paths.iter().skip(1).take(MOST_PATHS).fold(Problem::user("build-output-for-other-machine", message), |problem, path| {
                problem.cause(format!("so does /{path}"))
            })
            .hint("have the commands remove compiled files that the app does not need, such as node_modules")
            .hint(format!("or build on a machine of that kind, or without {machine}"))
        }
        BuildStepError::Unpack(error) => oci::explain_unpack(error),
        BuildStepError::Project(error) => project(error),
        BuildStepError::Shelf(error) => shelf(error),
        BuildStepError::Disk { source, .. } => disk("cache-unusable", error, source),
    }
}

pub(crate) fn system(error: &SystemError) -> Problem {
    match error {
        SystemError::Python { available, .. } => {
            let names: Vec<_> = available.iter().map(ToString::to_string).collect();
            Problem::user("python-unavailable", error.to_string())
                .cause(format!("available are {}", names.join(", ")))
                .hint("Say which one to take: `python = \"3.13\"` in [tool.windlass] of pyproject.toml.")
        }
        SystemError::Catalogue(error) => catalogue(error),
        SystemError::Resolve(error) => resolve(error),
        SystemError::Download(error) => download(error),
        SystemError::Unpack(error) => packages(error),
        SystemError::Shelf(error) => shelf(error),
        SystemError::Interpreter(error) => match error {
            InterpreterError::Layer(error) => oci::explain_layer(error),
            InterpreterError::Unpack(error) => oci::explain_unpack(error),
            InterpreterError::Disk { source, .. } => disk("cache-unusable", error, source),
        },
        SystemError::Compile(error) => compile(error),
    }
}

fn catalogue(error: &CatalogueError) -> Problem {
    let message = error.to_string();
    match error {
        CatalogueError::Sources { source, .. } => disk("apt-sources-unreadable", error, source),
        CatalogueError::NoArchive { apt_dir } => Problem::environment("no-debian-archive", message)
            .cause("images are made from Debian's packages, wherever this machine gets them")
            .hint(format!(
                "Write a source of Debian's into {}: `Types: deb`, `URIs`, `Suites`, \
                     `Components: main`, and `Signed-By` with the archive's key ring. It is only \
                     read: apt itself is not needed.",
                apt_dir.join("sources.list.d/debian.sources").display()
            )),
        CatalogueError::Fetch { source, .. } => download(source).cause(message),
        CatalogueError::Untrusted { source, .. } => {
            let problem = Problem::environment("archive-untrusted", message).sources(error);
            match source {
                TrustError::NoKeys | TrustError::Unreadable { .. } => problem
                    .hint("Install the package `debian-archive-keyring`, or name a key ring."),
                TrustError::NotKeys { .. } => {
                    problem.hint("Replace the file by the archive's key ring.")
                }
                TrustError::NotSigned { .. } | TrustError::Untrusted { .. } => problem.hint(
                    "Something between this machine and the archive changed the file, or the \
                     key ring is older than the archive's keys: update `debian-archive-keyring`.",
                ),
            }
        }
        CatalogueError::Release { .. } => Problem::environment("archive-mismatch", message)
            .hint("The mirror is not a whole Debian archive: use another one."),
        CatalogueError::Foreign { .. } => Problem::environment("archive-foreign", message)
            .cause("an image takes packages of Debian's alone from what apt's lists lead to")
            .hint("Add a source of Debian's, or of a mirror that keeps Debian's release files."),
        CatalogueError::Expired { .. } => Problem::environment("archive-expired", message)
            .cause("an old index hides security updates, so it is refused")
            .hint(
                "Check this machine's clock; if it is right, use a mirror that is kept up to date.",
            ),
        CatalogueError::NoIndex { .. } => Problem::environment("archive-incomplete", message)
            .hint("The mirror lacks this processor: use one that has it."),
        CatalogueError::Index { source, .. } | CatalogueError::Disk { source, .. } => {
            disk("cache-unusable", error, source)
        }
    }
}

fn resolve(error: &ResolveError) -> Problem {
    let message = error.to_string();
    match error {
        ResolveError::Unknown { similar, place, .. } => {
            let problem = match place.as_str() {
                "" => Problem::user("package-unknown", message),
                place => Problem::user("package-unknown", message).cause(place),
            };
            if similar.is_empty() {
                problem.hint("Correct the name, or remove it.")
            } else {
                problem.hint(format!("Did you mean {}?", similar.join(", ")))
            }
        }
        ResolveError::Unsatisfied { .. } | ResolveError::Conflict { .. } => {
            Problem::user("packages-conflict", message)
                .hint("Remove one of the packages under `apt` in [tool.windlass].")
        }
    }
}

fn packages(error: &UnpackPackagesError) -> Problem {
    let message = error.to_string();
    match error {
        UnpackPackagesError::Deb(DebError::Read { source, .. }) => {
            disk("package-unreadable", error, source)
        }
        UnpackPackagesError::Deb(
            DebError::Form { .. } | DebError::Compression { .. } | DebError::Unsafe { .. },
        ) => Problem::user("package-unusable", message)
            .hint("The archive ships a package that images cannot take: leave it out of `apt`."),
        UnpackPackagesError::Standalone(_) => {
            Problem::environment("python-unusable", message).sources(error).hint(OTHER_BUILD)
        }
        UnpackPackagesError::SamePath { .. } => Problem::user("packages-conflict", message)
            .hint("Remove one of the packages under `apt` in [tool.windlass]."),
    }
}

fn project(error: &ProjectError) -> Problem {
    match error {
        ProjectError::Disk { source, .. } => disk("project-unreadable", error, source),
        ProjectError::Secrets { files } => secrets(files),
        ProjectError::Compile(error) => compile(error),
    }
}

/// How many files are named one by one.
const MOST_FILES: usize = 20;

fn secrets(files: &[SecretFile]) -> Problem {
    let message = match files {
        [only] => {
            format!("`{}` looks like {}, and would be in the image", only.path, only.kind.as_str())
        }
        files => format!("{} files that look like secrets would be in the image", files.len()),
    };
    let mut problem = Problem::user("secret-files", message);
    if files.len() > 1 {
        let told = files.iter().take(MOST_FILES);
        let told = told.map(|file| format!("{}: {}", file.path, file.kind.as_str()));
        problem = told.fold(problem, Problem::cause);
        if files.len() > MOST_FILES {
            problem = problem.cause(format!("and {} more", files.len() - MOST_FILES));
        }
    }
    let paths: Vec<_> = files.iter().take(3).map(|file| format!("\"{}\"", file.path)).collect();
    let (list, more) = (paths.join(", "), if files.len() > 3 { ", ..." } else { "" });
    problem
        .cause("whoever can pull the image can read every file of it")
        .hint(format!(
            "Keep them out: lines in .dockerignore, or `exclude = [{list}{more}]` in [tool.windlass]."
        ))
        .hint(format!(
            "If they are no secrets (keys of tests, say), allow them: `allow-files = [{list}{more}]`."
        ))
}

fn compile(error: &CompileError) -> Problem {
    let problem = Problem::environment("interpreter-failed", error.to_string());
    match error {
        CompileError::Start { .. } => problem.sources(error),
        CompileError::Failed { output } => problem.cause(output.trim().to_owned()),
    }
    .hint("Remove the folder `debian/interpreters` of the cache and try again.")
}

fn shelf(error: &ShelfError) -> Problem {
    match error {
        ShelfError::Layer(error) => oci::explain_layer(error),
        ShelfError::Store(error) => oci::explain_store(error),
        ShelfError::Note { source, .. } => disk("cache-unusable", error, source),
    }
}

/// Explains a download that failed.
pub fn download(error: &DownloadError) -> Problem {
    let problem = Problem::environment("download-failed", error.to_string()).sources(error);
    match error {
        DownloadError::Scheme { .. } => problem.hint("Name an http or https mirror instead."),
        DownloadError::Proxy { .. } => problem.hint("Correct the proxy's URL."),
        DownloadError::Status { status: 401 | 403 | 407, .. } => {
            problem.hint("Give this machine access: credentials of the mirror or of the proxy.")
        }
        DownloadError::Status { .. } => {
            problem.hint("The mirror may be changing just now: try again in a few minutes.")
        }
        DownloadError::Digest { .. } => problem.hint(
            "The file is refused. A proxy or a mirror gives another file than the signed one: \
             find out which.",
        ),
        DownloadError::Transport { .. }
        | DownloadError::CutOff { .. }
        | DownloadError::GaveUp { .. } => problem.hint(CHECK_NETWORK),
        DownloadError::Disk { source, .. } => with_disk_hint(problem, source),
    }
}

fn disk(code: &str, error: &dyn Error, source: &io::Error) -> Problem {
    with_disk_hint(Problem::environment(code, error.to_string()).sources(error), source)
}

fn with_disk_hint(problem: Problem, source: &io::Error) -> Problem {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => problem.hint(FREE_SPACE),
        io::ErrorKind::PermissionDenied => {
            problem.hint("Run as the user that owns the folder, or correct its permissions.")
        }
        _ => problem,
    }
}
