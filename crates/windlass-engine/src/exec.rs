//! Running a program in a running container, from the client's side.

mod piped;

use crate::engine::Engine;
use crate::error::ControlError;
use crate::protocol::{self, ExecOrder, Reply, Request};
use piped::Piped;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, Winsize};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use windlass_model::ContainerId;

/// A program to run in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecSpec {
    /// The command in exec form.
    pub command: Vec<String>,
    /// Added to the container's own environment.
    pub env: BTreeMap<String, String>,
    /// The folder it starts in; the container's own when `None`.
    pub cwd: Option<PathBuf>,
    /// Whether it gets a terminal of the container's, relayed to the client's streams.
    pub terminal: bool,
}

/// The client's streams: input, output, error.
pub type Streams<'a> = [BorrowedFd<'a>; 3];

impl Engine {
    /// Runs a program in a container and waits for its end. Without a terminal it gets `streams`
    /// themselves, and pipes in the place of those that are terminals; with one, the first is
    /// copied to the terminal (raw meanwhile, if it is one itself) and the terminal to the second. If the caller dies, the program gets SIGHUP.
    /// Returns what a shell would call the exit code.
    pub fn exec(
        &self,
        id: &ContainerId,
        spec: &ExecSpec,
        streams: Streams<'_>,
    ) -> Result<u8, ControlError> {
        let not_running = || ControlError::NotRunning { id: id.clone() };
        let shim = |source| ControlError::Shim { id: id.clone(), source };
        let (control, cwd) = self.exec_facts(id).ok_or_else(not_running)?;
        let order = ExecOrder {
            command: spec.command.clone(),
            env: spec.env.clone(),
            cwd: spec.cwd.clone().unwrap_or(cwd),
            terminal: spec.terminal.then(|| size_of_terminal(streams[1])),
        };
        let connection = protocol::connect(&control).map_err(shim)?;
        let mut piped = if spec.terminal { Ok(Piped::default()) } else { Piped::beside(&streams) }
            .map_err(shim)?;
        let given = piped.given(&streams);
        let sent = if spec.terminal { &[][..] } else { &given };
        protocol::send(connection.as_fd(), &Request::Exec(order), sent).map_err(shim)?;
        loop {
            piped.relay(connection.as_fd(), &streams).map_err(shim)?;
            match protocol::receive::<Reply>(connection.as_fd()).map_err(shim)? {
                Some((Reply::Ended { code }, _)) => return Ok(code),
                Some((Reply::Failed(failure), _)) => {
                    return Err(ControlError::Refused { id: id.clone(), failure });
                }
                Some((Reply::Terminal, mut fds)) => {
                    let Some(terminal) = fds.pop() else { continue };
                    relay(&terminal, connection.as_fd(), &streams).map_err(shim)?;
                }
                Some((Reply::Done, _)) => {}
                None => return Err(not_running()),
            }
        }
    }
}

fn size_of_terminal(stream: BorrowedFd<'_>) -> (u16, u16) {
    match rustix::termios::tcgetwinsize(stream) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row, size.ws_col),
        _ => (24, 80),
    }
}

/// Copies both ways until the shim has something to say or the terminal is closed.
fn relay(terminal: &OwnedFd, connection: BorrowedFd<'_>, streams: &Streams<'_>) -> io::Result<()> {
    let _raw = RawMode::enter(streams[0]);
    let mut size = size_of_terminal(streams[1]);
    let mut input_open = true;
    // A resized window is noticed between two waits, so that no signal handler is needed.
    let pause = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
    loop {
        let now = size_of_terminal(streams[1]);
        if now != size {
            size = now;
            let size = Winsize { ws_row: now.0, ws_col: now.1, ws_xpixel: 0, ws_ypixel: 0 };
            rustix::termios::tcsetwinsize(terminal, size)?;
        }
        let input = if input_open { streams[0] } else { terminal.as_fd() };
        let mut fds = [
            PollFd::new(terminal, PollFlags::IN),
            PollFd::from_borrowed_fd(connection, PollFlags::IN),
            PollFd::from_borrowed_fd(input, PollFlags::IN),
        ];
        rustix::io::retry_on_intr(|| rustix::event::poll(&mut fds, Some(&pause)))?;
        let [output, ended, typed] = [0, 1, 2].map(|index| !fds[index].revents().is_empty());
        if typed && input_open {
            let mut buffer = [0_u8; 4_096];
            let read = rustix::io::read(streams[0], &mut buffer).unwrap_or(0);
            if read == 0 {
                // The end of input, as one types it.
                input_open = false;
                write_all(terminal.as_fd(), &[4])?;
            } else {
                write_all(terminal.as_fd(), &buffer[..read])?;
            }
        }
        if output && !copy_output(terminal, streams[1])? {
            return Ok(());
        }
        if ended && !output {
            return Ok(());
        }
    }
}

/// Whether the terminal is still open.
fn copy_output(terminal: &OwnedFd, output: BorrowedFd<'_>) -> io::Result<bool> {
    let mut buffer = [0_u8; 16_384];
    match rustix::io::read(terminal, &mut buffer) {
        // EIO: no process has the other end any more (tty_ioctl(4) leaves it to the driver).
        Ok(0) | Err(Errno::IO) => Ok(false),
        Ok(read) => write_all(output, &buffer[..read]).map(|()| true),
        Err(Errno::INTR | Errno::AGAIN) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = rustix::io::retry_on_intr(|| rustix::io::write(fd, bytes))?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// The client's terminal in raw mode, put back at the end.
struct RawMode<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> RawMode<'a> {
    /// `None` when the stream is no terminal.
    fn enter(terminal: BorrowedFd<'a>) -> Option<Self> {
        let before = rustix::termios::tcgetattr(terminal).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(terminal, OptionalActions::Now, &raw).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for RawMode<'_> {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
