//! The actor and who may touch it: one of two modules that have `unsafe`, beside
//! [`super::turn_box`].
//!
//! The [`Gate`] decides who is in. A lock around the actor would never be waited for, and a counter
//! for whoever keeps the host alive would count what the gate counts: each costs a pair of locked
//! instructions per turn, a tenth of a short call, and more when several threads call one actor. So
//! here the gate is both:
//!
//! - The actor is in a cell, and nobody gets at it but by a [`Seat`], an [`Observer`] or
//!   [`ActorCell::replace`], each of which has entered the gate. An exclusive seat is in alone: no
//!   other seat, no observer, no keeper. Shared seats and the observer may be in together, and only
//!   read. The keeper is in alone, and only while the gate is shut.
//! - A seat points at its host. The [`HostBox`] is freed only when nobody is in; should somebody
//!   be in when its last owner goes, which no code of the runtime does, it is leaked.
//!
//! Seats and observers leave when they are dropped and not before, and what they lend is borrowed
//! from them. The gate's rule is tried in `gate.rs`, and under every meeting of threads in
//! `gate/models.rs`.

#![expect(unsafe_code, reason = "the gate is the lock and the counter, as told above")]

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::gate::{Gate, Pass, Refused};
use super::host::Inner;

/// The gate lets nobody in before there is an actor.
const EMPTY: &str = "a turn entered a service without an actor";

/// The actor, behind its gate.
pub(super) struct ActorCell<A> {
    gate: Gate,
    actor: UnsafeCell<Option<A>>,
}

// SAFETY: whoever gets at the actor has entered the gate. Shared seats and the observer lend `&A`,
// on any thread: `A: Sync`. An exclusive seat lends `&mut A`, and the keeper moves the actor in and
// out, on any thread: `A: Send`. Entering acquires what leaving releases.
unsafe impl<A: Send + Sync> Sync for ActorCell<A> {}

impl<A> ActorCell<A> {
    /// An empty cell whose gate is shut.
    pub(super) fn shut() -> Self {
        Self { gate: Gate::shut(), actor: UnsafeCell::new(None) }
    }

    /// Who is in.
    #[inline]
    pub(super) const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Puts `actor` in the place of what was there, which it returns; `Err` with `actor` if the
    /// gate is open or somebody is in.
    pub(super) fn replace(&self, actor: Option<A>) -> Result<Option<A>, Option<A>> {
        if !self.gate.enter_as_keeper() {
            return Err(actor);
        }
        // SAFETY: the keeper is in alone until it leaves, and no code of `A` runs meanwhile.
        let before = std::mem::replace(unsafe { &mut *self.actor.get() }, actor);
        self.gate.leave_as_keeper();
        Ok(before)
    }
}

/// What a host is, at one place until it is empty.
pub(super) struct HostBox<A: Send + Sync + 'static>(NonNull<Inner<A>>);

// SAFETY: it is a box: what it owns may be used and dropped on any thread.
unsafe impl<A: Send + Sync> Send for HostBox<A> where Inner<A>: Send + Sync {}
// SAFETY: as above.
unsafe impl<A: Send + Sync> Sync for HostBox<A> where Inner<A>: Send + Sync {}

impl<A: Send + Sync> HostBox<A> {
    pub(super) fn new(inner: Inner<A>) -> Self {
        Self(NonNull::from(Box::leak(Box::new(inner))))
    }
}

impl<A: Send + Sync> Deref for HostBox<A> {
    type Target = Inner<A>;

    #[inline]
    fn deref(&self) -> &Inner<A> {
        // SAFETY: from a box that only `drop` takes back.
        unsafe { self.0.as_ref() }
    }
}

impl<A: Send + Sync> Drop for HostBox<A> {
    fn drop(&mut self) {
        if self.cell.gate.is_empty() {
            // SAFETY: from a box, and taken back once. No seat points at it, for nobody is in; and
            // nobody can enter any more, for that takes a reference to this host.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

/// A turn's place: it has entered the gate, and leaves when this is dropped.
///
/// Generated code takes the actor from it, runs the method, and leaves.
pub struct Seat<A: Send + Sync + 'static> {
    /// Whose gate the seat has entered: never replaced, and valid until the seat has left.
    inner: NonNull<Inner<A>>,
    pass: Pass,
    done: bool,
}

// SAFETY: a seat is a reference to its host, which may be used on any thread; for the actor, see
// `ActorCell`.
unsafe impl<A: Send + Sync> Send for Seat<A> where Inner<A>: Send + Sync {}
// SAFETY: as above.
unsafe impl<A: Send + Sync> Sync for Seat<A> where Inner<A>: Send + Sync {}

impl<A: Send + Sync> Seat<A> {
    /// Enters past an empty line.
    #[inline(always)] // as the gate's: a seat that is moved is slow to read
    pub(super) fn enter(host: &HostBox<A>, exclusive: bool) -> Result<Self, Refused> {
        let pass = host.cell.gate.enter(exclusive, host.limits.mailbox())?;
        Ok(Self { inner: host.0, pass, done: false })
    }

    /// Enters from the head of the line; for the pump alone.
    pub(super) fn enter_from_line(host: &HostBox<A>, exclusive: bool) -> Option<Self> {
        let Some(pass) = host.cell.gate.enter_from_line(exclusive) else {
            if exclusive && host.cell.gate.is_observed() {
                host.signals.observed.notify_waiters();
            }
            return None;
        };
        Some(Self { inner: host.0, pass, done: false })
    }

    #[inline]
    const fn inner(&self) -> &Inner<A> {
        // SAFETY: the seat is in, so the host is there.
        unsafe { self.inner.as_ref() }
    }

    /// The actor, beside others.
    #[inline]
    pub fn shared(&self) -> &A {
        // SAFETY: the seat is in. If it is a shared one, so is every other; if not, it is alone,
        // and `self` isn't borrowed mutably.
        unsafe { &*self.inner().cell.actor.get() }.as_ref().expect(EMPTY)
    }

    /// The actor, alone.
    ///
    /// # Panics
    /// If the turn is a shared one.
    #[inline]
    pub fn exclusive(&mut self) -> &mut A {
        assert!(self.pass == Pass::Alone, "a shared turn asked for the actor alone");
        // SAFETY: an exclusive seat is in alone, and `self` is borrowed as long as the actor is.
        unsafe { &mut *self.inner().cell.actor.get() }.as_mut().expect(EMPTY)
    }

    /// The turn has ended well.
    #[inline]
    pub fn leave(&mut self) {
        self.done = true;
        let proved = &self.inner().proved;
        if !proved.load(Ordering::Relaxed) {
            proved.store(true, Ordering::Relaxed);
        }
    }

    /// The turn never began.
    pub(super) fn leave_unused(mut self) {
        self.done = true;
    }

    /// Leaves, and tells who may be waiting for that.
    #[cold]
    fn leave_noticed(&self) {
        // The host may be gone as soon as the seat has left.
        let signals = Arc::clone(&self.inner().signals);
        if let Some(left) = self.inner().cell.gate.leave(self.pass) {
            signals.turn_left(left);
        }
    }
}

impl<A: Send + Sync> Drop for Seat<A> {
    #[inline]
    fn drop(&mut self) {
        let gate = &self.inner().cell.gate;
        // An exclusive turn that panicked or was abandoned may have left anything behind.
        if self.pass == Pass::Alone && !self.done {
            self.inner().broken.store(true, Ordering::Relaxed);
            gate.shut_down();
        }
        if !gate.leave_unnoticed(self.pass) {
            self.leave_noticed();
        }
    }
}

impl<A: Send + Sync> fmt::Debug for Seat<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("pass", &self.pass).finish_non_exhaustive()
    }
}

/// Somebody who looks at the actor beside shared turns and takes no call's room, until dropped.
pub(super) struct Observer<'a, A: Send + Sync + 'static>(&'a Inner<A>);

impl<'a, A: Send + Sync> Observer<'a, A> {
    /// Enters, unless an exclusive turn or another observer is in.
    pub(super) fn enter(inner: &'a Inner<A>) -> Option<Self> {
        inner.cell.gate.enter_as_observer().then_some(Self(inner))
    }

    /// The actor, beside others.
    pub(super) fn shared(&self) -> &A {
        // SAFETY: the observer is in, and nobody is beside it but shared seats.
        unsafe { &*self.0.cell.actor.get() }.as_ref().expect(EMPTY)
    }
}

impl<A: Send + Sync> Drop for Observer<'_, A> {
    fn drop(&mut self) {
        if let Some(left) = self.0.cell.gate.leave_as_observer() {
            self.0.signals.turn_left(left);
        }
    }
}
