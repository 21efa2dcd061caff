//! The steps that take privileges away, the same for a container's command and for a program that
//! `exec` starts in it.

use super::failure::Failure;
use super::landlock::Domain;
use super::rootfs;
use super::seccomp;
use super::step::Step;
use crate::spec::ContainerSpec;
use crate::sys;
use rustix::process::Resource;

/// Open files per process: enough for any server, small enough for programs that walk them all.
const OPEN_FILES: u64 = 65_536;

/// Who is being confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The container's first process, and with it the command that it starts.
    Init,
    /// A program started later beside it.
    Session,
}

/// The steps, in the one order that works: capabilities are needed to drop the bounding set and
/// to change user, and changing user clears the death signal.
pub(crate) fn steps(
    spec: &ContainerSpec,
    role: Role,
    rootless: bool,
) -> Result<Vec<Step>, Failure> {
    let limit = |name, resource, value| Step::Limit { name, resource, value };
    let mut steps = vec![
        limit("open files", Resource::Nofile, OPEN_FILES),
        limit("core dumps", Resource::Core, 0),
    ];
    if rootless {
        // Counted for each user namespace by itself since Linux 5.14, so it is this container's
        // limit and no other's. For root it would be shared by all containers of a user id.
        let tasks = u64::from(spec.limits.pids) + 1;
        steps.push(limit("processes", Resource::Nproc, tasks));
    }
    steps.push(Step::DropBoundingSet);
    if !rootless {
        // In a user namespace with one mapped id the kernel forbids setgroups(2).
        steps.push(Step::DropGroups);
    }
    steps.extend([Step::Become(spec.user), Step::DropCapabilities]);
    if role == Role::Init {
        steps.push(Step::DieWithParent);
    }
    // From here on the container's other processes could take it over, before its filters hold.
    // Executing the program ends it.
    steps.extend([Step::HideSelf, Step::NoNewPrivileges]);
    if let Some(abi) = sys::landlock_abi() {
        steps.push(Step::Landlock(Domain::new(abi, rootfs::writable(spec)?)));
    }
    for (name, program) in seccomp::filters()? {
        steps.push(Step::Filter { name, program });
    }
    Ok(steps)
}
