//! Accounts: registration, login, and who a token speaks for.

mod contract;
mod password;
mod service;
mod token;

pub use self::contract::*;
pub use self::service::{UserService, UsersConfig};
