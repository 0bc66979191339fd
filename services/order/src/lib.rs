//! The shop's orders.
//!
//! The contract is [`Order`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`OrderService`].
//!
//! ```text
//! service   one method after the other: what calls whom, and when what is written
//! basket    what can be ordered, and what it comes to
//! book      the tables, and the transactions over them
//! turnstile who holds an idempotency key right now
//! ```

#[cfg(feature = "service")]
mod basket;
#[cfg(feature = "service")]
mod book;
mod contract;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
#[cfg(test)]
mod tests;
#[cfg(feature = "service")]
mod turnstile;

pub use self::contract::{
    Order, OrderClient, OrderContract, OrderError, OrderPage, Placed, Product, Purchase, Status,
};
#[cfg(feature = "service")]
pub use self::service::OrderService;
