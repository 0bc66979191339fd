//! The place that a turn has with its actor, from the moment it may begin.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::{RwLockReadGuard, RwLockWriteGuard};

use super::host::Inner;

/// A turn's place: it has entered the gate, and leaves when this is dropped.
///
/// Generated code takes one of the two guards from it, runs the method, and leaves.
pub struct Seat<A: Send + Sync + 'static> {
    inner: Arc<Inner<A>>,
    exclusive: bool,
    done: bool,
}

impl<A: Send + Sync> Seat<A> {
    /// For a turn that has entered the gate.
    pub(super) const fn new(inner: Arc<Inner<A>>, exclusive: bool) -> Self {
        Self { inner, exclusive, done: false }
    }

    /// The actor, alone.
    pub fn exclusive(&self) -> Alone<'_, A> {
        Alone(self.inner.actor.write())
    }

    /// The actor, beside others.
    pub fn shared(&self) -> Beside<'_, A> {
        Beside::of(&self.inner)
    }

    /// The turn has ended well.
    #[inline]
    pub fn leave(&mut self) {
        self.done = true;
        if !self.inner.proved.load(Ordering::Relaxed) {
            self.inner.proved.store(true, Ordering::Relaxed);
        }
    }

    /// The turn never began.
    pub(super) fn leave_unused(mut self) {
        self.done = true;
    }
}

impl<A: Send + Sync> Drop for Seat<A> {
    #[inline]
    fn drop(&mut self) {
        // An exclusive turn that panicked or was abandoned may have left anything behind.
        if self.exclusive && !self.done {
            self.inner.gate.shut_down();
        }
        if let Some(left) = self.inner.gate.leave(self.exclusive) {
            self.inner.turn_left(left);
        }
    }
}

impl<A: Send + Sync> fmt::Debug for Seat<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("exclusive", &self.exclusive).finish_non_exhaustive()
    }
}

/// The gate lets nobody in before there is an actor.
const EMPTY: &str = "a turn entered a service without an actor";

/// The actor in an exclusive turn. Held while the turn waits: nobody waits for it, for the gate
/// decides who is in.
#[derive(Debug)]
pub struct Alone<'a, A>(RwLockWriteGuard<'a, Option<A>>);

impl<A> Deref for Alone<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        self.0.as_ref().expect(EMPTY)
    }
}

impl<A> DerefMut for Alone<'_, A> {
    fn deref_mut(&mut self) -> &mut A {
        self.0.as_mut().expect(EMPTY)
    }
}

/// The actor in a shared turn.
#[derive(Debug)]
pub struct Beside<'a, A>(RwLockReadGuard<'a, Option<A>>);

impl<'a, A: Send + Sync> Beside<'a, A> {
    /// For whoever has entered the gate, beside others.
    pub(super) fn of(inner: &'a Inner<A>) -> Self {
        Self(inner.actor.read())
    }
}

impl<A> Deref for Beside<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        self.0.as_ref().expect(EMPTY)
    }
}
