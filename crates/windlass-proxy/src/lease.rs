//! What a request holds while it is under way: a counted place at a target, and a connection.

use crate::claim::Word;
use crate::request_body::Upload;
use crate::upstream::{Link, Upstream};
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// A counted place at a target: held from before the request is sent to the end of its answer.
pub(crate) struct Claim {
    pub(crate) upstream: Rc<Upstream>,
    long_lived: bool,
}

/// A claim with the connection that serves it.
pub(crate) struct Lease {
    /// Before the claim: it is closed before the claim is given up.
    held: Held,
    pub(crate) claim: Claim,
    upload: Option<Rc<Upload>>,
}

/// A connection that is closed unless it is put back.
struct Held {
    upstream: Rc<Upstream>,
    link: Option<Link>,
}

impl Claim {
    /// Wraps a count that was just taken.
    pub(crate) fn of(upstream: Rc<Upstream>) -> Self {
        upstream.state.total.fetch_add(1, Ordering::Relaxed);
        Self { upstream, long_lived: false }
    }

    /// Counts it apart from now on: it has no end of its own.
    fn promote(&mut self) {
        if !self.long_lived {
            self.long_lived = true;
            self.upstream.state.promote();
        }
    }

    pub(crate) fn blame(&self) {
        self.upstream.state.failed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let state = &self.upstream.state;
        if self.long_lived { state.long_lived.decrease() } else { state.in_flight.decrease() }
    }
}

impl Lease {
    pub(crate) fn new(claim: Claim, link: Link, upload: Option<Rc<Upload>>) -> Self {
        let held = Held { upstream: claim.upstream.clone(), link: Some(link) };
        Self { held, claim, upload }
    }

    pub(crate) fn link(&mut self) -> Option<&mut Link> {
        self.held.link.as_mut()
    }

    /// The answer is complete: the connection may serve again if the request is complete, too.
    pub(crate) fn finish(mut self) {
        let sent = self.upload.as_ref().is_none_or(|upload| upload.is_done());
        if sent && let Some(link) = self.held.link.take() {
            self.held.upstream.put_back(link);
        }
    }

    /// The target failed the request.
    pub(crate) fn fail(self) {
        self.claim.blame();
    }

    /// The answer has no end of its own: it is counted apart, and a cut may leave it alone.
    pub(crate) fn promote(&mut self) {
        if let Some(link) = &self.held.link {
            self.held.upstream.promote(link);
        }
        self.claim.promote();
    }

    /// The connection has become a tunnel: it is no longer this lease's to close.
    pub(crate) fn into_tunnel(mut self) -> Claim {
        self.promote();
        self.held.link = None;
        self.claim
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            self.upstream.close(&link);
        }
    }
}
