//! Somebody who waits for an answer: a slot that is used again and again, and written in place.

use std::task::Waker;

use seam_core::outcome::Failure;
use seam_core::remote::{Body, ReplyBody, ReplyKind};
use seam_core::time::Moment;

use crate::frame::ReplyMark;

pub(super) struct Waiter {
    /// Whether nothing has arrived yet.
    waits: bool,
    /// Whom to wake. It stays once that was done: who fetches an answer mostly makes the next call
    /// at once, finds this place free, and needs no other.
    waker: Option<Waker>,
    /// What arrived, if it isn't a reply; boxed, for it is rare, and the slot is small.
    failure: Option<Box<Failure>>,
    mark: ReplyMark,
    /// The reply's body.
    bytes: Body,
    /// When it arrived.
    at: Moment,
}

impl Default for Waiter {
    fn default() -> Self {
        Self {
            waits: false,
            waker: None,
            failure: None,
            mark: ReplyKind::Answer.into(),
            bytes: Body::new(),
            at: Moment::default(),
        }
    }
}

impl Waiter {
    /// Waits for the answer to another call. Returns what is to be dropped without the lock, for a
    /// waker may run anything.
    #[inline]
    #[must_use]
    pub(super) fn wait(&mut self, waker: &Waker) -> Option<Waker> {
        self.waits = true;
        self.set_waker(waker)
    }

    /// Whether nothing has arrived yet.
    #[inline]
    pub(super) const fn waits(&self) -> bool {
        self.waits
    }

    /// Whom to wake from now on; returns what [`Waiter::wait`] does.
    #[inline]
    #[must_use]
    pub(super) fn set_waker(&mut self, waker: &Waker) -> Option<Waker> {
        match &self.waker {
            Some(same) if same.will_wake(waker) => None,
            _ => self.waker.replace(waker.clone()),
        }
    }

    /// A reply has arrived; whom to wake, and to give back by [`Waiter::was_woken`].
    #[inline]
    pub(super) fn replied(&mut self, mark: ReplyMark, body: &[u8], at: Moment) -> Option<Waker> {
        if !self.waits {
            return None;
        }
        self.waits = false;
        (self.mark, self.at) = (mark, at);
        self.bytes.set(body);
        self.waker.take()
    }

    /// There will be no reply; whom to wake.
    pub(super) fn failed(&mut self, failure: Failure) -> Option<Waker> {
        if !self.waits {
            return None;
        }
        self.waits = false;
        self.failure = Some(Box::new(failure));
        self.waker.take()
    }

    /// Whether who was woken here hasn't got another waker since.
    #[inline]
    pub(super) const fn has_no_waker(&self) -> bool {
        self.waker.is_none()
    }

    /// Who waits here was woken by this.
    #[inline]
    pub(super) fn was_woken(&mut self, waker: Waker) {
        self.waker = Some(waker);
    }

    /// What has arrived, once: a reply is written to the empty `body`.
    #[inline]
    pub(super) fn arrived(&mut self, body: &mut ReplyBody) -> Result<(), Box<Failure>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        (body.kind, body.degraded, body.at) = (self.mark.kind, self.mark.degraded, self.at);
        // It takes its memory along, if it has any: the slot lives on.
        body.bytes.take(&mut self.bytes);
        Ok(())
    }

    /// Nobody waits any more; what is left to be dropped.
    pub(super) fn left(&mut self) -> (Option<Waker>, Option<Box<Failure>>) {
        self.waits = false;
        self.bytes = Body::new();
        (self.waker.take(), self.failure.take())
    }
}
