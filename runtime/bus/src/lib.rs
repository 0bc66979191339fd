//! How events get from who publishes them to who subscribes, with one effect each.
//!
//! ```text
//! record    an event on its way, as it is kept
//! outbox    what a service's transactions have published, until it is in the service's log
//! mover     from there to the log
//! intake/   what becomes of the events of one subscription: order per key, attempts, backoff
//! ```

pub mod intake;
mod mover;
mod outbox;
mod record;

pub use self::mover::{MoveError, mover};
pub use self::outbox::Outbox;
pub use self::record::{MAX_BODY, Record};
