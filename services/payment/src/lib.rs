//! The shop's payments: money in, receipts out.
//!
//! The contract is [`Payment`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`PaymentService`].

mod contract;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
#[cfg(test)]
mod tests;

pub use self::contract::{
    Cents, Charge, Charges, OrderId, Payment, PaymentClient, PaymentContract, PaymentError, Receipt,
};
#[cfg(feature = "service")]
pub use self::service::{PaymentConfig, PaymentService};
