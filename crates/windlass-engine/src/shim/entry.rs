//! The process that an exec session begins as: how it gets into the container.

use super::prepare::environment;
use super::start::Container;
use crate::bundle::Orders;
use crate::launch::confine::{self, Role};
use crate::launch::failure::Failure;
use crate::launch::init::become_command;
use crate::launch::program::Program;
use crate::launch::report::{FORK, Report, TERMINAL};
use crate::launch::step::Step;
use crate::launch::step_run::Workbench;
use crate::protocol::{self, ExecOrder, Reply};
use crate::sys::{self, Cloned};
use rustix::io::Errno;
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

/// What the new process needs, prepared before it is made.
pub(super) struct Entry {
    join: Vec<Step>,
    confine: Vec<Step>,
    program: Program,
    streams: Option<[OwnedFd; 3]>,
    terminal: Option<(u16, u16)>,
    /// The connection, to send the terminal's other end over.
    client: OwnedFd,
    report: OwnedFd,
    /// One byte once the helper is in the container's groups.
    go: OwnedFd,
    keep: Vec<RawFd>,
}

/// Descriptors of a session, as the shim has them.
pub(super) struct Ends<'a> {
    pub(super) client: &'a OwnedFd,
    pub(super) streams: Vec<OwnedFd>,
    pub(super) report: OwnedFd,
    pub(super) go: OwnedFd,
}

/// Prepares everything; the names of the steps come from [`Entry::labels`].
pub(super) fn prepare(
    orders: &Orders,
    container: &Container,
    order: &ExecOrder,
    ends: Ends<'_>,
) -> Result<Entry, Failure> {
    let Ends { client, streams, report, go } = ends;
    let mut env = environment(&orders.spec);
    env.extend(order.env.clone());
    let copy =
        |fd: &OwnedFd| fd.try_clone().map_err(|error| Failure::io("copy a descriptor", &error));
    let namespaces = container
        .namespaces
        .iter()
        .map(|(kind, namespace)| Ok(Step::Join { kind, namespace: copy(namespace)? }));
    // For an ordinary user the container's processes are of the same user, and have the same
    // rights over what enters as over each other: so it is hidden before it does.
    let join = std::iter::once(Ok(Step::HideSelf))
        .chain(namespaces)
        .collect::<Result<Vec<_>, Failure>>()?;
    let client = copy(client)?;
    let streams: Option<[OwnedFd; 3]> = streams.try_into().ok();
    if streams.is_none() && order.terminal.is_none() {
        return Err(Failure::new("receive the program's streams", Errno::BADF));
    }
    let namespaces = join.iter().filter_map(|step| match step {
        Step::Join { namespace, .. } => Some(namespace.as_raw_fd()),
        _ => None,
    });
    let mut keep: Vec<RawFd> = namespaces
        .chain(streams.iter().flatten().map(AsRawFd::as_raw_fd))
        .chain([client.as_raw_fd(), report.as_raw_fd(), go.as_raw_fd()])
        .collect();
    keep.sort_unstable();
    Ok(Entry {
        join,
        confine: confine::steps(&orders.spec, Role::Session, orders.rootless)?,
        program: Program::new(&order.command, &env, &order.cwd)?,
        streams,
        terminal: order.terminal,
        client,
        report,
        go,
        keep,
    })
}

impl Entry {
    /// What each step does, in words.
    pub(super) fn labels(&self) -> Vec<String> {
        self.join.iter().chain(&self.confine).map(ToString::to_string).collect()
    }

    /// In the helper: joins the container, makes the program's process as a child of the shim
    /// (the pid namespace applies to children only), and ends.
    pub(super) fn enter(&self) -> ! {
        sys::close_all_except(&self.keep);
        let mut byte = [0_u8];
        if rustix::io::retry_on_intr(|| rustix::io::read(&self.go, &mut byte)) != Ok(1) {
            sys::exit_now(126);
        }
        let mut bench = Workbench::with_slots(0);
        if let Err(error) = bench.run(&self.join) {
            self.fail(error.index as u32, error.errno);
        }
        match sys::clone_sibling() {
            Err(error) => self.fail(FORK, error),
            Ok(Cloned::Parent { pid, .. }) => {
                Report::Forked { pid }.write(self.report.as_fd());
                sys::exit_now(0)
            }
            Ok(Cloned::Child) => self.run(bench),
        }
    }

    fn run(&self, mut bench: Workbench) -> ! {
        if let Err(error) = bench.run(&self.confine) {
            self.fail((self.join.len() + error.index) as u32, error.errno);
        }
        match (&self.streams, self.terminal) {
            (Some(streams), None) => become_command(streams, self.report.as_fd()),
            (_, size) => {
                if let Err(error) = self.take_terminal(size.unwrap_or((24, 80))) {
                    self.fail(TERMINAL, error);
                }
            }
        }
        self.program.execute(self.report.as_fd())
    }

    /// Makes a terminal of the container's own, takes one end and sends the other to the client.
    fn take_terminal(&self, (rows, columns): (u16, u16)) -> Result<(), Errno> {
        let master =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::unlockpt(&master)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&slave, size)?;
        protocol::send(self.client.as_fd(), &Reply::Terminal, &[master.as_fd()])
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(&slave)?;
        for number in 0..3 {
            sys::move_onto(slave.as_fd(), number)?;
        }
        sys::close_on_exec_from(3);
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        sys::reset_signals();
        Ok(())
    }

    fn fail(&self, index: u32, errno: Errno) -> ! {
        Report::Failed { index, errno: errno.raw_os_error() }.write(self.report.as_fd());
        sys::exit_now(126)
    }
}
