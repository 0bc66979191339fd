//! The shop's orders.
//!
//! The contract is [`Order`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`OrderService`].
//!
//! ```text
//! service   one method after the other: what calls whom, and when what is written
//! basket    what can be ordered, and what it comes to
//! events    what others may observe
//! book      the tables, and the transactions over them
//! turnstile who holds an idempotency key right now
//! ```

#[cfg(feature = "service")]
mod basket;
#[cfg(feature = "service")]
mod book;
mod contract;
mod events;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
#[cfg(test)]
mod tests;
#[cfg(feature = "service")]
mod turnstile;

pub use payment::{Cents, OrderId};
pub use user::UserId;

pub use self::contract::{
    Order, OrderClient, OrderContract, OrderError, OrderPage, Placed, Product, Purchase, Status,
};
pub use self::events::{OrderCreated, OrderDeclined, OrderPaid, OrderRefunded};
#[cfg(feature = "service")]
pub use self::service::OrderService;
