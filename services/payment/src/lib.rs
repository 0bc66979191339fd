//! The shop's payments: money in, receipts out.
//!
//! The contract is [`Payment`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`PaymentService`].

mod contract;
#[cfg(feature = "service")]
mod service;

pub use self::contract::{
    Cents, OrderId, Payment, PaymentClient, PaymentContract, PaymentError, Receipt, Receipts,
};
#[cfg(feature = "service")]
pub use self::service::{PaymentConfig, PaymentService};
