//! The calls that wait in front of an actor, in the order in which they were admitted.

use std::collections::VecDeque;
use std::sync::Arc;

use slab::Slab;

use super::host::Inner;
use super::seat::Seat;
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
    fn run(self: Box<Self>, seat: Seat<A>, inner: &Arc<Inner<A>>) -> bool;

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
            Phase::Stopped => Some(NotExecuted::unavailable("the service has stopped")),
        }
    }

    /// Whether a call fits beside `running` others; makes room of calls that were taken back.
    pub(super) fn has_room(&mut self, running: u32, capacity: u32) -> bool {
        let fits = |waiting: usize| waiting + (running as usize) < capacity as usize;
        if fits(self.queue.len()) {
            return true;
        }
        let outstanding = &mut self.outstanding;
        self.queue.retain(|call| {
            let cancelled = call.cancelled();
            if cancelled {
                outstanding.try_remove(call.key());
            }
            !cancelled
        });
        fits(self.queue.len())
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

    /// The call is over.
    pub(super) fn unwatch(&mut self, key: usize) {
        self.outstanding.try_remove(key);
    }
}
