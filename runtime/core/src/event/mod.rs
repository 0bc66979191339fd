//! Events: what a service says has happened, for whoever wants to know.
//!
//! An event is a message of its publisher's contract crate, marked `#[seam::event]`, and named by the
//! contract that publishes it: `events(OrderPaid)`. It is kept by the names of its fields, so that a
//! release with another optional field reads what an older one wrote, and an older one passes over
//! what it doesn't know.

mod kept;
mod key;

pub use self::kept::{EventError, MAX_EVENT};
#[doc(hidden)]
pub use self::key::key_of;
use crate::codec::Message;

/// A message that says what has happened. Implement it with `#[seam::event]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    label = "not an event",
    note = "put `#[seam::event(topic = \"order.paid\", key = order_id)]` on the struct, in place of \
            `#[seam::message]`"
)]
pub trait Event: Message {
    /// What happened, in lower-case words with dots between them: `order.paid`. Who subscribes asks
    /// for it by this.
    const TOPIC: &'static str;
    /// Which of the topic's forms this is, from 1.
    const VERSION: u16;
    /// The field that [`key`](Self::key) is taken from, as JSON names it.
    const KEY: &'static str;
    /// Its doc comment.
    #[doc(hidden)]
    const DOC: &'static str = "";

    /// What the event is about, as a text: events of one key are handled in the order in which they
    /// were published. It is the field's JSON, a text without its quotes.
    fn key(&self) -> String;

    /// The event as it is kept and carried: a JSON object, in the names that the edge uses too.
    ///
    /// # Errors
    /// [`EventError::TooLarge`] and [`EventError::Unwritable`].
    fn to_kept(&self) -> Result<Vec<u8>, EventError> {
        kept::write(self)
    }

    /// Reads what [`to_kept`](Self::to_kept) wrote, in this release or another: an optional field may
    /// be missing, and fields that this release doesn't know are passed over.
    ///
    /// # Errors
    /// [`EventError::TooLarge`] and [`EventError::Malformed`].
    fn from_kept(bytes: &[u8]) -> Result<Self, EventError> {
        kept::read(bytes)
    }
}

/// Says that the contract `C` publishes this event. Implemented by `#[seam::contract]` for what its
/// `events(…)` names.
#[diagnostic::on_unimplemented(
    message = "`{C}` doesn't say that it publishes `{Self}`",
    label = "`{Self}` is missing in the contract's `events(…)`",
    note = "name it in the contract: `#[seam::contract(…, events({Self}))]`"
)]
pub trait PublishedBy<C>: Event {}

/// Whether an event of this topic and version is among those. Used by generated code, when a contract
/// is compiled.
#[doc(hidden)]
pub const fn is_among(topic: &str, version: u16, those: &[(&str, u16)]) -> bool {
    let mut at = 0;
    while at < those.len() {
        let (other, other_version) = those[at];
        if version == other_version && same(topic.as_bytes(), other.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_there_twice_only_in_one_version() {
        const THOSE: &[(&str, u16)] = &[("order.paid", 1), ("order.created", 2), ("", 1)];
        assert!(is_among("order.created", 2, THOSE) && is_among("", 1, THOSE));
        for (topic, version) in
            [("order.paid", 2), ("order.pai", 1), ("order.paid.", 1), ("order.paix", 1)]
        {
            assert!(!is_among(topic, version, THOSE), "{topic} {version}");
        }
        assert!(!is_among("order.paid", 1, &[]));
    }
}
