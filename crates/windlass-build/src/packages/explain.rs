//! Words for packages that could not be locked or put into an environment.

use super::PackagesError;
use crate::wheels;
use windlass_model::Problem;

/// What is wrong, and how to cure it.
pub fn explain(error: &PackagesError) -> Problem {
    let message = error.to_string();
    match error {
        PackagesError::Build(error) => crate::explain::explain(error),
        PackagesError::FindUv(error) => wheels::explain::uv_missing(error),
        PackagesError::Uv(failure) => wheels::explain::uv_failed(failure),
        PackagesError::OtherTool { tool, upgrade, .. } => {
            let command = if *upgrade { tool.upgrade_command() } else { tool.lock_command() };
            Problem::user("lock-of-other-tool", message).hint(format!("run: {command}"))
        }
        PackagesError::AllHashed { .. } => Problem::user("requirements-all-hashed", message).hint(
            "write them anew: uv pip compile --upgrade --generate-hashes requirements.in -o requirements.txt",
        ),
        PackagesError::NotLocked { .. } => Problem::user("package-not-locked", message)
            .hint("check the name; `windlass lock` locks what is declared"),
        PackagesError::NoPython { wanted } => Problem::environment("python-missing", message)
            .hint(format!("install it, such as by: uv python install {wanted}"))
            .hint("or choose another: [tool.windlass] python = \"...\""),
        PackagesError::OtherPython { folder, .. } => {
            Problem::user("environment-python-differs", message)
                .hint(format!("remove it, it is made anew: rm -r {}", folder.display()))
        }
        PackagesError::NoEnvironment { folder } => Problem::user("environment-broken", message)
            .hint(format!("remove it, it is made anew: rm -r {}", folder.display())),
        PackagesError::Io { .. } => Problem::environment("files-unusable", message)
            .sources(error)
            .hint("check that the disk has room and that the folder belongs to you"),
    }
}
