//! The second major: answers say in which tier a user is.

mod contract;
mod service;

pub use contract::{Balance, Loyalty, LoyaltyClient, LoyaltyContract, Tier};
pub use service::LoyaltyService;
