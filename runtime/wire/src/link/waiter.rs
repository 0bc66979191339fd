//! Somebody who waits for an answer: a slot that is used again and again, and written in place.

use std::task::Waker;

use seam_core::outcome::Failure;
use seam_core::remote::{Body, ReplyBody, ReplyKind};
use seam_core::time::Moment;

pub(super) struct Waiter {
    /// Whom to wake; nobody once something has arrived.
    waker: Option<Waker>,
    /// What arrived, if it isn't a reply; boxed, for it is rare, and the slot is small.
    failure: Option<Box<Failure>>,
    kind: ReplyKind,
    /// The reply's body.
    bytes: Body,
    /// When it arrived.
    at: Moment,
}

impl Default for Waiter {
    fn default() -> Self {
        Self {
            waker: None,
            failure: None,
            kind: ReplyKind::Answer,
            bytes: Body::new(),
            at: Moment::default(),
        }
    }
}

impl Waiter {
    /// Waits for the answer to another call.
    #[inline]
    pub(super) fn wait(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
        self.failure = None;
    }

    /// Whom to wake, as long as nothing has arrived.
    #[inline]
    pub(super) const fn waker(&mut self) -> &mut Option<Waker> {
        &mut self.waker
    }

    /// A reply has arrived; whom to wake.
    #[inline]
    pub(super) fn replied(&mut self, kind: ReplyKind, body: &[u8], at: Moment) -> Option<Waker> {
        let waker = self.waker.take()?;
        (self.kind, self.at) = (kind, at);
        self.bytes.set(body);
        Some(waker)
    }

    /// There will be no reply; whom to wake.
    pub(super) fn failed(&mut self, failure: Failure) -> Option<Waker> {
        let waker = self.waker.take()?;
        self.failure = Some(Box::new(failure));
        Some(waker)
    }

    /// What has arrived, once: a reply is written to the empty `body`.
    #[inline]
    pub(super) fn arrived(&mut self, body: &mut ReplyBody) -> Result<(), Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(*failure);
        }
        (body.kind, body.at) = (self.kind, self.at);
        // It takes its memory along, if it has any: the slot lives on.
        body.bytes.take(&mut self.bytes);
        Ok(())
    }

    /// Nobody waits any more; what is left to be dropped.
    pub(super) fn left(&mut self) -> (Option<Waker>, Option<Box<Failure>>) {
        self.bytes = Body::new();
        (self.waker.take(), self.failure.take())
    }
}
