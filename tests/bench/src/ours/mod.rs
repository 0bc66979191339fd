//! Seam's side: the bench's contract and service, written as any user writes them, and the apps
//! that carry them.

mod app;
mod load;
mod prices;

pub(crate) use self::app::{
    Ours, all_in_one, edge, free_addresses, ready, remote_client, remote_server,
};
pub(crate) use self::prices::{Exclusive, PricesClient, PricesContract, PricesService, Shared};
