//! One worker's connections to one target.
//!
//! They belong to the worker's thread: taking and giving back is a push and a pop. A connection
//! is given back when an answer is complete and its request was, too; otherwise it is closed,
//! which is also how a client that went away is felt by the app.

use crate::request_body::RequestBody;
use crate::target_state::TargetState;
use crate::{Address, PoolOptions, socket};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

/// The connections of one worker to one target.
pub(crate) struct Upstream {
    pub(crate) state: Arc<TargetState>,
    idle: RefCell<Vec<Idle>>,
    /// Tasks that own connections and tunnels, by their number.
    open: RefCell<HashMap<u64, Open>>,
    next: Cell<u64>,
    limits: RefCell<Limits>,
}

/// What the pool's options say about idle connections.
struct Limits {
    idle_max: Duration,
    idle_most: usize,
}

/// One connection, while a request has it.
pub(crate) struct Link {
    pub(crate) sender: SendRequest<RequestBody>,
    number: u64,
}

/// A task that owns a connection or a tunnel.
struct Open {
    task: AbortHandle,
    kind: Kind,
}

/// Whether what is open has an end of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It serves requests, or is idle.
    Requests,
    /// A tunnel or an event stream: a cut leaves it alone unless told otherwise.
    LongLived,
}

struct Idle {
    link: Link,
    since: Instant,
}

impl Upstream {
    pub(crate) fn new(state: Arc<TargetState>) -> Self {
        let (idle, open) = (RefCell::default(), RefCell::default());
        let limits = RefCell::new(Limits { idle_max: Duration::ZERO, idle_most: 0 });
        Self { state, idle, open, next: Cell::new(0), limits }
    }

    /// Follows the options of the pool that it is in; `None` once it is in none.
    pub(crate) fn limit(&self, options: Option<&PoolOptions>) {
        *self.limits.borrow_mut() = Limits {
            idle_max: Duration::from_millis(options.map_or(0, |options| options.idle_max_ms)),
            idle_most: options.map_or(0, |options| options.idle_per_worker),
        };
    }

    /// Whether a worker that no longer routes here may forget it.
    pub(crate) fn is_unused(&self) -> bool {
        self.open.borrow().is_empty() && self.idle.borrow().is_empty()
    }

    /// The connection that was idle the shortest, if any is young enough and ready.
    pub(crate) fn take_idle(&self, now: Instant) -> Option<Link> {
        let max_age = self.limits.borrow().idle_max;
        let mut idle = self.idle.borrow_mut();
        let fit = |one: &Idle| {
            now.saturating_duration_since(one.since) < max_age && one.link.sender.is_ready()
        };
        // One that was given back a moment ago may not be ready yet; it stays for the next.
        let at = idle.iter().rposition(fit)?;
        Some(idle.remove(at).link)
    }

    /// Opens a connection.
    pub(crate) async fn connect(self: &Rc<Self>) -> io::Result<Link> {
        match &self.state.address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                self.begin(stream).await
            }
            Address::Unix(path) => {
                let mut pause = Duration::from_millis(1);
                loop {
                    match socket::connect(path).await {
                        Ok(stream) => return self.begin(stream).await,
                        // The server's queue is full (connect(2), EAGAIN on Unix sockets): it
                        // listens, and will accept in a moment. The caller bounds the time.
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            tokio::time::sleep(pause).await;
                            pause = (pause * 2).min(Duration::from_millis(50));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    async fn begin<S>(self: &Rc<Self>, stream: S) -> io::Result<Link>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let begun = http1::Builder::new().handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = begun.map_err(io::Error::other)?;
        let connection = connection.with_upgrades();
        let number = self.spawn(Kind::Requests, async move {
            // How it ended reaches whoever waits for an answer.
            let _ = connection.await;
        });
        let link = sender.ready().await.map_err(io::Error::other);
        link.map(|()| Link { sender, number })
    }

    /// Runs a task that a cut of the target ends.
    pub(crate) fn spawn(
        self: &Rc<Self>,
        kind: Kind,
        task: impl Future<Output = ()> + 'static,
    ) -> u64 {
        let number = self.next.get();
        self.next.set(number + 1);
        let upstream = Rc::downgrade(self);
        let handle = tokio::task::spawn_local(async move {
            task.await;
            if let Some(upstream) = upstream.upgrade() {
                upstream.open.borrow_mut().remove(&number);
            }
        });
        self.open.borrow_mut().insert(number, Open { task: handle.abort_handle(), kind });
        number
    }

    /// A connection's answer turned out to have no end of its own.
    pub(crate) fn promote(&self, link: &Link) {
        if let Some(open) = self.open.borrow_mut().get_mut(&link.number) {
            open.kind = Kind::LongLived;
        }
    }

    pub(crate) fn put_back(&self, link: Link) {
        let mut idle = self.idle.borrow_mut();
        if link.sender.is_closed() || idle.len() >= self.limits.borrow().idle_most {
            drop(idle);
            self.close(&link);
        } else {
            idle.push(Idle { link, since: Instant::now() });
        }
    }

    pub(crate) fn close(&self, link: &Link) {
        if let Some(open) = self.open.borrow_mut().remove(&link.number) {
            open.task.abort();
        }
    }

    /// Closes idle connections that are too old or already closed.
    pub(crate) fn retire(&self, now: Instant) {
        let max_age = self.limits.borrow().idle_max;
        let old = |idle: &Idle| {
            now.saturating_duration_since(idle.since) >= max_age || idle.link.sender.is_closed()
        };
        let mut idle = self.idle.borrow_mut();
        idle.retain(|one| {
            let keep = !old(one);
            if !keep {
                self.close(&one.link);
            }
            keep
        });
    }

    /// Closes what is open, in use or not; what has no end of its own only if `long_lived`.
    pub(crate) fn cut(&self, long_lived: bool) {
        self.idle.borrow_mut().clear();
        self.open.borrow_mut().retain(|_, open| {
            let keep = open.kind == Kind::LongLived && !long_lived;
            if !keep {
                open.task.abort();
            }
            keep
        });
    }
}
