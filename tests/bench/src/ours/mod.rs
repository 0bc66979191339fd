//! Seam's side: the bench's contract and service, written as any user writes them, and the apps
//! that carry them.

mod app;
mod ask;
mod naps;
mod prices;
mod service;

pub(crate) use self::app::{
    Ours, THREADS, all_in_one, bare, both_ends, edge, free_addresses, ready, remote_client,
    remote_server,
};
pub(crate) use self::ask::{Exclusive, NoAnswer, Shared};
pub(crate) use self::naps::NapsClient;
pub(crate) use self::prices::{PricesClient, PricesContract};
pub(crate) use self::service::PricesService;
