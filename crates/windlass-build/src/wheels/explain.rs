//! Words for the failures of dependencies: what is wrong, why, and how to cure it.

use super::build_wheel::BuildWheelError;
use super::bytecode::BytecodeError;
use super::declaration::DeclarationError;
use super::install::InstallError;
use super::installed::{BuiltPackage, Installed};
use super::lock::LockError;
use super::merge::Overlap;
use super::pylock::PylockError;
use super::resolve::ResolveError;
use windlass_model::{Problem, PythonVersion};

const REPORT: &str = "Please report this: it should not happen.";
const CHECK_DISK: &str = "Check that the disk has room and that the folder belongs to you.";
const CHECK_INDEX: &str =
    "Check the network and the package index settings of this machine (pip's or uv's).";

mod compile;
mod lock_file;
mod resolver;
mod standalone;

pub use lock_file::notes;

use compile::{compile, substitute};
use lock_file::{foreign, own_pylock};
use resolver::{find_uv, uv};
pub use standalone::standalone;

/// Explains why there is no uv.
pub(crate) fn uv_missing(error: &super::FindUvError) -> Problem {
    find_uv(error)
}

/// Explains why uv failed.
pub(crate) fn uv_failed(failure: &super::UvFailure) -> Problem {
    uv(failure, None)
}

/// Explains why dependencies could not be resolved.
pub fn resolve(error: &ResolveError) -> Problem {
    let message = error.to_string();
    match error {
        ResolveError::Declaration(error) => declaration(error),
        ResolveError::FindUv(error) => find_uv(error),
        ResolveError::NoPython { .. } => Problem::environment("no-python", message)
            .hint("Install Python 3 on this machine, for example the package `python3`."),
        ResolveError::Uv { failure, place } => uv(failure, place.as_ref()),
        ResolveError::Pylock(error) => pylock(error),
        ResolveError::Foreign(error) => foreign(error),
        ResolveError::OwnPylock { error, .. } => own_pylock(error, message),
        ResolveError::LockedHash { locked, offered, .. } => {
            Problem::user("locked-hash-differs", message)
                .cause(format!("windlass.lock has {locked}, the index offers {offered}"))
                .hint(
                    "Somebody replaced the file: find out who and why before you trust it. If it \
                     is meant to be so, delete windlass.lock and deploy again.",
                )
        }
        ResolveError::LockedFileGone { offered, .. } => Problem::user("locked-file-gone", message)
            .cause(format!("the index offers {offered} instead"))
            .hint("Delete windlass.lock to choose versions anew, or restore the file."),
        ResolveError::Io { .. } => {
            Problem::environment("cache-unusable", message).sources(error).hint(CHECK_DISK)
        }
    }
}

/// Explains why packages could not be installed.
pub fn install(error: &InstallError) -> Problem {
    let message = error.to_string();
    match error {
        InstallError::Download(_) => {
            Problem::environment("download-failed", message).sources(error).hint(CHECK_INDEX)
        }
        InstallError::LocalFile { .. } => Problem::user("wheel-hash-differs", message)
            .hint("The file changed after it was listed: put the right one back."),
        InstallError::Wheel { package, .. } => Problem::user("wheel-invalid", message)
            .sources(error)
            .hint(format!("Require another version of {package}, or report this to its makers.")),
        InstallError::Build(error) => build(error),
        InstallError::Bytecode(error) => bytecode(error),
        InstallError::Overlap { overlap } => {
            Problem::user("wheels-overlap", message).hint(format!(
                "Remove one of them from your requirements: what works would depend on which is \
             installed last. Often one replaces the other ({} or {}).",
                overlap.kept, overlap.dropped
            ))
        }
        InstallError::Damaged { .. } => damaged(message),
        InstallError::Io { .. } => {
            Problem::environment("files-unusable", message).sources(error).hint(CHECK_DISK)
        }
    }
}

/// What the user should know of an installation that succeeded.
pub fn warnings(installed: &Installed, python: PythonVersion) -> Vec<Problem> {
    let overlaps = installed.overlaps.iter().map(|overlap| {
        let Overlap { path, kept, dropped } = overlap;
        Problem::user(
            "packages-overlap",
            format!("{kept} and {dropped} both bring /{path}; that of {kept} is in the image"),
        )
    });
    let foreign = installed.built.iter().filter(|built| built.python != python).map(|built| {
        let BuiltPackage { package, python: used } = built;
        Problem::environment(
            "built-on-other-python",
            format!("{package} was built on Python {used}, and the image has {python}"),
        )
        .hint(format!("Install Python {python} on this machine to build it there."))
    });
    overlaps.chain(foreign).collect()
}

/// Explains why a lock file could not be used.
pub fn lock(error: &LockError) -> Problem {
    let message = error.to_string();
    match error {
        LockError::Io { .. } => {
            Problem::environment("lock-unusable", message).sources(error).hint(CHECK_DISK)
        }
        LockError::Invalid { .. } => Problem::user("lock-invalid", message)
            .sources(error)
            .hint("Restore windlass.lock from version control, or delete it to choose anew."),
        LockError::Newer { .. } => Problem::user("lock-too-new", message)
            .hint("Use the Windlass that wrote it, or a later one."),
    }
}

fn declaration(error: &DeclarationError) -> Problem {
    let message = error.to_string();
    match error {
        DeclarationError::Read { .. } => {
            Problem::user("requirements-unreadable", message).sources(error).hint(
                "Check the path: it is relative to the file that includes it, and must be inside \
                 what is deployed.",
            )
        }
        DeclarationError::TooLarge { .. } => Problem::user("declaration-too-large", message)
            .hint("Check that this is the file that declares the dependencies."),
        DeclarationError::Toml { .. } => {
            Problem::user("pyproject-invalid", message).sources(error).hint("Correct the file.")
        }
    }
}

fn pylock(error: &PylockError) -> Problem {
    let message = error.to_string();
    match error {
        PylockError::Invalid { .. } => {
            Problem::bug("pylock-invalid", message).sources(error).hint(REPORT)
        }
        PylockError::Marker { .. }
        | PylockError::Twice { .. }
        | PylockError::Version { .. }
        | PylockError::RequiresPython { .. }
        | PylockError::OtherPython { .. }
        | PylockError::OtherEnvironment { .. } => {
            Problem::bug("pylock-invalid", message).hint(REPORT)
        }
        PylockError::NoFile { offered, target, .. } => lock_file::no_file(message, offered, *target),
        PylockError::NoHash { .. } => Problem::user("file-without-hash", message)
            .hint("Use an index that gives SHA-256 hashes."),
        PylockError::NotListed { offered, .. } => Problem::user("file-not-listed", message)
            .cause(format!("there are: {}", offered.join(", ")))
            .hint(
                "If these are the files that you trust, write their hashes anew, such as by \
                 `uv pip compile --generate-hashes`; if not, find out who changed them.",
            ),
        PylockError::Repository { .. } => Problem::user("repository-requirement", message)
            .hint("Require a released version, or the address of an archive: repositories are not supported yet."),
    }
}

fn build(error: &BuildWheelError) -> Problem {
    let message = error.to_string();
    match error {
        BuildWheelError::FindUv(error) => find_uv(error),
        BuildWheelError::NoPython { .. } => Problem::environment("no-python", message)
            .hint("Install Python 3 on this machine, for example the package `python3`."),
        BuildWheelError::NeedsCompiler { package, attempt, no_container } => {
            let name = package.split(' ').next().unwrap_or(package);
            let problem = Problem::user("needs-compiler", message).cause(attempt.clone());
            let problem = match no_container {
                Some(why) => problem.cause(format!(
                    "it would be compiled in a container, and none runs here: {}",
                    why.message
                )),
                None => problem,
            };
            let problem = match substitute(name) {
                Some(other) => problem.hint(format!("Require {other} instead of {name}.")),
                None => problem,
            };
            problem.hint(format!(
                "Require a version of {name} that has a wheel for this Python (often a newer \
                 one), or choose a Python that it has wheels for."
            ))
        }
        BuildWheelError::Compile { package, output, added, unknown } => {
            compile(message, (package, output), (added, unknown))
        }
        BuildWheelError::Explained { problem, .. } => problem.as_ref().clone().cause(message),
        BuildWheelError::Failed { package, output } => {
            Problem::user("build-failed", message).cause(output.clone()).hint(format!(
                "Require a version of {package} that has a wheel, or correct its build."
            ))
        }
        BuildWheelError::Result { .. } => Problem::user("build-gave-no-wheel", message)
            .sources(error)
            .hint("Check the `[build-system]` table of its pyproject.toml."),
        BuildWheelError::Io { .. } => {
            Problem::environment("cache-unusable", message).sources(error).hint(CHECK_DISK)
        }
    }
}

fn bytecode(error: &BytecodeError) -> Problem {
    let message = error.to_string();
    match error {
        BytecodeError::Start { .. } => {
            Problem::environment("python-does-not-start", message).sources(error).hint(CHECK_DISK)
        }
        BytecodeError::Failed { output } => {
            Problem::environment("bytecode-failed", message).cause(output.clone()).hint(CHECK_DISK)
        }
        BytecodeError::Damaged { .. } => damaged(message),
        BytecodeError::Io { .. } => {
            Problem::environment("cache-unusable", message).sources(error).hint(CHECK_DISK)
        }
    }
}

/// Only seen when it is damaged again as soon as it is made.
fn damaged(message: String) -> Problem {
    Problem::environment("segment-damaged", message)
        .hint("Check the disk: what was just written to it could not be read again.")
}
