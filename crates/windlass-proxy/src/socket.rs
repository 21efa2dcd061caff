//! Connecting to an app's Unix socket, and to nothing else.
//!
//! The folder of the socket belongs to the app: what lies at the path may be a link to a socket
//! that only this process may use, and may be exchanged at any moment. So it is opened without
//! following a link, looked at, and connected to by its descriptor: what was looked at is what
//! answers. The folders above are not the app's to change.

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use tokio::net::UnixStream;

/// There is something else at the path, a link to a socket included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is there is no socket (a link to one is none, either)")]
pub(crate) struct NoSocket;

/// Connects to the socket at `path`. [`NoSocket`] is the inner error where there is none.
pub(crate) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = openat(CWD, path, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&found)?.st_mode) != FileType::Socket {
        return Err(io::Error::other(NoSocket));
    }
    let stream = UnixStream::connect(format!("/proc/self/fd/{}", found.as_raw_fd())).await;
    // Not earlier: the path above means this descriptor.
    drop(found);
    stream
}
