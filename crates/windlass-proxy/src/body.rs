//! The body of an answer on its way to a client.

use crate::access::Exchange;
use crate::held::Held;
use crate::lease::Lease;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Holds its exchange open, and the target's claim, until the last byte or until it is dropped.
pub(crate) struct EdgeBody {
    source: Source,
    exchange: Exchange,
}

enum Source {
    /// An answer of the edge's own, or nothing.
    Page(Bytes),
    App(Box<AppBody>),
}

struct AppBody {
    incoming: Held,
    /// Gone once the last byte is through: the connection is free again.
    lease: Option<Lease>,
    timer: StallTimer,
}

/// Why an answer was broken off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerBroken {
    #[error("the app's answer broke off")]
    App(#[source] hyper::Error),
    #[error("the app's answer stood still for too long")]
    Stalled,
}

/// A time-out that costs nothing while bytes flow: it is armed only when there is waiting to do.
pub(crate) struct StallTimer {
    patience: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl EdgeBody {
    /// An answer that is whole already.
    pub(crate) fn page(bytes: Bytes, mut exchange: Exchange) -> Self {
        exchange.sent(bytes.len());
        exchange.complete();
        Self { source: Source::Page(bytes), exchange }
    }

    /// An app's answer; `patience` is how long it may stand still.
    pub(crate) fn app(
        incoming: Held,
        lease: Lease,
        patience: Option<Duration>,
        mut exchange: Exchange,
    ) -> Self {
        if incoming.is_end_stream() {
            lease.finish();
            exchange.complete();
            return Self { source: Source::Page(Bytes::new()), exchange };
        }
        let timer = StallTimer::new(patience);
        let body = AppBody { incoming, lease: Some(lease), timer };
        Self { source: Source::App(Box::new(body)), exchange }
    }
}

impl AppBody {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerBroken>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        if polled.is_pending() {
            ready!(self.timer.poll_stalled(cx));
            self.fail();
            return Poll::Ready(Some(Err(AnswerBroken::Stalled)));
        }
        self.timer.moved();
        match ready!(polled) {
            Some(Ok(frame)) => {
                // A body of known length may not be polled again after its last piece.
                if self.incoming.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.fail();
                Poll::Ready(Some(Err(AnswerBroken::App(error))))
            }
            None => {
                self.finish();
                Poll::Ready(None)
            }
        }
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.finish();
        }
    }

    fn fail(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.fail();
        }
    }
}

impl Body for EdgeBody {
    type Data = Bytes;
    type Error = AnswerBroken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerBroken>>> {
        let this = &mut *self;
        let app = match &mut this.source {
            Source::Page(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Source::Page(bytes) => {
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes)))));
            }
            Source::App(app) => app,
        };
        let polled = ready!(app.poll(cx));
        if let Some(Ok(frame)) = &polled
            && let Some(data) = frame.data_ref()
        {
            this.exchange.sent(data.len());
        }
        if app.lease.is_none() && !matches!(polled, Some(Err(_))) {
            this.exchange.complete();
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Page(bytes) => bytes.is_empty(),
            Source::App(app) => app.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Page(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::App(app) => app.incoming.size_hint(),
        }
    }
}

impl StallTimer {
    /// `None` never runs out.
    pub(crate) fn new(patience: Option<Duration>) -> Self {
        Self { patience, sleep: None, armed: false }
    }

    /// Something moved: the time begins anew with the next wait.
    pub(crate) fn moved(&mut self) {
        self.armed = false;
    }

    /// Ready once nothing has moved for as long as the patience lasts.
    pub(crate) fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(patience) = self.patience else { return Poll::Pending };
        let until = || Instant::now() + patience;
        if !self.armed {
            self.armed = true;
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(until()),
                None => self.sleep = Some(Box::pin(tokio::time::sleep_until(until()))),
            }
        }
        self.sleep.as_mut().map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}
