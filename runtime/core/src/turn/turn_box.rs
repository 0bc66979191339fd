//! Where a turn's future lies until its end: in a block that its thread keeps for turns, or in a
//! box if it is too big for one. One of two modules that have `unsafe`, beside [`super::seat`].
//!
//! A [`TurnBox`] is a `Pin<Box<R>>` whose memory comes from elsewhere: it owns its future, which
//! stays where it was made, is dropped with it, on whichever thread that is, and is gone before its
//! memory is used again. A box with an allocator of its own would be the same; the language has
//! none yet. Without `unsafe`, a thread can keep a box per method and have it fill itself anew; but
//! that takes a table of types, and two calls through it per turn, for what is ten instructions
//! here.

#![expect(unsafe_code, reason = "an owning pointer, as told above")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::ptr::NonNull;

use super::blocks::{self, ALIGN, Bytes, KEPT_LARGE, KEPT_SMALL, LARGE, SMALL};

/// A future in its place, pinned and owned.
pub(super) struct TurnBox<R> {
    /// Holds an `R` from the beginning to the end, and nobody else points there.
    place: Place<R>,
    owns: PhantomData<R>,
}

// SAFETY: it owns its `R`, and nobody else points there. The memory itself may be given back on any
// thread.
unsafe impl<R: Send> Send for TurnBox<R> {}

// Its future isn't within it.
impl<R> Unpin for TurnBox<R> {}

impl<R> TurnBox<R> {
    /// Makes a future in its place: moved there, it would be copied whole, with all the room that
    /// it keeps for later.
    #[inline]
    pub(super) fn new(make: impl FnOnce() -> R) -> Self {
        let place = Place::take();
        // SAFETY: the place is as big as an `R`, aligned as one, and nobody else's.
        unsafe { place.0.write(make()) };
        Self { place, owns: PhantomData }
    }

    /// The future, to be polled.
    #[inline]
    pub(super) const fn as_mut(&mut self) -> Pin<&mut R> {
        // SAFETY: the place holds an `R`, borrowed as long as `self` is. It stays there until it is
        // dropped: nothing here moves it, nor lends it but pinned.
        unsafe { Pin::new_unchecked(self.place.0.as_mut()) }
    }
}

impl<R> Drop for TurnBox<R> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the place holds an `R`, which nobody will use again. The place itself is given
        // back after that, even if this panics.
        unsafe { self.place.0.drop_in_place() };
    }
}

/// The memory of an `R`, whether or not there is one in it; given back when this is dropped.
struct Place<R>(NonNull<R>);

/// Where the memory of a type comes from.
enum Source {
    Small,
    Large,
    Box,
}

impl<R> Place<R> {
    const SOURCE: Source = match size_of::<R>() {
        _ if align_of::<R>() > ALIGN => Source::Box,
        size if size <= SMALL => Source::Small,
        size if size <= LARGE => Source::Large,
        _ => Source::Box,
    };

    #[inline]
    fn take() -> Self {
        Self(match Self::SOURCE {
            Source::Small => NonNull::from(Box::leak(blocks::take(&KEPT_SMALL))).cast(),
            Source::Large => NonNull::from(Box::leak(blocks::take(&KEPT_LARGE))).cast(),
            Source::Box => NonNull::from(Box::leak(Box::<R>::new_uninit())).cast(),
        })
    }

    /// The box that the place was made of.
    ///
    /// # Safety
    /// `B` is what the box held, and the place isn't used again.
    #[inline]
    unsafe fn back<B>(&self) -> Box<MaybeUninit<B>> {
        // SAFETY: from a leaked box of that type, as the caller knows; uninitialised memory may be
        // boxed.
        unsafe { Box::from_raw(self.0.cast().as_ptr()) }
    }
}

impl<R> Drop for Place<R> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: what `take` took for this type, and the place ends here.
        unsafe {
            match Self::SOURCE {
                Source::Small => blocks::give(&KEPT_SMALL, self.back::<Bytes<SMALL>>()),
                Source::Large => blocks::give(&KEPT_LARGE, self.back::<Bytes<LARGE>>()),
                Source::Box => drop(self.back::<R>()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
