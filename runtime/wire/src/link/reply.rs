//! The wait for an answer.

use std::task::{Context, Poll};

use seam_core::outcome::{Failure, Unknown};
use seam_core::remote::{Replies, ReplyBody};

use super::lane::{Lane, Waiter};
use crate::frame::CallId;

impl Replies for Lane {
    fn poll(&self, key: usize, _: u64, cx: &mut Context<'_>) -> Poll<Result<ReplyBody, Failure>> {
        let mut inner = self.lock();
        if let Some(Waiter::Waiting(waker)) = inner.waiters.get_mut(key) {
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        match inner.waiters.try_remove(key) {
            Some(Waiter::Done(result)) => Poll::Ready(result),
            // The place is the caller's, and nobody else empties it.
            _ => Poll::Ready(Err(Unknown::Abandoned.into())),
        }
    }

    fn forget(&self, key: usize, id: u64) {
        self.leave(key, CallId(id));
    }
}
