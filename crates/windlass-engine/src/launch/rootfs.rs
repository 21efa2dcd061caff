//! The steps that make a container's file system: pure, from spec to steps.
//!
//! The top layer is the container's skeleton (see [`super::skeleton`]), so every path mounted on
//! is a real folder or file of ours, whatever links an image has at `/dev` or `/proc`; and all
//! mounting happens after the root has changed, by openat2, so no name can lead outside.

use super::failure::{Failure, c_string};
use super::step::Step;
use crate::spec::ContainerSpec;
use rustix::mount::MountFlags;
use std::ffi::{CStr, CString};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use windlass_model::Serves;

/// What the steps need to know beside the spec.
pub(crate) struct RootFacts<'a> {
    /// An empty folder on the host to mount the layers at.
    pub(crate) staging: &'a Path,
    /// Whether the layers are mounted in a user namespace.
    pub(crate) rootless: bool,
    /// The top layer.
    pub(crate) skeleton: &'a Path,
    /// The host folder mounted at [`Serves::SOCKET_DIR`].
    pub(crate) socket_dir: &'a Path,
}

const DEVICES: [&CStr; 6] =
    [c"/dev/null", c"/dev/zero", c"/dev/full", c"/dev/random", c"/dev/urandom", c"/dev/tty"];

/// Number of the first layer's descriptor: above all that a shim has open.
const FIRST_LAYER: RawFd = 128;

/// Only the list of processors: what programs size their pools by. Nothing else of /sys exists
/// inside, so nothing there needs hiding.
pub(crate) const PROCESSORS: &CStr = c"/sys/devices/system/cpu";

const MASKED: [&CStr; 11] = [
    c"/proc/acpi",
    c"/proc/asound",
    c"/proc/interrupts",
    c"/proc/kcore",
    c"/proc/keys",
    c"/proc/latency_stats",
    c"/proc/sched_debug",
    c"/proc/scsi",
    c"/proc/timer_list",
    c"/proc/timer_stats",
    c"/proc/kallsyms",
];

const READ_ONLY: [&CStr; 5] =
    [c"/proc/bus", c"/proc/fs", c"/proc/irq", c"/proc/sys", c"/proc/sysrq-trigger"];

/// The steps, and how many mounts they hold at once.
pub(crate) fn steps(
    spec: &ContainerSpec,
    facts: &RootFacts<'_>,
) -> Result<(Vec<Step>, usize), Failure> {
    let binds = binds(spec, facts.socket_dir);
    let mut steps = vec![Step::PrivateMounts, Step::Hostname(c_string(&spec.hostname)?)];
    for (slot, device) in DEVICES.iter().enumerate() {
        steps.push(Step::Take { source: (*device).to_owned(), recursive: false, slot });
    }
    for (index, bind) in binds.iter().enumerate() {
        let slot = DEVICES.len() + index;
        steps.push(Step::Take { source: c_string(&bind.source)?, recursive: true, slot });
    }
    let staging = c_string(facts.staging)?;
    let layers: Vec<&Path> = std::iter::once(facts.skeleton)
        .chain(spec.layers.iter().rev().map(AsRef::as_ref))
        .collect();
    for (number, path) in (FIRST_LAYER..).zip(&layers) {
        steps.push(Step::Layer { path: c_string(*path)?, number });
    }
    let options = overlay_options(layers.len(), facts.rootless)?;
    steps.push(Step::Overlay { target: staging.clone(), options });
    steps.push(Step::EnterRoot(staging));
    provide(&mut steps);
    for (slot, device) in DEVICES.iter().enumerate() {
        let target = (*device).to_owned();
        steps.push(Step::File(target.clone()));
        steps.push(Step::Attach { slot, target, read_only: false, devices: true });
    }
    steps.push(Step::Seal(c"/dev"));
    for (index, bind) in binds.iter().enumerate() {
        let (slot, target) = (DEVICES.len() + index, c_string(&bind.target)?);
        steps.push(Step::Attach { slot, target, read_only: bind.read_only, devices: false });
    }
    steps.extend(MASKED.iter().map(|path| Step::Mask(path)));
    steps.extend(READ_ONLY.iter().map(|path| Step::SealPath(path)));
    steps.push(Step::LeaveHost);
    Ok((steps, DEVICES.len() + binds.len()))
}

/// The paths that a container may write to.
pub(crate) fn writable(spec: &ContainerSpec) -> Result<Vec<CString>, Failure> {
    let mut paths: Vec<CString> = vec![c"/proc".into(), c"/dev".into(), c"/tmp".into()];
    if spec.socket {
        paths.push(c_string(Serves::SOCKET_DIR)?);
    }
    for mount in spec.mounts.iter().filter(|mount| !mount.read_only) {
        paths.push(c_string(&mount.target)?);
    }
    Ok(paths)
}

fn provide(steps: &mut Vec<Step>) {
    let plain = MountFlags::NOSUID | MountFlags::NODEV;
    let mount = |kind, target, flags, options| Step::Mount { kind, target, flags, options };
    let temporary = c"mode=1777,size=512m,nr_inodes=256k";
    let shared = c"mode=1777,size=64m";
    let terminals = c"newinstance,ptmxmode=0666,mode=0620";
    steps.extend([
        mount(c"proc", c"/proc", plain | MountFlags::NOEXEC, c""),
        mount(c"tmpfs", c"/tmp", plain, temporary),
        mount(c"tmpfs", c"/dev", MountFlags::NOSUID, c"mode=755,size=64k"),
        Step::Folder(c"/dev/pts"),
        Step::Folder(c"/dev/shm"),
        mount(c"devpts", c"/dev/pts", MountFlags::NOSUID | MountFlags::NOEXEC, terminals),
        mount(c"tmpfs", c"/dev/shm", plain | MountFlags::NOEXEC, shared),
        Step::Link { to: c"pts/ptmx", at: c"/dev/ptmx" },
        Step::Link { to: c"/proc/self/fd", at: c"/dev/fd" },
        Step::Link { to: c"/proc/self/fd/0", at: c"/dev/stdin" },
        Step::Link { to: c"/proc/self/fd/1", at: c"/dev/stdout" },
        Step::Link { to: c"/proc/self/fd/2", at: c"/dev/stderr" },
    ]);
}

struct Bind {
    source: PathBuf,
    target: PathBuf,
    read_only: bool,
}

/// What is mounted from the host, outer targets before inner ones.
fn binds(spec: &ContainerSpec, socket_dir: &Path) -> Vec<Bind> {
    let processors = Path::new(PROCESSORS.to_str().unwrap_or_default());
    let mut binds: Vec<Bind> = spec
        .mounts
        .iter()
        .map(|mount| Bind {
            source: mount.source.clone(),
            target: mount.target.clone(),
            read_only: mount.read_only,
        })
        .collect();
    if processors.is_dir() {
        let (source, target) = (processors.to_owned(), processors.to_owned());
        binds.push(Bind { source, target, read_only: true });
    }
    if spec.socket {
        let (source, target) = (socket_dir.to_owned(), Serves::SOCKET_DIR.into());
        binds.push(Bind { source, target, read_only: false });
    }
    binds.sort_by_key(|bind| bind.target.components().count());
    binds
}

/// Layers are named by descriptor: no path needs escaping, and hundreds fit into the one page
/// that mount(2) takes. In a user namespace the marks of removed folders are read from the user's
/// extended attributes, as whoever unpacked the layers without privilege wrote them there.
fn overlay_options(layers: usize, rootless: bool) -> Result<CString, Failure> {
    let names: Vec<String> =
        (FIRST_LAYER..).take(layers).map(|fd| format!("/proc/self/fd/{fd}")).collect();
    let marks = if rootless { "userxattr," } else { "" };
    let options = format!("{marks}lowerdir={}", names.join(":"));
    if options.len() >= 4_096 {
        let step = format!("mount {layers} layers at once");
        return Err(Failure::new(step, rustix::io::Errno::TOOBIG));
    }
    c_string(&options)
}
