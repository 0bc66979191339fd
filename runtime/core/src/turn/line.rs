//! The calls that wait in front of an actor, in the order in which they were admitted.

use std::collections::VecDeque;
use std::sync::Arc;

use slab::Slab;
use smallvec::SmallVec;

use super::poll::drop_quietly;
use super::seat::{HostBox, Seat};
use super::slot::Outstanding;
use crate::outcome::NotExecuted;
use crate::time::Moment;

/// A call in line.
pub(super) trait Queued<A: Send + Sync + 'static>: Send {
    /// Whether its turn is to be alone.
    fn exclusive(&self) -> bool;

    /// Whether nobody wants it any more.
    fn cancelled(&self) -> bool;

    /// Its key among the outstanding calls.
    fn key(&self) -> usize;

    /// Runs its turn, which has entered; returns whether the call is over.
    fn run(self: Box<Self>, seat: Seat<A>, inner: &Arc<HostBox<A>>) -> bool;

    /// Tells the caller that it won't run.
    fn refuse(self: Box<Self>, why: NotExecuted);
}

/// What a host does with calls.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    /// There is no instance yet: calls wait for it.
    Starting,
    /// Calls are taken.
    Open,
    /// Starts failed too often: calls are refused until one succeeds.
    Down(Box<str>),
    /// No new calls are taken; those in line and running go on.
    Draining,
    /// The actor has been stopped, and isn't built until somebody wants it again.
    Resting,
    /// It is over.
    Stopped,
}

/// The line and everything that must agree with it.
pub(super) struct Line<A: Send + Sync + 'static> {
    pub(super) queue: VecDeque<Box<dyn Queued<A>>>,
    pub(super) outstanding: Slab<Arc<dyn Outstanding>>,
    pub(super) phase: Phase,
    /// Counts the lives of the actor.
    pub(super) life: u64,
    /// When the sweeper looks next.
    pub(super) next_sweep: Moment,
}

impl<A: Send + Sync> Line<A> {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            outstanding: Slab::new(),
            phase: Phase::Starting,
            life: 0,
            next_sweep: Moment::NEVER,
        }
    }

    /// Why no new call is taken, if so.
    pub(super) fn closed(&self) -> Option<NotExecuted> {
        match &self.phase {
            Phase::Starting | Phase::Open => None,
            Phase::Down(reason) => Some(NotExecuted::Unavailable { reason: reason.clone() }),
            Phase::Draining => Some(NotExecuted::unavailable("the service is stopping")),
            Phase::Resting => Some(NotExecuted::unavailable("the service isn't here any more")),
            Phase::Stopped => Some(NotExecuted::unavailable("the service has stopped")),
        }
    }

    /// Whether a call fits beside `running` others; makes room of calls that were taken back.
    pub(super) fn has_room(&mut self, running: u32, capacity: u32, gone: &mut Gone<A>) -> bool {
        let fits = |waiting: usize| waiting + (running as usize) < capacity as usize;
        if fits(self.queue.len()) {
            return true;
        }
        if self.queue.iter().any(|call| call.cancelled()) {
            let queue = std::mem::take(&mut self.queue);
            let (cancelled, kept) = queue.into_iter().partition(|call| call.cancelled());
            self.queue = kept;
            for call in cancelled {
                self.take_out(call, gone);
            }
        }
        fits(self.queue.len())
    }

    /// A call has left the queue, and won't run.
    pub(super) fn take_out(&mut self, call: Box<dyn Queued<A>>, gone: &mut Gone<A>) {
        gone.watched.extend(self.unwatch(call.key()));
        gone.calls.push(call);
    }

    /// Notes that a call is to be watched; `true` if the sweeper must be woken for it.
    pub(super) fn watch(&mut self, call: Arc<dyn Outstanding>, due: Moment) -> (usize, bool) {
        let key = self.outstanding.insert(call);
        let sooner = due < self.next_sweep;
        if sooner {
            self.next_sweep = due;
        }
        (key, sooner)
    }

    /// The call is over. What is left of it may hold its caller's values: it is to be dropped as
    /// [`Gone`] says.
    #[must_use]
    pub(super) fn unwatch(&mut self, key: usize) -> Option<Arc<dyn Outstanding>> {
        self.outstanding.try_remove(key)
    }
}

/// What has left the line, and holds values of callers. A stranger's `Drop` may panic, or call this
/// very service: so it is kept until the line is unlocked, and dropped quietly then. One is made
/// before the line is locked, so that it lives longer than the lock.
pub(super) struct Gone<A: Send + Sync + 'static> {
    pub(super) calls: Vec<Box<dyn Queued<A>>>,
    // There is one after each turn that the pump lets in.
    pub(super) watched: SmallVec<[Arc<dyn Outstanding>; 1]>,
}

impl<A: Send + Sync> Gone<A> {
    pub(super) fn nothing() -> Self {
        Self { calls: Vec::new(), watched: SmallVec::new() }
    }
}

impl<A: Send + Sync> Drop for Gone<A> {
    fn drop(&mut self) {
        // One by one: a panic costs no other.
        self.calls.drain(..).for_each(drop_quietly);
        self.watched.drain(..).for_each(drop_quietly);
    }
}
