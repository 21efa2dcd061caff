//! One client's connection, from accept to close.
//!
//! [`serve`] is generic over the byte stream. TLS goes in front of it: [`spawn`] would shake hands
//! first and hand the decrypted stream over, with `https` as the scheme. HTTP/2 goes beside it,
//! chosen by what the handshake agreed on: another `serve` with hyper's `http2` builder, the same
//! [`Client`] and the same `forward`.

use crate::client_io::{ClientIo, Pulse};
use crate::forward::forward;
use crate::headers::Origin;
use crate::seats::Seat;
use crate::worker::Worker;
use http::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite};

/// How much of a request is read ahead; more than the largest head, so that one too large gets
/// its 431 from the rules.
const READ_AHEAD: usize = 64 << 10;

/// What is known of one client, shared by its connection, its requests and the sweep.
pub(crate) struct Client {
    pulse: Arc<Pulse>,
    pub(crate) origin: Origin,
    ending: Cell<Option<Ending>>,
    waker: RefCell<Option<Waker>>,
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After the answer that is under way, or at once if there is none.
    WhenDone,
    /// At once.
    Now,
}

/// Serves a connection on a task of its own.
pub(crate) fn spawn<S>(worker: &Rc<Worker>, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let client = Rc::new(Client::new(worker, peer));
    let seat = worker.seats.take();
    let place = Place { number: worker.admit(&client), worker: worker.clone() };
    tokio::task::spawn_local(async move {
        serve(&place.worker, &client, (stream, seat)).await;
        drop(place);
    });
}

/// A client's place in its worker's list; given up however the connection ends.
struct Place {
    worker: Rc<Worker>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.worker.dismiss(self.number);
    }
}

async fn serve<S>(worker: &Rc<Worker>, client: &Rc<Client>, (stream, seat): (S, Seat))
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(ClientIo::new(stream, client.pulse.clone(), seat));
    let service = service_fn(|request| forward(worker.clone(), client.clone(), request));
    let connection = http1::Builder::new()
        .max_buf_size(READ_AHEAD)
        .max_header_size(worker.limits().head_max_bytes)
        .serve_connection(io, service);
    let mut connection = pin!(connection.with_upgrades());
    poll_fn(|cx| {
        match client.ending.get() {
            Some(Ending::Now) => return Poll::Ready(()),
            Some(Ending::WhenDone) => connection.as_mut().graceful_shutdown(),
            None => {}
        }
        client.wake_with(cx.waker());
        // How a client's connection ends is the client's affair; answers are logged one by one.
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}

impl Client {
    fn new(worker: &Worker, peer: SocketAddr) -> Self {
        let address = peer.ip().to_canonical();
        let value = |text: String| {
            HeaderValue::from_str(&text)
                .unwrap_or_else(|error| unreachable!("addresses and ports are values: {error}"))
        };
        let networks = &worker.config.trusted_proxies;
        let origin = Origin {
            address: value(address.to_string()),
            scheme: HeaderValue::from_static("http"),
            port: value(worker.listen_port().to_string()),
            trusted: networks.iter().any(|network| network.contains(address)),
        };
        Self {
            pulse: Arc::new(Pulse::new()),
            origin,
            ending: Cell::new(None),
            waker: RefCell::default(),
        }
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// The client's address, as text.
    pub(crate) fn address(&self) -> &str {
        self.origin.address.to_str().unwrap_or("")
    }

    /// Ends the connection; a later, harder order replaces an earlier one.
    pub(crate) fn end(&self, ending: Ending) {
        if self.ending.get() == Some(Ending::Now) || self.ending.get() == Some(ending) {
            return;
        }
        self.ending.set(Some(ending));
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    fn wake_with(&self, waker: &Waker) {
        let mut own = self.waker.borrow_mut();
        if !own.as_ref().is_some_and(|own| own.will_wake(waker)) {
            *own = Some(waker.clone());
        }
    }
}
