//! A client's byte stream with a pulse: what the connection waits for, and since when.
//!
//! Time-outs of clients are not timers but one look at every pulse four times a second (`sweep`):
//! a request then costs no timer at all.
//!
//! A stream that is closed with bytes of the client unread takes the answer along: the kernel resets
//! the connection, and a client that was still sending may never see what it was told. So where
//! a client may still be sending, closing waits for its end, within bounds (RFC 9112 section 9.6).

use crate::head_record::HeadRecord;
use crate::rules::BodyKind;
use crate::seats::Seat;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A byte stream that keeps its connection's pulse.
#[derive(Debug)]
pub(crate) struct ClientIo<S> {
    stream: S,
    pulse: Arc<Pulse>,
    closing: Closing,
    _seat: Seat,
}

/// How far the closing of a stream is.
#[derive(Debug)]
enum Closing {
    No,
    /// Our side is closed; what the client still sends is thrown away.
    Lingers {
        until: Pin<Box<Sleep>>,
        bytes_left: usize,
    },
    Done,
}

/// How long and for how many bytes closing waits: an upload of some size at the pace of a good
/// line, but no client can keep a seat by sending on.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 << 20;

/// Shared between a connection's stream, its requests and the sweep, all on one thread; the lock
/// is there because hyper wants streams that could move, and is never waited for.
#[derive(Debug)]
pub(crate) struct Pulse(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    write_blocked: Option<Instant>,
    record: HeadRecord,
    tunnel: bool,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first or next byte of a head that has begun, or of a new connection's first.
    Head,
    /// The answer, or the client taking it.
    Answer,
    /// The next request.
    Idle,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            phase: Phase::Head,
            since: Instant::now(),
            write_blocked: None,
            record: HeadRecord::default(),
            tunnel: false,
        }))
    }

    /// A head is complete. Says whether it had a length beside a transfer coding.
    pub(crate) fn head_done(&self, body: BodyKind, now: Instant) -> bool {
        let mut state = self.lock();
        state.phase = Phase::Answer;
        state.since = now;
        state.record.take(body)
    }

    /// The answer is complete.
    pub(crate) fn answer_done(&self, now: Instant) {
        let mut state = self.lock();
        state.phase = Phase::Idle;
        state.since = now;
    }

    /// The stream becomes something else than requests and answers.
    pub(crate) fn upgraded(&self) {
        let mut state = self.lock();
        state.tunnel = true;
        state.record.stop();
    }

    /// Whether bytes of the client may still come that belong to what it began: the rest of a head
    /// or of a body. Of a tunnel they belong to somebody else.
    fn may_be_sending(&self) -> bool {
        let state = self.lock();
        !state.tunnel && !state.record.is_at_boundary()
    }

    /// What it waits for and for how long already; and for how long the client has taken nothing.
    pub(crate) fn look(&self, now: Instant) -> (Phase, Duration, Duration) {
        let state = self.lock();
        let blocked = state.write_blocked.map_or(Duration::ZERO, |at| now.duration_since(at));
        (state.phase, now.duration_since(state.since), blocked)
    }

    fn read(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if state.phase == Phase::Idle {
            state.phase = Phase::Head;
            state.since = Instant::now();
        }
        state.record.read(bytes);
    }

    fn wrote<T>(&self, outcome: &Poll<io::Result<T>>) {
        let mut state = self.lock();
        match outcome {
            Poll::Pending => {
                state.write_blocked.get_or_insert_with(Instant::now);
            }
            Poll::Ready(_) => state.write_blocked = None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> ClientIo<S> {
    pub(crate) fn new(stream: S, pulse: Arc<Pulse>, seat: Seat) -> Self {
        Self { stream, pulse, closing: Closing::No, _seat: seat }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if outcome.is_ready() && buffer.filled().len() > before {
            self.pulse.read(&buffer.filled()[before..]);
        }
        outcome
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.pulse.wrote(&outcome);
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.pulse.wrote(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.closing {
                Closing::No => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                    this.closing = if this.pulse.may_be_sending() {
                        let until = Box::pin(tokio::time::sleep(LINGER));
                        Closing::Lingers { until, bytes_left: LINGER_BYTES }
                    } else {
                        Closing::Done
                    };
                }
                Closing::Lingers { until, bytes_left } => {
                    ready!(poll_discarded(&mut this.stream, cx, until, bytes_left));
                    this.closing = Closing::Done;
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Ready once the client has ended, or has had its time or its bytes.
fn poll_discarded<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    until: &mut Pin<Box<Sleep>>,
    bytes_left: &mut usize,
) -> Poll<()> {
    let mut space = [0; 16 << 10];
    while *bytes_left > 0 && until.as_mut().poll(cx).is_pending() {
        let mut buffer = ReadBuf::new(&mut space);
        let read = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer));
        if read.is_err() || buffer.filled().is_empty() {
            break;
        }
        *bytes_left = bytes_left.saturating_sub(buffer.filled().len());
    }
    Poll::Ready(())
}
