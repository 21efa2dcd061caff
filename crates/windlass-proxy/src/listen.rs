//! Binding the one listening socket that all workers share.
//!
//! One socket, duplicated for each worker: a connection that waits in its queue is served by
//! whoever comes first, and can be handed to the next process with it. [`adopt`] is where a socket
//! that was passed by descriptor (`LISTEN_FDS`, a predecessor) comes in.

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 4_096;
/// A client that vanished without a word is noticed after about twice this.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// Binds the first of the addresses that can be bound; otherwise says why none can.
pub(crate) fn bind(addresses: &[SocketAddr]) -> Result<TcpListener, Vec<(SocketAddr, io::Error)>> {
    let mut refused = Vec::new();
    for &address in addresses {
        match bind_one(address).and_then(adopt) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused.push((address, error)),
        }
    }
    Err(refused)
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Prepares a listening socket from anywhere. Accepted connections inherit its options.
pub(crate) fn adopt(listener: TcpListener) -> io::Result<TcpListener> {
    let socket = Socket::from(listener);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 6);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
