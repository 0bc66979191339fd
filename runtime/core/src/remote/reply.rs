//! The wait for the reply to a call that went elsewhere.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::ReplyBody;
use crate::outcome::Failure;

/// The wait for a remote reply. Dropping it before the reply is there is the caller going away.
pub struct RemoteReply(Wait);

enum Wait {
    /// Fetched, or not to be had.
    Over,
    Ready(Box<Result<ReplyBody, Failure>>),
    Kept(Kept),
    Future(Pin<Box<dyn Future<Output = Result<ReplyBody, Failure>> + Send>>),
}

/// Where many replies arrive and are kept until they are fetched, so that waiting for one of them
/// takes no memory of its own.
pub trait Replies: Send + Sync + 'static {
    /// The reply to the call `id`, whose place is `key`: written to the empty `body`, once. Until it
    /// is there, remembers whom to wake.
    fn poll(
        &self,
        key: usize,
        id: u64,
        cx: &mut Context<'_>,
        body: &mut ReplyBody,
    ) -> Poll<Result<(), Failure>>;

    /// Nobody waits for this reply any more.
    fn forget(&self, key: usize, id: u64);
}

struct Kept {
    replies: Arc<dyn Replies>,
    key: usize,
    id: u64,
}

impl RemoteReply {
    /// A reply that is there already.
    pub fn ready(result: Result<ReplyBody, Failure>) -> Self {
        Self(Wait::Ready(Box::new(result)))
    }

    /// A reply that `replies` keeps for the call `id` at `key`, and which will wake whom the call
    /// named: it isn't polled before that.
    pub fn kept(replies: Arc<dyn Replies>, key: usize, id: u64) -> Self {
        Self(Wait::Kept(Kept { replies, key, id }))
    }

    /// A reply that a future brings.
    pub fn from_future<F>(future: F) -> Self
    where
        F: Future<Output = Result<ReplyBody, Failure>> + Send + 'static,
    {
        Self(Wait::Future(Box::pin(future)))
    }

    /// Whether the caller will be woken although nothing was polled yet.
    pub(crate) const fn will_wake(&self) -> bool {
        matches!(self.0, Wait::Kept(_))
    }
}

impl RemoteReply {
    /// Polls for the reply, to have it written to the empty `body`: a reply that is handed on from
    /// one to the other is copied each time.
    #[inline]
    pub(crate) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut ReplyBody,
    ) -> Poll<Result<(), Failure>> {
        let polled = match &mut self.0 {
            Wait::Kept(kept) => kept.replies.poll(kept.key, kept.id, cx, body),
            others => others.poll(cx).map_ok(|found| *body = found),
        };
        if polled.is_ready() {
            self.0 = Wait::Over;
        }
        polled
    }
}

impl Wait {
    #[inline(never)]
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
        let mut body = ReplyBody::default();
        self.poll_into(cx, &mut body).map_ok(|()| body)
    }
}

impl Drop for RemoteReply {
    fn drop(&mut self) {
        if let Wait::Kept(kept) = &self.0 {
            kept.replies.forget(kept.key, kept.id);
        }
    }
}

impl fmt::Debug for RemoteReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Wait::Over => "RemoteReply(over)",
            Wait::Ready(_) => "RemoteReply(ready)",
            Wait::Kept(_) | Wait::Future(_) => "RemoteReply(waiting)",
        })
    }
}
