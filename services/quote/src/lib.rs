//! The shop's prices.
//!
//! The contract is [`Quote`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`QuoteService`].

mod contract;
#[cfg(feature = "service")]
mod service;

pub use self::contract::{Cents, Line, Quote, QuoteClient, QuoteContract, full_price};
#[cfg(feature = "service")]
pub use self::service::QuoteService;
