//! What is made ready before a container's first process exists: after that, nothing may need
//! memory, a lock or a look at the host.

use crate::bundle::{Bundle, Orders};
use crate::launch::confine::{self, Role};
use crate::launch::failure::Failure;
use crate::launch::init::Init;
use crate::launch::program::Program;
use crate::launch::rootfs::{self, RootFacts};
use crate::launch::skeleton;
use crate::spec::ContainerSpec;
use rustix::fs::{CWD, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use windlass_model::Serves;

/// The pipes between shim and container, this side.
pub(super) struct Ends {
    pub(super) go: OwnedFd,
    pub(super) report: OwnedFd,
    pub(super) output: [OwnedFd; 2],
}

/// Makes the folders that the container needs, and gives its user what must be its own.
pub(super) fn prepare_folders(bundle: &Bundle, orders: &Orders) -> Result<(), Failure> {
    skeleton::create(&orders.spec, &bundle.skeleton())?;
    let folder = |path: &Path, mode| {
        fs::DirBuilder::new()
            .mode(mode)
            .recursive(true)
            .create(path)
            .map_err(|error| Failure::io(format!("make the folder {}", path.display()), &error))
    };
    folder(&bundle.root(), 0o700)?;
    folder(&orders.socket_dir(), 0o750)?;
    if orders.rootless {
        return Ok(());
    }
    give(&orders.socket_dir(), orders.spec.user, |_| true)?;
    for mount in orders.spec.mounts.iter().filter(|mount| !mount.read_only) {
        // A volume that was just made belongs to root, and its container could not use it.
        give(&mount.source, orders.spec.user, is_empty)?;
    }
    Ok(())
}

/// Gives a folder to the container's user if it is as it should be. What is looked at is what is
/// given, and never what a link leads to. What is no folder stays whose it is.
fn give(path: &Path, user: u32, wanted: fn(&OwnedFd) -> bool) -> Result<(), Failure> {
    let step = || format!("give {} to user {user}", path.display());
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Err(Errno::NOTDIR | Errno::LOOP) => return Ok(()),
        opened => opened.map_err(|errno| Failure::new(step(), errno))?,
    };
    if wanted(&folder) {
        rustix::fs::fchown(&folder, Some(Uid::from_raw(user)), Some(Gid::from_raw(user)))
            .map_err(|errno| Failure::new(step(), errno))?;
    }
    Ok(())
}

fn is_empty(folder: &OwnedFd) -> bool {
    let names = rustix::fs::Dir::read_from(folder).into_iter().flatten().flatten();
    names.filter(|entry| !matches!(entry.file_name().to_bytes(), b"." | b"..")).count() == 0
}

/// Everything for the first process, our ends of its pipes, and the names of its steps.
pub(super) fn prepare_init(
    bundle: &Bundle,
    orders: &Orders,
) -> Result<(Init, Ends, Vec<String>), Failure> {
    let spec = &orders.spec;
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Failure::new("make a pipe", errno));
    let (go, go_writer) = pipe()?;
    let (report_reader, report) = pipe()?;
    let ((out_reader, out), (err_reader, err)) = (pipe()?, pipe()?);
    for (reader, writer) in [(&out_reader, &out), (&err_reader, &err)] {
        // Room for bursts while the disk is slow; a refusal only means less of it.
        let _ = rustix::pipe::fcntl_setpipe_size(reader, 1_024 * 1_024);
        rustix::io::ioctl_fionbio(reader, true)
            .map_err(|errno| Failure::new("make a pipe non-blocking", errno))?;
        if !orders.rootless {
            // So that the container may open /dev/stdout, as many programs are told to.
            let (uid, gid) = (Uid::from_raw(spec.user), Gid::from_raw(spec.user));
            rustix::fs::fchown(writer, Some(uid), Some(gid))
                .map_err(|errno| Failure::new("give the output to the container", errno))?;
        }
    }
    let null = rustix::fs::openat(CWD, c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| Failure::new("open /dev/null", errno))?;
    let socket_dir = orders.socket_dir();
    let (staging, skeleton) = (bundle.root(), bundle.skeleton());
    let facts = RootFacts {
        staging: &staging,
        skeleton: &skeleton,
        socket_dir: &socket_dir,
        rootless: orders.rootless,
    };
    let (root, slots) = rootfs::steps(spec, &facts)?;
    let confine = confine::steps(spec, Role::Init, orders.rootless)?;
    let labels = root.iter().chain(&confine).map(ToString::to_string).collect();
    let program = if spec.command.is_empty() {
        None
    } else {
        Some(Program::new(&spec.command, &environment(spec), &spec.cwd)?)
    };
    let streams = [null, out, err];
    let wait_for_maps = orders.rootless;
    let init = Init { go, report, streams, wait_for_maps, root, slots, confine, program };
    let ends = Ends { go: go_writer, report: report_reader, output: [out_reader, err_reader] };
    Ok((init, ends, labels))
}

/// The environment of the command: the spec's, and where its socket is.
pub(super) fn environment(spec: &ContainerSpec) -> std::collections::BTreeMap<String, String> {
    let mut env = spec.env.clone();
    if spec.socket {
        env.insert("WINDLASS_SOCKET".to_owned(), Serves::SOCKET_PATH.to_owned());
    }
    env
}
