//! One try of a call: its message, and how far it has come.
//!
//! | the try | its message |
//! | --- | --- |
//! | isn't begun, or waits for its turn in line | is kept |
//! | was refused: by admission, by a full mailbox, in line, or by whoever was to carry it | is kept |
//! | was sent | is kept until its reply: whoever loses it gives the message back |
//! | was answered from elsewhere, with an answer or an error of the service | is gone |
//! | began its turn in this process | is gone: the turn has it |
//!
//! So every call that wasn't executed still has its message, and a call whose [`Attempt::message`] is
//! there may be [`Stage::New`] again: see [`again`](super::again).

use std::pin::Pin;

use super::future::Waits;
use crate::contract::Method;
use crate::turn::Held;

/// One try of a call.
// The message stands first: a call is moved to where it is awaited, and what was just written is
// quick to read only in the same pieces.
#[repr(C)]
pub(super) struct Attempt<M: Method> {
    /// Taken by the turn, if it begins in this process.
    pub(super) message: Held<M>,
    pub(super) stage: Stage<M>,
}

/// How far a try has come.
pub(super) enum Stage<M: Method> {
    /// It wasn't polled yet.
    New,
    /// Its first poll wasn't the last.
    Waits(Waits<M>),
    /// It failed, and the next one isn't due yet.
    Pauses(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// It has come to its outcome.
    Over,
}

impl<M: Method> Attempt<M> {
    #[inline]
    pub(super) const fn new(message: M) -> Self {
        Self { message: Held::Here(message), stage: Stage::New }
    }

    /// The message, unless a turn has it or had it.
    pub(super) const fn message(&self) -> Option<&M> {
        match &self.message {
            Held::Here(message) => Some(message),
            Held::Taken => None,
        }
    }
}
