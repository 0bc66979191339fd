//! What services push to clients: kept for a while by the unit in which it was pushed, and heard by
//! every edge to which somebody is connected.
//!
//! An edge asks, and a unit answers once it has something to say: so who pushes waits for nobody, and
//! needs to know nobody; and an edge that was away, or is new, hears what it has missed.

mod ask;
mod hearing;
mod hub;

use std::fmt;

use seam_core::event::{Event, EventError};

pub(super) use self::ask::{PushInlet, contract, service};
pub(super) use self::hearing::Hearing;
pub(super) use self::hub::Hub;

/// The most that one event takes as JSON, in bytes: 16 KiB.
const LARGEST: usize = 16 << 10;

/// Why an event isn't pushed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// It takes so many bytes as JSON, and its subject with it.
    #[error("the event takes {0} bytes, and {LARGEST} is the most: push where the rest is found")]
    TooLarge(usize),
    /// JSON can't say it.
    #[error("JSON can't say the event: {0}")]
    Unwritable(String),
    /// Nobody here has clients.
    #[error(
        "nothing can be pushed from here: it takes a turn of a service that runs in a unit, or a \
         task that such a turn has spawned"
    )]
    NoUnit,
}

/// Sends an event to the clients of a subject: to all that are connected to `GET /push` as this
/// principal, at whichever edge of the app. They see its topic as the event's name, and its fields as
/// JSON, as they are at the edge.
///
/// Nothing is waited for, and nothing is written down: who is connected hears it once, within
/// milliseconds, and who has lost the connection hears it on coming back, as long as it is among the
/// last 1,000 and its process lives. What must not be lost is an event of a
/// [topic](crate::Topic), or a row; push says that there is something new.
///
/// ```
/// # use seam::event;
/// /// An order was paid for.
/// #[seam::event(topic = "order.paid", key = order_id)]
/// struct OrderPaid {
///     /// The order.
///     order_id: u64,
/// }
///
/// # fn paid() -> Result<(), seam::PushError> {
/// // In a turn.
/// seam::push("42", &OrderPaid { order_id: 7 })?;
/// # Ok(())
/// # }
/// # assert_eq!(paid(), Err(seam::PushError::NoUnit));
/// ```
///
/// # Errors
/// [`PushError`], if it isn't sent to anybody.
pub fn push<E: Event>(subject: impl fmt::Display, event: &E) -> Result<(), PushError> {
    let json = event.to_kept().map_err(|error| match error {
        EventError::TooLarge(size) => PushError::TooLarge(size),
        error => PushError::Unwritable(error.to_string()),
    })?;
    let subject = subject.to_string();
    let size = json.len() + subject.len();
    if size > LARGEST {
        return Err(PushError::TooLarge(size));
    }
    Hub::here().ok_or(PushError::NoUnit)?.push(&subject, E::TOPIC, json);
    Ok(())
}
