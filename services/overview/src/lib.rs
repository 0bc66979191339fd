//! What a user of the shop sees first: the account and the orders, asked of two services at once.
//!
//! The contract is [`Overview`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`OverviewService`].

mod contract;
#[cfg(feature = "service")]
mod service;
#[cfg(test)]
mod tests;

pub use self::contract::{Overview, OverviewClient, OverviewContract, OverviewError, UserOrders};
#[cfg(feature = "service")]
pub use self::service::OverviewService;
