//! An app's answer, of which some may be read before any of it is passed on.
//!
//! While another release stands by, a small answer is held back until it is whole: an app that dies
//! between its head and its end then costs nothing, since the request can still be answered by the
//! other. What is large, of unknown length, or slow is passed on as it comes.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// The largest answer that is held back, in bytes.
const MOST: u64 = 64 << 10;
/// How long it may take to become whole.
const PATIENCE: Duration = Duration::from_secs(1);

/// An answer's body: pieces that were read ahead, and the rest.
pub(crate) struct Held {
    pieces: VecDeque<Bytes>,
    rest: Incoming,
}

impl Held {
    pub(crate) fn new(rest: Incoming) -> Self {
        Self { pieces: VecDeque::new(), rest }
    }

    /// Waits until a small answer is whole; an error says that it broke off.
    pub(crate) async fn whole(&mut self) -> Result<(), hyper::Error> {
        if self.rest.size_hint().exact().is_none_or(|length| length > MOST) {
            return Ok(());
        }
        let reading = async {
            // A body of known length may not be polled again after its last piece.
            while !self.rest.is_end_stream() {
                let Some(frame) = self.rest.frame().await else { break };
                self.pieces.extend(frame?.into_data().ok());
            }
            Ok(())
        };
        timeout(PATIENCE, reading).await.unwrap_or(Ok(()))
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(ahead + upper);
        }
        hint.set_lower(ahead + rest.lower());
        hint
    }
}
