//! The steps that make a container, as data.

use rustix::mount::MountFlags;
use seccompiler::BpfProgram;
use std::ffi::{CStr, CString};
use std::fmt;
use std::os::fd::{OwnedFd, RawFd};

/// One thing that the new process does. Paths are those of the mount namespace as it is when the
/// step runs: the host's until [`Step::EnterRoot`], the container's after it.
pub(crate) enum Step {
    /// Keeps later mounts from reaching the host.
    PrivateMounts,
    /// Sets the host name.
    Hostname(CString),
    /// Takes a copy of a host mount, to be attached later by its slot.
    Take {
        /// Path on the host.
        source: CString,
        /// Whether mounts below come along; then no link in its place is followed.
        recursive: bool,
        /// Where to keep it.
        slot: usize,
    },
    /// Opens a layer under a fixed number. Only the new process can: overlayfs takes no path
    /// through a mount of another namespace, and what the shim opens belongs to the host's.
    Layer {
        /// Path on the host.
        path: CString,
        /// The descriptor's number, free until then.
        number: RawFd,
    },
    /// Mounts the layers.
    Overlay {
        /// An empty folder on the host.
        target: CString,
        /// Options of overlayfs.
        options: CString,
    },
    /// Makes the mount at this path the root.
    EnterRoot(CString),
    /// Mounts a file system that the kernel provides.
    Mount {
        /// Its type, such as `proc`.
        kind: &'static CStr,
        /// Where.
        target: &'static CStr,
        /// Mount flags.
        flags: MountFlags,
        /// Options of that file system.
        options: &'static CStr,
    },
    /// Puts what [`Step::Take`] took at a path, which is resolved inside the container's root and
    /// through no symbolic link.
    Attach {
        /// Where it was kept.
        slot: usize,
        /// Where it goes.
        target: CString,
        /// Whether it becomes read-only.
        read_only: bool,
        /// Whether device nodes in it work.
        devices: bool,
    },
    /// Makes a folder.
    Folder(&'static CStr),
    /// Makes an empty file, to mount on.
    File(CString),
    /// Makes a symbolic link.
    Link {
        /// What it points to.
        to: &'static CStr,
        /// Its own path.
        at: &'static CStr,
    },
    /// Makes one mount read-only.
    Seal(&'static CStr),
    /// Makes a folder or file of /proc read-only, if it exists.
    SealPath(&'static CStr),
    /// Hides a folder or file of /proc behind nothing, if it exists.
    Mask(&'static CStr),
    /// Drops the host's root from the namespace.
    LeaveHost,
    /// Joins a namespace of a running container.
    Join {
        /// Which kind, for the report.
        kind: &'static str,
        /// The namespace.
        namespace: OwnedFd,
    },
    /// Empties the capability bounding set.
    DropBoundingSet,
    /// Drops supplementary groups.
    DropGroups,
    /// Becomes a user and group for good.
    Become(u32),
    /// Drops what capabilities are left.
    DropCapabilities,
    /// Forbids gaining privileges by executing files.
    NoNewPrivileges,
    /// Asks the kernel for SIGKILL when the parent dies.
    DieWithParent,
    /// Hides this process from its own user: no ptrace, no `/proc/<pid>/exe`; until it executes
    /// something.
    HideSelf,
    /// Enters a Landlock domain.
    Landlock(super::landlock::Domain),
    /// Installs a system call filter.
    Filter {
        /// Which of the filters, for the report.
        name: &'static str,
        /// Its code.
        program: BpfProgram,
    },
    /// Sets a resource limit, soft and hard, or less where the hard limit is lower already.
    Limit {
        /// Its name as in setrlimit(2).
        name: &'static str,
        /// Which one.
        resource: rustix::process::Resource,
        /// Its value.
        value: u64,
    },
}

impl fmt::Display for Step {
    /// What is being done, in the words that a report uses: `mount /proc`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |path: &CStr| path.to_string_lossy().into_owned();
        match self {
            Step::PrivateMounts => f.write_str("make mounts private"),
            Step::Hostname(name) => write!(f, "set the host name {}", text(name)),
            Step::Take { source, .. } => write!(f, "take the mount {}", text(source)),
            Step::Layer { path, .. } => write!(f, "open the layer {}", text(path)),
            Step::Overlay { target, .. } => write!(f, "mount the layers at {}", text(target)),
            Step::EnterRoot(root) => write!(f, "enter the root {}", text(root)),
            Step::Mount { target, .. } => write!(f, "mount {}", text(target)),
            Step::Attach { target, .. } => write!(f, "attach {}", text(target)),
            Step::Folder(path) => write!(f, "make the folder {}", text(path)),
            Step::File(path) => write!(f, "make the file {}", text(path)),
            Step::Link { at, .. } => write!(f, "make the link {}", text(at)),
            Step::Seal(path) | Step::SealPath(path) => write!(f, "seal {}", text(path)),
            Step::Mask(path) => write!(f, "mask {}", text(path)),
            Step::LeaveHost => f.write_str("leave the host's root"),
            Step::Join { kind, .. } => write!(f, "join the {kind} namespace"),
            Step::DropBoundingSet => f.write_str("empty the capability bounding set"),
            Step::DropGroups => f.write_str("drop supplementary groups"),
            Step::Become(user) => write!(f, "become user {user}"),
            Step::DropCapabilities => f.write_str("drop capabilities"),
            Step::NoNewPrivileges => f.write_str("forbid new privileges"),
            Step::DieWithParent => f.write_str("die with the parent"),
            Step::HideSelf => f.write_str("hide the process"),
            Step::Landlock(_) => f.write_str("enter the Landlock domain"),
            Step::Filter { name, .. } => write!(f, "install the {name} filter"),
            Step::Limit { name, .. } => write!(f, "limit {name}"),
        }
    }
}
