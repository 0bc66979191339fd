//! The two ways in which a call outlives its first poll: waiting in line, and running at home.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::line::Queued;
use super::poll::drop_quietly;
use super::seat::{HostBox, Seat};
use super::slot::{Outstanding, Slot, failed};
use super::turn_box::TurnBox;
use crate::context::TurnContext;
use crate::contract::Method;
use crate::outcome::NotExecuted;
use crate::time::Moment;

/// A call in line: what to do with its message, which its slot keeps.
pub(super) struct Waiting<M: Method, F> {
    pub(super) run: F,
    pub(super) context: Option<TurnContext>,
    pub(super) slot: Arc<Slot<M>>,
    pub(super) key: usize,
    /// Since when it waits.
    pub(super) since: Moment,
    /// How many were ahead of it then.
    pub(super) ahead: u32,
}

impl<A, M, F, R> Queued<A> for Waiting<M, F>
where
    A: Send + Sync + 'static,
    M: Method,
    F: FnOnce(Seat<A>, M) -> R + Send,
    R: Future<Output = Result<M::Answer, M::Error>> + Send + 'static,
{
    fn exclusive(&self) -> bool {
        M::SPEC.turn.is_exclusive()
    }

    fn cancelled(&self) -> bool {
        self.slot.is_cancelled()
    }

    fn key(&self) -> usize {
        self.key
    }

    fn run(self: Box<Self>, seat: Seat<A>, inner: &Arc<HostBox<A>>) -> bool {
        let Self { run, mut context, slot, key, since, ahead } = *self;
        let now = inner.settings.clock.now();
        let Some(message) = slot.begin(now) else {
            seat.leave_unused();
            drop_quietly((run, slot));
            return true;
        };
        if let Some(each) = now.nanos_since(since).checked_div(ahead.into()) {
            inner.waits.took(now, each);
        }
        let mut turn = TurnBox::new(|| run(seat, message));
        let mut polled = Poll::Pending;
        let driver = inner.driver(M::SPEC.name);
        let at = driver.poll_first(turn.as_mut(), &mut context, now, &mut polled);
        match polled {
            Poll::Ready(outcome) => {
                drop_quietly(turn);
                slot.ended(context.as_ref(), outcome, at);
                true
            }
            Poll::Pending => {
                Promoted::spawn(inner, turn, context, slot, key);
                false
            }
        }
    }

    fn refuse(self: Box<Self>, why: NotExecuted) {
        if self.slot.cancel(Some(&why)) {
            self.slot.fill(failed(why));
        }
        drop_quietly(self);
    }
}

/// A turn that runs on its home.
pub(super) struct Promoted<A: Send + Sync + 'static, M: Method, R> {
    inner: Arc<HostBox<A>>,
    turn: Option<TurnBox<R>>,
    context: Option<TurnContext>,
    slot: Arc<Slot<M>>,
    key: usize,
}

impl<A, M, R> Promoted<A, M, R>
where
    A: Send + Sync + 'static,
    M: Method,
    R: Future<Output = Result<M::Answer, M::Error>> + Send + 'static,
{
    /// Hands the turn to its home.
    pub(super) fn spawn(
        inner: &Arc<HostBox<A>>,
        turn: TurnBox<R>,
        context: Option<TurnContext>,
        slot: Arc<Slot<M>>,
        key: usize,
    ) {
        // The turn is in, so the life that it is part of can't end before it.
        let life = inner.line.lock().life;
        let host = Arc::clone(inner);
        let inner = Arc::clone(inner);
        let home = inner.settings.home.runtime().clone();
        let promoted = Self { inner, turn: Some(turn), context, slot: Arc::clone(&slot), key };
        let task = home.spawn(promoted);
        slot.runs_as(task.abort_handle(), host, life);
    }
}

impl<A, M, R> Future for Promoted<A, M, R>
where
    A: Send + Sync + 'static,
    M: Method,
    R: Future<Output = Result<M::Answer, M::Error>> + Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(turn) = &mut this.turn else { return Poll::Ready(()) };
        let driver = this.inner.driver(M::SPEC.name);
        let (began, mut polled) = (driver.settings.clock.now(), Poll::Pending);
        let at = driver.poll(turn.as_mut(), &mut this.context, began, &mut polled, cx);
        let Poll::Ready(outcome) = polled else { return Poll::Pending };
        drop_quietly(this.turn.take());
        this.slot.ended(this.context.as_ref(), outcome, at);
        Poll::Ready(())
    }
}

impl<A: Send + Sync, M: Method, R> Drop for Promoted<A, M, R> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            // Ended before its end: by its caller's leaving, by its limit, or with its home.
            drop_quietly(turn);
            self.slot.aborted();
        }
        // It has a hold on the slot itself, so that nothing is dropped under the lock.
        let _ = self.inner.line.lock().unwatch(self.key);
    }
}

// Nothing in it is pinned but the turn, which has a box of its own.
impl<A: Send + Sync, M: Method, R> Unpin for Promoted<A, M, R> {}
