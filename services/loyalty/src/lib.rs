//! Loyalty points for the shop's users.

mod contract;
pub mod next;
mod service;

pub use contract::{Balance, Loyalty, LoyaltyClient, LoyaltyContract, LoyaltyError};
pub use service::{LoyaltyConfig, LoyaltyService};
