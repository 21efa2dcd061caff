//! A request's body on its way to an app.

use crate::body::StallTimer;
use crate::fault::Fault;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Streams from the client; nothing is kept.
pub(crate) enum RequestBody {
    Empty,
    Stream { incoming: Incoming, upload: Rc<Upload>, timer: StallTimer },
}

/// How far an upload is, for those who wait for the answer.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    frames: Cell<u64>,
    done: Cell<bool>,
    fault: Cell<Option<Fault>>,
}

/// The client broke its own request; the cause is in [`Upload::fault`].
#[derive(Debug, thiserror::Error)]
#[error("the request's body broke off")]
pub(crate) struct BrokenOff;

impl Upload {
    pub(crate) fn is_done(&self) -> bool {
        self.done.get()
    }

    /// Pieces that went through so far.
    pub(crate) fn frames(&self) -> u64 {
        self.frames.get()
    }

    /// How the client broke its request, if it did.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault.get()
    }
}

impl RequestBody {
    /// A body that streams, and the view on its progress.
    pub(crate) fn stream(incoming: Incoming, patience: Duration) -> (Self, Rc<Upload>) {
        let upload = Rc::new(Upload::default());
        let timer = StallTimer::new(Some(patience));
        (Self::Stream { incoming, upload: upload.clone(), timer }, upload)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let Self::Stream { incoming, upload, timer } = &mut *self else { return Poll::Ready(None) };
        let polled = Pin::new(&mut *incoming).poll_frame(cx);
        if polled.is_pending() {
            ready!(timer.poll_stalled(cx));
            upload.fault.set(Some(Fault::ClientStalled));
            return Poll::Ready(Some(Err(BrokenOff)));
        }
        timer.moved();
        match ready!(polled) {
            None => {
                upload.done.set(true);
                Poll::Ready(None)
            }
            Some(Ok(frame)) => {
                upload.frames.set(upload.frames.get() + 1);
                upload.done.set(incoming.is_end_stream());
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(_)) => {
                upload.fault.set(Some(Fault::ClientBody));
                Poll::Ready(Some(Err(BrokenOff)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Stream { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Stream { incoming, .. } => incoming.size_hint(),
        }
    }
}
