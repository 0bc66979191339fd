//! The shop's mail: one confirmation for each order that was paid for.
//!
//! The contract is [`Mail`]; who calls it needs no more than that and builds this crate without its
//! default feature `service`. The actor is [`MailService`].
//!
//! ```text
//! service   whom a mail is for, and that it is sent
//! letter    what stands in a mail
//! post      how it gets away: into a folder, or to a mail server
//! ```

mod contract;
#[cfg(feature = "service")]
mod letter;
#[cfg(feature = "service")]
mod post;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
#[cfg(test)]
mod tests;

pub use self::contract::{Mail, MailClient, MailContract, MailError};
#[cfg(feature = "service")]
pub use self::service::{MailConfig, MailService};
