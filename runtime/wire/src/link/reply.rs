//! The wait for an answer.

use std::task::{Context, Poll};

use seam_core::outcome::{Failure, Unknown};
use seam_core::remote::{Replies, ReplyBody, Ticket};

use super::lane::Lane;
use crate::frame::CallId;

impl Replies for Lane {
    #[inline]
    fn poll(
        &self,
        ticket: Ticket,
        cx: &mut Context<'_>,
        body: &mut ReplyBody,
    ) -> Poll<Result<(), Box<Failure>>> {
        let mut inner = self.lock();
        // The place is the caller's, and nobody else empties it.
        let place = ticket.place as usize;
        let Some(waiter) = inner.waiters.get(place) else {
            return Poll::Ready(Err(Box::new(Unknown::Abandoned.into())));
        };
        if waiter.waits() {
            let before = waiter.set_waker(cx.waker());
            drop(inner);
            drop(before);
            return Poll::Pending;
        }
        let arrived = waiter.arrived(body);
        inner.waiters.leave(place);
        Poll::Ready(arrived)
    }

    fn forget(&self, ticket: Ticket) {
        self.leave(ticket.place as usize, CallId(ticket.id));
    }
}
