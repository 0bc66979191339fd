//! RabbitMQ, for what it does in an app: it carries events, and calls by queues.
//!
//! ```text
//! connection   one per process, made anew whenever it is lost
//! events/      from publishers to the exchange `events`, and from the queues of subscribers
//! rpc/         calls by queues, made and served
//! ```

mod connection;
mod events;
mod rpc;

pub use self::connection::Rabbit;
pub use self::events::Events;
pub use self::rpc::{Asking, ByQueue, Replied, Served, Unanswered, queue, serve};
