//! How events get from who publishes them to who subscribes, with one effect each.
//!
//! ```text
//! topic          what a service publishes, typed
//! record         an event on its way, as it is kept
//! outbox         what a service's transactions have published, until it is in the service's log
//! mover          from there to the log
//! feed           the log, for who reads it in this process
//! command/       calls that are kept, and made until they have an outcome
//! saga/          a method that runs from the top after each crash, each of its steps once
//! schedule       methods that run by themselves
//! lease          who of several instances does all that
//! desk           a service's log and commands, while it is at work in this process
//! companion      what all that is asked over the wire
//! subscription/  from a log to the methods that subscribe
//! broker/        the same way by a broker, whichever it is
//! intake/        what becomes of the events of one stream: order per key, attempts, backoff
//! ```

pub mod broker;
pub mod command;
pub mod companion;
mod desk;
mod feed;
pub mod intake;
pub mod lease;
mod mover;
mod outbox;
mod record;
mod rows;
pub mod saga;
pub mod schedule;
pub mod subscription;
mod time;
mod topic;

pub use self::command::{Commands, Enqueue};
pub use self::desk::{AtWork, Desk};
pub use self::feed::{EventLog, Feed};
pub use self::mover::{MoveError, mover};
pub use self::outbox::Outbox;
pub use self::record::{MAX_BODY, Record};
pub use self::time::{Millis, millis, unix_millis};
pub use self::topic::{Publish, Topic};
