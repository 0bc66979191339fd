//! Loyalty points for the shop's users.

mod contract;
mod service;

pub use contract::{Balance, Loyalty, LoyaltyClient, LoyaltyContract, LoyaltyError};
pub use service::{LoyaltyConfig, LoyaltyService};
