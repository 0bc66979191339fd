//! What became of each order of the shop: a read model, made of events alone.
//!
//! The contract is [`History`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`HistoryService`].
//!
//! ```text
//! service   which event says what, and the pages
//! chronicle the table, and how what an event says becomes part of it
//! ```

#[cfg(feature = "service")]
mod chronicle;
mod contract;
#[cfg(feature = "service")]
mod service;

pub use self::contract::{
    History, HistoryClient, HistoryContract, HistoryError, HistoryPage, HistoryStatus, PastOrder,
};
#[cfg(feature = "service")]
pub use self::service::HistoryService;
