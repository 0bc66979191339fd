//! The wait for the reply to a call that went elsewhere.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::carrier::Told;
use super::{Carrier, Carries, Replies, ReplyBody, Ticket};
use crate::outcome::Failure;

/// The wait for a remote reply. Dropping it before the reply is there is the caller going away.
pub struct RemoteReply {
    wait: Wait,
    /// Boxed, for few have it: what is moved as often as this is small.
    told: Option<Box<Told>>,
}

enum Wait {
    /// Fetched, or not to be had.
    Over,
    Ready(Box<Result<ReplyBody, Failure>>),
    /// The ticket's number alone: who keeps replies for several endpoints waits by a future.
    Kept(Arc<dyn Replies>, u64),
    Future(Pin<Box<dyn Future<Output = Result<ReplyBody, Failure>> + Send>>),
}

impl RemoteReply {
    const fn new(wait: Wait) -> Self {
        Self { wait, told: None }
    }

    /// A reply that is there already.
    pub fn ready(result: Result<ReplyBody, Failure>) -> Self {
        Self::new(Wait::Ready(Box::new(result)))
    }

    /// A reply that `replies` keep, and which will wake whom the call named: it isn't polled before
    /// that.
    pub fn kept(replies: Arc<dyn Replies>, ticket: Ticket) -> Self {
        if ticket.carrier == Carrier::ONLY {
            return Self::new(Wait::Kept(replies, ticket.id));
        }
        Self::new(Wait::Future(Box::pin(Kept { replies, ticket, over: false })))
    }

    /// A reply that a future brings.
    pub fn from_future<F>(future: F) -> Self
    where
        F: Future<Output = Result<ReplyBody, Failure>> + Send + 'static,
    {
        Self::new(Wait::Future(Box::pin(future)))
    }

    /// The same, of which `by` is told once it is over or left.
    #[must_use]
    pub fn told(mut self, by: Arc<dyn Carries>, carrier: Carrier) -> Self {
        self.told = Some(Box::new(Told { by, carrier }));
        self
    }

    /// Who carries the call.
    pub fn carrier(&self) -> Carrier {
        self.told.as_ref().map_or(Carrier::ONLY, |told| told.carrier)
    }

    /// Whether the caller will be woken although nothing was polled yet.
    pub(crate) const fn will_wake(&self) -> bool {
        matches!(self.wait, Wait::Kept(..))
    }
}

impl Wait {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyBody, Failure>> {
        if let Self::Future(future) = self {
            return future.as_mut().poll(cx);
        }
        match std::mem::replace(self, Self::Over) {
            Self::Ready(result) => Poll::Ready(*result),
            _ => Poll::Pending,
        }
    }
}

impl Future for RemoteReply {
    type Output = Result<ReplyBody, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match &mut self.wait {
            Wait::Kept(replies, id) => {
                let mut body = ReplyBody::default();
                replies.poll(Ticket::new(*id), cx, &mut body).map_ok(|()| body).map_err(|why| *why)
            }
            others => others.poll(cx),
        };
        if let Poll::Ready(arrived) = &polled {
            self.wait = Wait::Over;
            if let Some(told) = self.told.take() {
                told.by.ended(told.carrier, arrived.as_ref().map(|body| body.at));
            }
        }
        polled
    }
}

impl Drop for RemoteReply {
    fn drop(&mut self) {
        if let Wait::Kept(replies, id) = &self.wait {
            replies.forget(Ticket::new(*id));
        }
        if let Some(told) = self.told.take() {
            told.by.left(told.carrier);
        }
    }
}

/// The wait for a reply that is kept for one of several endpoints.
struct Kept {
    replies: Arc<dyn Replies>,
    ticket: Ticket,
    over: bool,
}

impl Future for Kept {
    type Output = Result<ReplyBody, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut body = ReplyBody::default();
        let polled = self.replies.poll(self.ticket, cx, &mut body);
        self.over = polled.is_ready();
        polled.map_ok(|()| body).map_err(|why| *why)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.over {
            self.replies.forget(self.ticket);
        }
    }
}

impl fmt::Debug for RemoteReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.wait {
            Wait::Over => "RemoteReply(over)",
            Wait::Ready(_) => "RemoteReply(ready)",
            Wait::Kept(..) | Wait::Future(_) => "RemoteReply(waiting)",
        })
    }
}
