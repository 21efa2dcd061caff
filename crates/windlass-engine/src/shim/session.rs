//! A program that somebody starts in a running container, for as long as that somebody stays.

use super::start::{Container, environment};
use crate::bundle::Orders;
use crate::launch::confine::{self, Role};
use crate::launch::failure::Failure;
use crate::launch::init::become_command;
use crate::launch::program::Program;
use crate::launch::report::{EXECUTE, FORK, Report, STREAMS, TERMINAL, WORK_FOLDER};
use crate::launch::step::Step;
use crate::launch::step_run::Workbench;
use crate::protocol::{self, ExecOrder, Reply};
use crate::sys::{self, Cloned};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// How long a program may take to end after its client has gone.
const GRACE: Duration = Duration::from_secs(5);

/// One program and its client.
pub(super) struct Session {
    /// The program.
    pub(super) process: OwnedFd,
    /// Who asked for it.
    pub(super) client: OwnedFd,
    /// Since when the client is gone.
    pub(super) hung_up: Option<Instant>,
}

/// What the new process needs, prepared before it is made.
struct Entry {
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

impl Session {
    /// Starts a program in the container. `client` is the connection and the descriptors that
    /// came with the order; the connection is given back on failure.
    pub(super) fn start(
        orders: &Orders,
        container: &Container,
        order: &ExecOrder,
        client: (OwnedFd, Vec<OwnedFd>),
    ) -> Result<Self, (OwnedFd, Failure)> {
        let (client, streams) = client;
        match launch(orders, container, order, (&client, streams)) {
            Ok(process) => Ok(Self { process, client, hung_up: None }),
            Err(failure) => Err((client, failure)),
        }
    }

    /// The client is gone: asks the program to go too, and makes it after the grace period.
    pub(super) fn abandon(&mut self) {
        let since = *self.hung_up.get_or_insert_with(Instant::now);
        let signal = if since.elapsed() < GRACE { libc::SIGHUP } else { libc::SIGKILL };
        let _ = sys::send_signal_pidfd(self.process.as_fd(), signal);
    }

    /// How long until the program is killed, once its client is gone.
    pub(super) fn time_to_kill(&self) -> Option<Duration> {
        Some(GRACE.saturating_sub(self.hung_up?.elapsed()))
    }

    /// The program has ended: reaps it, tells the client, and returns its exit code.
    pub(super) fn finish(self) -> u8 {
        let process = WaitId::PidFd(self.process.as_fd());
        let status = rustix::process::waitid(process, WaitIdOptions::EXITED).ok().flatten();
        let code = match status.map(|status| (status.exit_status(), status.terminating_signal())) {
            Some((Some(code), _)) => code as u8,
            Some((None, Some(signal))) => 128_u8.saturating_add(signal as u8),
            _ => 255,
        };
        let _ = protocol::send(self.client.as_fd(), &Reply::Ended { code }, &[]);
        code
    }
}

/// Descriptors of a session, as the shim has them.
struct Ends<'a> {
    client: &'a OwnedFd,
    streams: Vec<OwnedFd>,
    report: OwnedFd,
    go: OwnedFd,
}

fn launch(
    orders: &Orders,
    container: &Container,
    order: &ExecOrder,
    client: (&OwnedFd, Vec<OwnedFd>),
) -> Result<OwnedFd, Failure> {
    let (client, streams) = client;
    let pipe = || {
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|errno| Failure::new("make a pipe", errno))
    };
    let ((told, report), (go, released)) = (pipe()?, pipe()?);
    let entry = prepare(orders, container, order, Ends { client, streams, report, go })?;
    let labels: Vec<String> =
        entry.join.iter().chain(&entry.confine).map(ToString::to_string).collect();
    match sys::fork().map_err(|errno| Failure::new("fork", errno))? {
        None => entry.enter(),
        Some(helper) => {
            drop(entry);
            let joined = orders.cgroups.join_all(helper);
            if joined.is_ok() {
                let _ = rustix::io::write(&released, b"g");
            }
            // Without that byte the helper ends by itself.
            drop(released);
            let outcome = joined.and_then(|()| listen(&told, &labels, order));
            let helper = Pid::from_raw(helper);
            let _ = rustix::process::waitpid(helper, rustix::process::WaitOptions::empty());
            outcome
        }
    }
}

fn prepare(
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
    let join = container
        .namespaces
        .iter()
        .map(|(kind, namespace)| Ok(Step::Join { kind, namespace: copy(namespace)? }))
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

/// Hears from the new process until it runs its program: what it is, and that no step failed.
fn listen(told: &OwnedFd, labels: &[String], order: &ExecOrder) -> Result<OwnedFd, Failure> {
    let mut process = None;
    loop {
        match Report::read(told.as_fd()) {
            Ok(Some(Report::Forked { pid })) => {
                // Our own child, not yet reaped, so the number is still its.
                let pid = Pid::from_raw(pid).ok_or(Errno::SRCH);
                let opened =
                    pid.and_then(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()));
                process = opened.ok();
            }
            Ok(Some(Report::Failed { index, errno })) => {
                let step = match index {
                    EXECUTE => format!("execute {}", order.command.join(" ")),
                    WORK_FOLDER => format!("enter the folder {}", order.cwd.display()),
                    FORK => "start the program".to_owned(),
                    STREAMS => "prepare standard input and output".to_owned(),
                    TERMINAL => "open a terminal".to_owned(),
                    index => labels.get(index as usize).cloned().unwrap_or_default(),
                };
                if let Some(process) = process {
                    let id = WaitId::PidFd(process.as_fd());
                    let _ = rustix::process::waitid(id, WaitIdOptions::EXITED);
                }
                return Err(Failure { step, errno });
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => {
                return process.ok_or_else(|| Failure::new("start the program", Errno::SRCH));
            }
        }
    }
}

impl Entry {
    /// In the helper: joins the container, makes the program's process as a child of the shim
    /// (the pid namespace applies to children only), and ends.
    fn enter(&self) -> ! {
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
