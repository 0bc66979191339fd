//! The shop's users.
//!
//! The contract is [`User`]; who calls it needs no more than that and builds this crate without its
//! default feature `service`. The actor is [`UserService`].

mod contract;
#[cfg(feature = "service")]
mod email;
#[cfg(feature = "service")]
mod password;
#[cfg(feature = "service")]
mod service;

pub use self::contract::{Account, User, UserClient, UserContract, UserCreated, UserError, UserId};
#[cfg(feature = "service")]
pub use self::service::UserService;
