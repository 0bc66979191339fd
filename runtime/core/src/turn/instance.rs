//! One life of an actor, and the seat that a turn has in it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::Notify;

use super::gate::Gate;

/// One life of an actor: from `start` to `stop`, or to a panic.
pub(super) struct Instance<A> {
    pub(super) gate: Gate,
    /// The gate decides who is in; this lock is never waited for.
    actor: RwLock<A>,
    /// Whether a turn has ended well: a fresh instance that panics at once is rebuilt with backoff.
    proved: AtomicBool,
    signals: Arc<Signals>,
}

/// Whom a host's loops wake.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// The head of the line may be able to enter.
    pub(super) pump: Notify,
    /// An earlier moment is to be waited for.
    pub(super) sweep: Notify,
    /// An instance is broken, or the host is to end.
    pub(super) keeper: Notify,
}

impl<A> Instance<A> {
    pub(super) fn new(actor: A, line: bool, signals: Arc<Signals>) -> Self {
        let (gate, actor) = (Gate::new(line), RwLock::new(actor));
        Self { gate, actor, proved: AtomicBool::new(false), signals }
    }

    pub(super) fn proved(&self) -> bool {
        self.proved.load(Ordering::Relaxed)
    }

    pub(super) fn alone(&self) -> Alone<'_, A> {
        Alone(self.actor.write())
    }

    pub(super) fn beside(&self) -> Beside<'_, A> {
        Beside(self.actor.read())
    }
}

/// The actor in an exclusive turn. Held while the turn waits, for nobody waits for it.
#[derive(Debug)]
pub struct Alone<'a, A>(RwLockWriteGuard<'a, A>);

impl<A> Deref for Alone<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A> DerefMut for Alone<'_, A> {
    fn deref_mut(&mut self) -> &mut A {
        &mut self.0
    }
}

/// The actor in a shared turn.
#[derive(Debug)]
pub struct Beside<'a, A>(RwLockReadGuard<'a, A>);

impl<A> Deref for Beside<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

/// An instance whose actor's type doesn't matter.
pub(super) trait Discard: Send + Sync {
    /// Lets nobody enter again, and has another instance built.
    fn discard(&self);
}

impl<A: Send + Sync> Discard for Instance<A> {
    fn discard(&self) {
        if self.gate.break_down() {
            self.signals.keeper.notify_one();
        }
    }
}

/// A turn's place in an instance, from the moment it may begin.
///
/// Generated code takes one of the two guards from it, runs the method, and leaves.
pub struct Seat<A: Send + Sync> {
    instance: Arc<Instance<A>>,
    exclusive: bool,
    done: bool,
}

impl<A: Send + Sync> Seat<A> {
    /// For a turn that has entered the gate.
    pub(super) fn new(instance: Arc<Instance<A>>, exclusive: bool) -> Self {
        Self { instance, exclusive, done: false }
    }

    pub(super) fn instance(&self) -> &Arc<Instance<A>> {
        &self.instance
    }

    /// The actor, alone.
    pub fn exclusive(&self) -> Alone<'_, A> {
        self.instance.alone()
    }

    /// The actor, beside others.
    pub fn shared(&self) -> Beside<'_, A> {
        self.instance.beside()
    }

    /// The turn has ended well.
    pub fn leave(mut self) {
        self.done = true;
        if !self.instance.proved() {
            self.instance.proved.store(true, Ordering::Relaxed);
        }
    }

    /// The turn never began.
    pub(super) fn leave_unused(mut self) {
        self.done = true;
    }
}

impl<A: Send + Sync> Drop for Seat<A> {
    fn drop(&mut self) {
        // An exclusive turn that panicked or was abandoned may have left anything behind.
        if self.exclusive && !self.done {
            self.instance.discard();
        }
        if self.instance.gate.leave(self.exclusive) {
            self.instance.signals.pump.notify_one();
        }
    }
}

impl<A: Send + Sync> fmt::Debug for Seat<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("exclusive", &self.exclusive).finish_non_exhaustive()
    }
}
