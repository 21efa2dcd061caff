//! What is said over a shim's control socket: one JSON value per packet, descriptors beside it.

use crate::launch::failure::Failure;
use rustix::io::Errno;
use rustix::net::sockopt::Timeout;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Asked of a shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Send a signal to the container's command.
    Signal {
        /// Its number.
        signal: i32,
    },
    /// Kill every process of the container.
    Kill,
    /// Start a program in the container. Its standard streams come as three descriptors, or none
    /// when it gets a terminal.
    Exec(ExecOrder),
}

/// A program to start in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExecOrder {
    /// The command in exec form.
    pub(crate) command: Vec<String>,
    /// Its environment, complete.
    pub(crate) env: BTreeMap<String, String>,
    /// The folder it starts in.
    pub(crate) cwd: PathBuf,
    /// Rows and columns of the terminal it gets, if it gets one.
    pub(crate) terminal: Option<(u16, u16)>,
}

/// Answered by a shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// Done.
    Done,
    /// It could not be done.
    Failed(Failure),
    /// The program's terminal: its other end comes as a descriptor.
    Terminal,
    /// The program ended, with what a shell would call its exit code.
    Ended {
        /// The code.
        code: u8,
    },
}

/// Longest packet, in bytes: an environment and a command line.
const PACKET: usize = 256 * 1_024;

/// How long a shim may take to answer. It answers at once, unless its disk stands still.
const ANSWER: Duration = Duration::from_secs(10);

/// Connects to a shim.
pub(crate) fn connect(path: &Path) -> io::Result<OwnedFd> {
    let socket = socket()?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// Listens at `path`, replacing what a dead shim left there.
pub(crate) fn listen(path: &Path) -> io::Result<OwnedFd> {
    let socket = socket()?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    rustix::net::listen(&socket, 64)?;
    Ok(socket)
}

fn socket() -> io::Result<OwnedFd> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    rustix::net::sockopt::set_socket_send_buffer_size(&socket, PACKET)?;
    Ok(socket)
}

/// Sends one message with descriptors.
pub(crate) fn send<T: Serialize>(
    socket: BorrowedFd<'_>,
    message: &T,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let packet = serde_json::to_vec(message)?;
    if packet.len() > PACKET {
        return Err(Errno::MSGSIZE.into());
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(fds));
    }
    let parts = [IoSlice::new(&packet)];
    rustix::net::sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives one message with its descriptors; `None` when the other end is closed.
pub(crate) fn receive<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut packet = vec![0; PACKET];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        let mut parts = [IoSliceMut::new(&mut packet)];
        rustix::net::recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)
    });
    let bytes = match received {
        Ok(message) => message.bytes,
        Err(Errno::CONNRESET) => 0,
        Err(error) => return Err(error.into()),
    };
    if bytes == 0 {
        return Ok(None);
    }
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    Ok(Some((serde_json::from_slice(&packet[..bytes])?, fds)))
}

/// Sends one request and waits for its answer, at most [`ANSWER`]: a shim is a process like
/// others, and can be stopped.
pub(crate) fn ask(control: &Path, request: &Request) -> io::Result<Option<Reply>> {
    let in_vain = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock => Errno::TIMEDOUT.into(),
        _ => error,
    };
    let socket = socket()?;
    for direction in [Timeout::Send, Timeout::Recv] {
        rustix::net::sockopt::set_socket_timeout(&socket, direction, Some(ANSWER))?;
    }
    // The time-out for sending holds for connecting too: the queue of a stopped shim fills up.
    rustix::net::connect(&socket, &SocketAddrUnix::new(control)?)
        .map_err(|errno| in_vain(errno.into()))?;
    send(socket.as_fd(), request, &[]).map_err(in_vain)?;
    Ok(receive(socket.as_fd()).map_err(in_vain)?.map(|(reply, _)| reply))
}
