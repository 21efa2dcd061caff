//! Making the container: everything up to the moment its command runs.

use super::now_ms;
use super::prepare::{Ends, prepare_folders, prepare_init};
use crate::bundle::{Bundle, Orders};
use crate::launch::failure::{Failure, c_string};
use crate::launch::report::{EXECUTE, FORK, Report, STREAMS, WORK_FOLDER};
use crate::log::LogWriter;
use crate::state::{ProcessMark, StateFile};
use crate::sys::{self, Cloned, SignalSource};
use crate::{protocol, spec::ContainerSpec};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};

/// A container whose command runs, as its shim holds it.
pub(super) struct Container {
    /// Its first process.
    pub(super) init: OwnedFd,
    /// What that one reports: the end of the command.
    pub(super) report: OwnedFd,
    /// The reading ends of standard output and error.
    pub(super) output: [OwnedFd; 2],
    /// The control socket.
    pub(super) control: OwnedFd,
    /// The shim's own signals.
    pub(super) signals: SignalSource,
    /// The open log.
    pub(super) log: LogWriter,
    /// Its namespaces, in the order in which they are joined.
    pub(super) namespaces: Vec<(&'static str, OwnedFd)>,
    /// What the state file says now.
    pub(super) state: StateFile,
}

/// Makes and starts the container. On failure nothing of it is left running.
pub(super) fn start(bundle: &Bundle, orders: &Orders) -> Result<Container, Failure> {
    let spec = &orders.spec;
    let signals = SignalSource::open().map_err(|errno| Failure::new("open signals", errno))?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|errno| Failure::new("become subreaper", errno))?;
    let log = LogWriter::open(&spec.log).map_err(|error| {
        Failure::io(format!("open the log {}", spec.log.path.display()), &error)
    })?;
    let control = protocol::listen(&orders.control()).map_err(|error| {
        Failure::io(format!("listen on {}", orders.control().display()), &error)
    })?;
    prepare_folders(bundle, orders)?;
    orders.cgroups.create()?;
    let (init, ends, labels) = prepare_init(bundle, orders)?;
    let ready = init.ready();
    let group = orders.cgroups.open_unified()?;
    let cloned = sys::clone_container(orders.rootless, group.as_ref().map(AsFd::as_fd))
        .map_err(|errno| Failure::new("make the container's namespaces", errno))?;
    let Cloned::Parent { pid, pidfd } = cloned else { init.run(ready) };
    drop(init);
    let released = release(bundle, orders, pid, &ends);
    if released.is_err() {
        end(&pidfd);
    }
    // Whatever failed out here may have failed because of what failed in there.
    let failure = match (released, await_start(&ends, &labels, spec)) {
        (Ok((state, namespaces)), Ok(())) => {
            let Ends { report, output, .. } = ends;
            let init = pidfd;
            return Ok(Container {
                init,
                report,
                output,
                control,
                signals,
                log,
                namespaces,
                state,
            });
        }
        (_, Err(Some(failure))) | (Err(failure), _) => failure,
        (Ok(_), Err(None)) => {
            Failure::new("make the container: its first process ended", Errno::PIPE)
        }
    };
    end(&pidfd);
    let _ = orders.cgroups.remove();
    Err(failure)
}

type Made = (StateFile, Vec<(&'static str, OwnedFd)>);

/// What is done from outside while the new process makes its root: id maps, groups, the record.
fn release(bundle: &Bundle, orders: &Orders, pid: i32, ends: &Ends) -> Result<Made, Failure> {
    // Opened before the process hides itself, after which an ordinary user could not any more.
    let namespaces = open_namespaces(pid, orders.rootless)?;
    if orders.rootless {
        write_maps(pid, orders.spec.user)?;
        go(ends)?;
    }
    // Wanted dead before the server when memory runs out; not worth a failure.
    let _ = fs::write(format!("/proc/{pid}/oom_score_adj"), "300");
    orders.cgroups.join_v1(pid)?;
    let (shim, init) = (ProcessMark::own(), ProcessMark::of(pid));
    let state = StateFile { shim, init, started_at_ms: now_ms(), exit: None };
    state.write(&bundle.state_path(), false)?;
    go(ends)?;
    Ok((state, namespaces))
}

fn open_namespaces(pid: i32, rootless: bool) -> Result<Vec<(&'static str, OwnedFd)>, Failure> {
    // The user namespace first: joining the others takes the capabilities it brings.
    let kinds = if rootless {
        &["user", "ipc", "uts", "pid", "mnt"][..]
    } else {
        &["ipc", "uts", "pid", "mnt"]
    };
    kinds
        .iter()
        .map(|kind| {
            let path = c_string(&format!("/proc/{pid}/ns/{kind}"))?;
            rustix::fs::openat(CWD, &path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
                .map(|fd| (*kind, fd))
                .map_err(|errno| Failure::new(format!("open the {kind} namespace"), errno))
        })
        .collect()
}

/// Maps the container's one user to ours. A map of one's own id needs no privilege and no helper
/// (user_namespaces(7), "Defining user and group ID mappings").
fn write_maps(pid: i32, user: u32) -> Result<(), Failure> {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{user} {uid} 1")),
        ("gid_map", format!("{user} {gid} 1")),
    ] {
        fs::write(format!("/proc/{pid}/{file}"), text)
            .map_err(|error| Failure::io(format!("write the container's {file}"), &error))?;
    }
    Ok(())
}

fn go(ends: &Ends) -> Result<(), Failure> {
    match rustix::io::retry_on_intr(|| rustix::io::write(&ends.go, b"g")) {
        // The process is gone; why, it has reported.
        Ok(_) | Err(Errno::PIPE) => Ok(()),
        Err(errno) => Err(Failure::new("release the container", errno)),
    }
}

/// Kills the first process, and with it all others, and reaps it.
fn end(init: &OwnedFd) {
    let _ = sys::send_signal_pidfd(init.as_fd(), libc::SIGKILL);
    let process = rustix::process::WaitId::PidFd(init.as_fd());
    let _ = rustix::process::waitid(process, rustix::process::WaitIdOptions::EXITED);
}

/// Waits until the command runs. An error without a failure: the process ended without a word.
fn await_start(
    ends: &Ends,
    labels: &[String],
    spec: &ContainerSpec,
) -> Result<(), Option<Failure>> {
    match Report::read(ends.report.as_fd()) {
        Ok(Some(Report::Started)) => Ok(()),
        Ok(Some(Report::Failed { index, errno })) => {
            let step = match index {
                EXECUTE => format!("execute {}", spec.command.join(" ")),
                WORK_FOLDER => format!("enter the folder {}", spec.cwd.display()),
                FORK => "start the command".to_owned(),
                STREAMS => "prepare standard input and output".to_owned(),
                index => labels.get(index as usize).cloned().unwrap_or_default(),
            };
            Err(Some(Failure { step, errno }))
        }
        Ok(_) => Err(None),
        Err(errno) => Err(Some(Failure::new("hear from the container", errno))),
    }
}
