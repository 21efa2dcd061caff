//! Words for the failures of uv: to be found, and to resolve.

use super::{CHECK_DISK, CHECK_INDEX};
use crate::wheels::uv::FindUvError;
use crate::wheels::uv_failure::UvFailure;
use windlass_model::Problem;

pub(super) fn find_uv(error: &FindUvError) -> Problem {
    let message = error.to_string();
    match error {
        FindUvError::Explicit { .. } => Problem::environment("uv-does-not-run", message)
            .hint("Correct the variable UV, or unset it."),
        FindUvError::NoPython { tried } => Problem::environment("uv-not-found", message)
            .cause(match tried.len() {
                0 => "no Python was found on PATH".to_owned(),
                count => format!("{count} places were tried for Python"),
            })
            .hint("Install uv, or Python 3 with pip (the packages `python3` and `python3-pip`)."),
        FindUvError::Pip { output, .. } => Problem::environment("uv-not-fetched", message)
            .cause(output.clone())
            .hint("Install uv by hand, or set the package index that pip shall use."),
        FindUvError::Io { .. } => {
            Problem::environment("cache-unusable", message).sources(error).hint(CHECK_DISK)
        }
    }
}

pub(super) fn uv(failure: &UvFailure, place: Option<&(String, usize)>) -> Problem {
    let message = match place {
        Some((file, line)) => format!("a requirement cannot be read at {file}:{line}"),
        None => failure.to_string(),
    };
    let problem = match failure {
        UvFailure::Start { .. } => Problem::environment("uv-does-not-run", message)
            .sources(failure)
            .hint("Install uv again, or set UV to one that runs."),
        UvFailure::Unsatisfiable { explanation } => {
            let problem = Problem::user("requirements-conflict", message).hint(
                "Loosen one of the requirements named below, or choose another Python version.",
            );
            // uv's words for a package without sources that has no wheel for the machine.
            if explanation.contains("no wheels with a matching platform tag") {
                problem.hint(
                    "Or build only for what it has wheels for: windlass build --platform PLATFORM",
                )
            } else {
                problem
            }
        }
        UvFailure::UnknownPackage { .. } => Problem::user("package-unknown", message)
            .hint("Check the name; if it is a private package, set the index that has it."),
        UvFailure::Unreachable { .. } => {
            Problem::environment("index-unreachable", message).hint(CHECK_INDEX)
        }
        UvFailure::Repository { .. } => Problem::user("repository-unreachable", message).hint(
            "Require a released version instead, or give this machine access to the repository.",
        ),
        UvFailure::Syntax { .. } => {
            Problem::user("requirement-invalid", message).hint("Correct the line.")
        }
        UvFailure::MissingFile { .. } => Problem::user("requirements-unreadable", message)
            .hint("Check the path: it is relative to the file that includes it."),
        UvFailure::StaleLock { .. } => Problem::user("uv-lock-stale", message)
            .hint("Run `uv lock` and commit uv.lock: it no longer fits pyproject.toml."),
        UvFailure::Build { package, .. } => Problem::user("metadata-build-failed", message)
            .hint(format!("Require a version of {package} that has a wheel for this Python.")),
        UvFailure::TooOld { .. } => Problem::environment("uv-too-old", message)
            .hint("Update uv, or remove it from PATH: then a current one is fetched."),
        UvFailure::Other { .. } => {
            Problem::environment("uv-failed", message).hint("See uv's own words.")
        }
    };
    match failure.explanation() {
        Some(explanation) => problem.cause(explanation),
        None => problem,
    }
}
