//! RabbitMQ, for what it does in an app: it carries events, and calls by queues.
//!
//! ```text
//! connection   one per process, made anew whenever it is lost
//! events/      from publishers to the exchange `events`, and from the queues of subscribers
//! ```

mod connection;
mod events;

pub use self::connection::Rabbit;
pub use self::events::Events;
