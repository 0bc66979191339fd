//! The wait for an answer.

use std::task::{Context, Poll};

use seam_core::outcome::{Failure, Unknown};
use seam_core::remote::{Replies, ReplyBody, Ticket};

use super::channel::Channel;
use super::waiter::Waiter;
use crate::frame::CallId;

impl Replies for Channel {
    #[inline]
    fn poll(
        &self,
        ticket: Ticket,
        cx: &mut Context<'_>,
        body: &mut ReplyBody,
    ) -> Poll<Result<(), Box<Failure>>> {
        let id = CallId(ticket.id);
        let mut before = None;
        let mut look = |waiter: &mut Waiter| {
            if waiter.waits() {
                before = waiter.set_waker(cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(waiter.arrived(body))
        };
        let mut inner = self.lock();
        if let Some(open) = &mut inner.connection
            && let Some(looked) = open.session.fetch(id, &mut look)
        {
            drop(inner);
            // A waker may run anything when it is dropped.
            drop(before);
            return looked;
        }
        // Its connection has ended, and what became of it is known.
        let late = inner.late.remove(&id);
        drop(inner);
        late.map_or_else(
            || Poll::Ready(Err(Box::new(Unknown::Abandoned.into()))),
            |mut waiter| look(&mut waiter),
        )
    }

    fn forget(&self, ticket: Ticket) {
        self.leave(CallId(ticket.id));
    }
}
