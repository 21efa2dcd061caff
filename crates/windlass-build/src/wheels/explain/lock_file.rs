//! Words for locks that the project brings along.

use crate::wheels::foreign::ForeignLockError;
use crate::wheels::pylock::PylockError;
use crate::wheels::resolve::ResolveNote;
use crate::wheels::tags::WheelName;
use crate::wheels::{Machine, Target};
use windlass_model::Problem;

pub(super) fn foreign(error: &ForeignLockError) -> Problem {
    let message = error.to_string();
    match error {
        ForeignLockError::Read { .. } => Problem::user("lock-file-unreadable", message)
            .sources(error)
            .hint("Check that the lock and the file that it locks are there and readable."),
        ForeignLockError::TooLarge { .. } => Problem::user("declaration-too-large", message)
            .hint("Check that this is the lock."),
        ForeignLockError::Invalid { .. } => Problem::user("lock-file-invalid", message)
            .hint("Restore it from version control, or write it anew with its own tool."),
        ForeignLockError::Version { .. } => Problem::user("lock-file-form", message)
            .hint("Write it anew with a release of its tool that Windlass knows.")
            .hint("Or export it: [tool.windlass] dependencies = \"requirements.txt\""),
        ForeignLockError::Shape { .. } | ForeignLockError::Marker { .. } => {
            Problem::user("lock-file-invalid", message)
                .hint("Write it anew with its own tool.")
        }
        ForeignLockError::Stale { tool, .. } => Problem::user("lock-file-stale", message)
            .hint(format!("Run `{}` and commit the lock.", tool.lock_command())),
        ForeignLockError::Repository { .. } => Problem::user("repository-requirement", message)
            .hint("Require a released version, or the address of an archive: repositories are not supported yet."),
        ForeignLockError::Twice { .. } => Problem::user("lock-file-ambiguous", message)
            .hint("Choose another Python, or fewer extras and groups."),
    }
}

pub(super) fn own_pylock(error: &PylockError, message: String) -> Problem {
    match error {
        PylockError::Invalid { source } => Problem::user("lock-file-invalid", message)
            .cause(source.message().to_owned())
            .hint("Write it anew with its own tool."),
        PylockError::Version { .. } => Problem::user("lock-file-form", message)
            .hint("Write it anew in the form 1.0, such as by `uv export --format pylock.toml`."),
        PylockError::RequiresPython { .. }
        | PylockError::Marker { .. }
        | PylockError::Twice { .. } => {
            Problem::user("lock-file-invalid", message).hint("Write it anew with its own tool.")
        }
        PylockError::OtherPython { .. } => Problem::user("lock-file-for-other-python", message)
            .hint("Choose such a Python: [tool.windlass] python = \"...\"")
            .hint("Or write the lock for this one."),
        PylockError::OtherEnvironment { .. } => {
            Problem::user("lock-file-for-other-system", message)
                .hint("Write the lock for Linux as well.")
        }
        PylockError::NoFile { .. }
        | PylockError::NoHash { .. }
        | PylockError::NotListed { .. }
        | PylockError::Repository { .. } => {
            let mut problem = super::pylock(error);
            problem.message = message;
            problem
        }
    }
}

/// No file of a package fits; other machines may be luckier.
pub(super) fn no_file(message: String, offered: &[String], target: Target) -> Problem {
    let problem = Problem::user("no-wheel-fits", message)
        .cause(match offered.len() {
            0 => "it has no files at all".to_owned(),
            _ => format!("there are: {}", offered.join(", ")),
        })
        .hint("Choose another Python version, or another version of the package.");
    let fits = |machine: &Machine| {
        let target = Target { machine: *machine, ..target };
        let mut wheels = offered.iter().filter_map(|file| WheelName::parse(file));
        wheels.any(|wheel| wheel.rank(target).is_some())
    };
    let luckier = Machine::ALL.into_iter().filter(fits);
    luckier.fold(problem, |problem, machine| {
        problem.hint(format!(
            "Or build for what it has a wheel for: windlass build --platform linux/{}",
            machine.debian()
        ))
    })
}

/// What the user should know of the way in which versions were chosen.
pub fn notes(notes: &[ResolveNote]) -> Vec<Problem> {
    notes.iter().map(note).collect()
}

fn note(note: &ResolveNote) -> Problem {
    match note {
        ResolveNote::LockOutdated { lock, declaration, tool } => {
            let message = format!("{declaration} was changed after {lock} was written");
            Problem::user("lock-file-outdated", message)
                .cause("what production needs is still as it was locked")
                .hint(format!("Run `{}` and commit the lock.", tool.lock_command()))
        }
        ResolveNote::NoSolutionThen { date, explanation } => {
            let message = format!("versions are those of now: as of {date} there is no solution");
            Problem::user("resolve-date-unsolvable", message)
                .cause(explanation.clone())
                .hint("To choose as of now always: [tool.windlass] resolve-date = \"now\"")
        }
    }
}
