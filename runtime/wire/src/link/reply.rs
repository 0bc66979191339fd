//! The wait for an answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use seam_core::outcome::{Failure, Unknown};
use seam_core::remote::ReplyBody;

use super::lane::{Lane, Waiter};
use crate::frame::CallId;

/// Resolves with the answer; cancels the call when dropped before that.
pub(super) struct Reply {
    lane: Arc<Lane>,
    key: usize,
    id: CallId,
    done: bool,
}

impl Reply {
    pub(super) const fn new(lane: Arc<Lane>, key: usize, id: CallId) -> Self {
        Self { lane, key, id, done: false }
    }
}

impl Future for Reply {
    type Output = Result<ReplyBody, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.done {
            return Poll::Pending;
        }
        let mut inner = this.lane.lock();
        match inner.waiters.get_mut(this.key) {
            Some(Waiter::Waiting(waker)) => {
                match waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            _ => {
                this.done = true;
                match inner.waiters.try_remove(this.key) {
                    Some(Waiter::Done(result)) => Poll::Ready(result),
                    // The waiter is this future's, and nobody else removes it.
                    _ => Poll::Ready(Err(Unknown::Abandoned.into())),
                }
            }
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.done {
            self.lane.forget(self.key, self.id);
        }
    }
}
