//! Who connects: the socket's owner and root, nobody else.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// A client, as the kernel knows it (`SO_PEERCRED`, unix(7)).
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) uid: u32,
}

/// The API's socket. The file's mode keeps others out already; this does even where the mode is
/// lost.
pub(super) struct Listener {
    inner: UnixListener,
    uid: u32,
}

impl Listener {
    pub(super) fn new(inner: UnixListener, uid: u32) -> Self {
        Self { inner, uid }
    }
}

impl axum::serve::Listener for Listener {
    type Io = UnixStream;
    type Addr = Peer;

    async fn accept(&mut self) -> (UnixStream, Peer) {
        loop {
            let Ok((stream, _)) = self.inner.accept().await else {
                // Out of descriptors: they come back when other connections end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            match stream.peer_cred() {
                Ok(found) if found.uid() == self.uid || found.uid() == 0 => {
                    return (stream, Peer { uid: found.uid() });
                }
                _ => drop(stream),
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Peer> {
        Ok(Peer { uid: self.uid })
    }
}

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        *stream.remote_addr()
    }
}
