//! The engine's failures in words: what, why, and the cure.

use crate::error::{ControlError, EngineError, StartError};
use crate::launch::failure::Failure;
use windlass_model::Problem;

/// Why the engine cannot be used.
pub fn explain_engine(error: &EngineError) -> Problem {
    match error {
        EngineError::Folder { .. } => {
            Problem::environment("engine-folder", error.to_string()).sources(error)
        }
        EngineError::RunPathTooLong { .. } => {
            Problem::environment("run-folder-too-long", error.to_string())
                .hint("choose a shorter folder with WINDLASS_HOME")
        }
    }
}

/// Why a container did not start.
pub fn explain_start(error: &StartError) -> Problem {
    match error {
        StartError::Invalid { .. } => {
            Problem::user("container-invalid", error.to_string()).sources(error)
        }
        StartError::Bundle { .. } => {
            Problem::environment("container-bundle", error.to_string()).sources(error)
        }
        StartError::Leftovers { source, .. } => {
            let below = explain_control(source);
            let mut problem = Problem::environment("container-leftovers", error.to_string());
            problem.causes.push(below.message);
            problem.causes.extend(below.causes);
            problem.hints.extend(below.hints);
            problem
        }
        StartError::Shim { .. } => {
            Problem::environment("shim-not-run", error.to_string()).sources(error)
        }
        StartError::ShimSilent { said, .. } => {
            let problem = Problem::bug("shim-silent", error.to_string());
            if said.is_empty() { problem } else { problem.cause(said.trim_end()) }
        }
        StartError::Launch { failure, .. } => explain_failure(failure, error.to_string()),
    }
}

/// Why an existing container could not be dealt with.
pub fn explain_control(error: &ControlError) -> Problem {
    match error {
        ControlError::NotRunning { .. } => {
            Problem::user("container-not-running", error.to_string())
        }
        ControlError::File { .. } => {
            Problem::environment("container-file", error.to_string()).sources(error)
        }
        ControlError::Shim { .. } => {
            Problem::environment("shim-unreachable", error.to_string()).sources(error)
        }
        ControlError::Refused { failure, .. } => explain_failure(failure, error.to_string()),
        ControlError::Unkillable { .. } => {
            Problem::environment("container-unkillable", error.to_string()).hint(
                "a process waits for a disk or a network file system; look at the kernel's log",
            )
        }
    }
}

fn explain_failure(failure: &Failure, message: String) -> Problem {
    let step = failure.step.as_str();
    match failure.errno {
        libc::ENOENT if step.starts_with("execute ") => Problem::user("command-not-found", message)
            .hint("the image has no such program: is its package among the dependencies?")
            .hint("a command is looked for along PATH; write the whole path to be sure"),
        libc::EACCES if step.starts_with("execute ") => {
            Problem::user("command-not-executable", message)
                .hint("make the file executable (chmod +x) and deploy again")
        }
        libc::ENOEXEC if step.starts_with("execute ") => {
            Problem::user("command-not-executable", message).hint(
                "the file is no program for this machine: does a script lack its first line \
                 (#!/bin/sh), or was it built for another architecture?",
            )
        }
        libc::ENOENT | libc::ENOTDIR if step.starts_with("enter the folder") => {
            Problem::user("work-folder-missing", message).hint("the image has no such folder")
        }
        libc::EPERM | libc::EACCES | libc::ENOSPC | libc::EUSERS if step.contains("namespaces") => {
            Problem::environment("user-namespaces-forbidden", message)
                .hint("run Windlass as root")
                .hint(
                    "or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, \
                     user.max_user_namespaces=15000, \
                     kernel.apparmor_restrict_unprivileged_userns=0",
                )
        }
        libc::ENOSYS => Problem::environment("kernel-too-old", message)
            .hint("containers need Linux 5.12 or newer"),
        libc::ENOSPC => {
            Problem::environment("disk-full", message).hint("free some disk space, then try again")
        }
        _ => Problem::environment("container-not-started", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::Kind;

    #[test]
    fn blame_follows_the_step() {
        let of = |step: &str, errno| {
            let failure = Failure { step: step.to_owned(), errno };
            let id = "a".parse().expect("valid");
            explain_start(&StartError::Launch { id, failure })
        };
        let missing = of("execute gunicorn app:app", libc::ENOENT);
        assert_eq!((missing.kind, missing.code.as_str()), (Kind::User, "command-not-found"));
        assert!(missing.message.contains("execute gunicorn app:app: ENOENT"), "{missing}");
        let forbidden = of("make the container's namespaces", libc::EPERM);
        assert_eq!(forbidden.kind, Kind::Environment);
        assert!(!forbidden.hints.is_empty());
    }
}
