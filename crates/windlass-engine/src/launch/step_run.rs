//! Running steps: system calls only, nothing is allocated.

use super::step::Step;
use crate::sys;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
};
use rustix::process::{DumpableBehavior, Rlimit, Signal};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const RDONLY: u64 = 1;
const NOSUID: u64 = 2;
const NODEV: u64 = 4;

/// What steps leave for later ones.
pub(crate) struct Workbench {
    slots: Vec<Option<OwnedFd>>,
    host_root: Option<OwnedFd>,
}

/// Which step failed, and how.
pub(crate) struct StepError {
    /// Index into the list.
    pub(crate) index: usize,
    /// What the kernel said.
    pub(crate) errno: Errno,
}

impl Workbench {
    /// Room for `slots` mounts. Must be made before the process is cloned.
    pub(crate) fn with_slots(slots: usize) -> Self {
        Self { slots: (0..slots).map(|_| None).collect(), host_root: None }
    }

    /// Runs steps in order, up to the first failure.
    pub(crate) fn run(&mut self, steps: &[Step]) -> Result<(), StepError> {
        for (index, step) in steps.iter().enumerate() {
            self.run_one(step).map_err(|errno| StepError { index, errno })?;
        }
        Ok(())
    }

    fn run_one(&mut self, step: &Step) -> Result<(), Errno> {
        match step {
            Step::PrivateMounts => {
                let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
                rustix::mount::mount_change(c"/", flags)
            }
            Step::Hostname(name) => rustix::system::sethostname(name.to_bytes()),
            Step::Take { source, recursive, slot } => {
                let taken = take(source, *recursive)?;
                *self.slots.get_mut(*slot).ok_or(Errno::INVAL)? = Some(taken);
                Ok(())
            }
            Step::Layer { path, number } => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let layer = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
                sys::move_onto(layer.as_fd(), *number)
            }
            Step::Overlay { target, options } => {
                let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
                rustix::mount::mount(c"windlass", target, c"overlay", flags, options.as_c_str())
            }
            Step::EnterRoot(root) => self.enter_root(root),
            Step::Mount { kind, target, flags, options } => {
                rustix::mount::mount(*kind, *target, *kind, *flags, *options)
            }
            Step::Attach { slot, target, read_only, devices } => {
                let taken = self.slots.get_mut(*slot).and_then(Option::take).ok_or(Errno::INVAL)?;
                let ro = if *read_only { RDONLY } else { 0 };
                let dev = if *devices { 0 } else { NODEV };
                sys::set_mount_flags(taken.as_fd(), NOSUID | ro | dev, !devices)?;
                attach(&taken, &open_inside(target)?)
            }
            Step::Folder(path) => {
                rustix::fs::mkdirat(CWD, *path, Mode::from_raw_mode(0o755)).map(drop)
            }
            Step::File(path) => {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
                rustix::fs::openat(CWD, path, flags, Mode::from_raw_mode(0o644)).map(drop)
            }
            Step::Link { to, at } => rustix::fs::symlinkat(*to, CWD, *at),
            Step::Seal(path) => sys::set_mount_flags(open_inside(path)?.as_fd(), RDONLY, false),
            Step::SealPath(path) => skip_missing(seal_path(path)),
            Step::Mask(path) => skip_missing(mask(path)),
            Step::LeaveHost => self.leave_host(),
            other => restrict(other),
        }
    }

    /// `pivot_root(".", ".")` as pivot_root(2) describes it: the old root ends up stacked on the
    /// new one, reachable through a descriptor only, until [`Step::LeaveHost`]. It must stay
    /// until then: a new /proc in a user namespace needs a visible one beside it.
    fn enter_root(&mut self, root: &CStr) -> Result<(), Errno> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        self.host_root = Some(rustix::fs::openat(CWD, c"/", flags, Mode::empty())?);
        rustix::process::chdir(root)?;
        rustix::process::pivot_root(c".", c".")?;
        rustix::process::chdir(c"/")
    }

    fn leave_host(&mut self) -> Result<(), Errno> {
        let host = self.host_root.take().ok_or(Errno::INVAL)?;
        rustix::process::fchdir(&host)?;
        rustix::mount::unmount(c".", UnmountFlags::DETACH)?;
        rustix::process::chdir(c"/")
    }
}

/// The steps that touch only this process: those that both a container's first process and an
/// exec session take.
fn restrict(step: &Step) -> Result<(), Errno> {
    match step {
        Step::Join { namespace, .. } => {
            rustix::thread::move_into_link_name_space(namespace.as_fd(), None)
        }
        Step::DropBoundingSet => sys::drop_bounding_set(),
        Step::DropGroups => rustix::thread::set_thread_groups(&[]),
        Step::Become(user) => {
            let (uid, gid) =
                (rustix::process::Uid::from_raw(*user), rustix::process::Gid::from_raw(*user));
            rustix::thread::set_thread_res_gid(gid, gid, gid)?;
            rustix::thread::set_thread_res_uid(uid, uid, uid)
        }
        Step::DropCapabilities => {
            let none = rustix::thread::CapabilitySet::empty();
            let sets = rustix::thread::CapabilitySets {
                effective: none,
                permitted: none,
                inheritable: none,
            };
            rustix::thread::clear_ambient_capability_set()?;
            rustix::thread::set_capabilities(None, sets)
        }
        Step::NoNewPrivileges => rustix::thread::set_no_new_privs(true),
        Step::DieWithParent => rustix::process::set_parent_process_death_signal(Some(Signal::KILL)),
        Step::HideSelf => rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable),
        Step::Landlock(domain) => domain.enter(),
        Step::Filter { program, .. } => match seccompiler::apply_filter(program) {
            Ok(()) => Ok(()),
            Err(seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error)) => {
                Err(Errno::from_io_error(&error).unwrap_or(Errno::INVAL))
            }
            Err(_) => Err(Errno::INVAL),
        },
        Step::Limit { resource, value, .. } => {
            let hard = rustix::process::getrlimit(*resource).maximum.unwrap_or(u64::MAX);
            let value = Some((*value).min(hard));
            let limit = Rlimit { current: value, maximum: value };
            rustix::process::setrlimit(*resource, limit)
        }
        _ => Err(Errno::INVAL),
    }
}

fn take(source: &CStr, recursive: bool) -> Result<OwnedFd, Errno> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    }
    rustix::mount::open_tree(CWD, source, flags)
}

/// Opens a path of the container's root and never leaves it: no symbolic link, no magic link.
pub(super) fn open_inside(path: &CStr) -> Result<OwnedFd, Errno> {
    let root = rustix::fs::openat(CWD, c"/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    rustix::fs::openat2(&root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
}

fn attach(taken: &OwnedFd, target: &OwnedFd) -> Result<(), Errno> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(taken, c"", target, c"", flags)
}

fn seal_path(path: &CStr) -> Result<(), Errno> {
    let target = open_inside(path)?;
    let copy = take(path, false)?;
    sys::set_mount_flags(copy.as_fd(), RDONLY | NOSUID | NODEV, false)?;
    attach(&copy, &target)
}

/// A file is hidden behind /dev/null, a folder behind an empty, read-only file system.
fn mask(path: &CStr) -> Result<(), Errno> {
    let target = open_inside(path)?;
    if is_folder(target.as_fd())? {
        let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
        rustix::mount::mount(c"tmpfs", path, c"tmpfs", flags | MountFlags::NOEXEC, c"size=0k")
    } else {
        let nothing = take(c"/dev/null", false)?;
        sys::set_mount_flags(nothing.as_fd(), RDONLY | NOSUID, false)?;
        attach(&nothing, &target)
    }
}

fn is_folder(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    let stat = rustix::fs::statat(fd, c"", AtFlags::EMPTY_PATH)?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir())
}

fn skip_missing(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}
