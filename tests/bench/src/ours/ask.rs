//! The contract's client as the bench's callers call it. Several benches do: functions that are
//! generic enough to be made anew, and inlined, in each, as those of peers are that have one user.

use std::future::Future;

use futures_util::TryFutureExt;

use super::prices::PricesClient;
use crate::measure::Ask;
use crate::messages::{Basket, Priced};

/// Calls in shared turns.
#[derive(Clone, Debug)]
pub(crate) struct Shared(pub(crate) PricesClient);

impl Ask for Shared {
    fn tiny(&self, n: u64) -> impl Future<Output = anyhow::Result<u64>> + Send {
        self.0.tiny(n).map_err(anyhow::Error::from)
    }

    fn price(&self, basket: Basket) -> impl Future<Output = anyhow::Result<Priced>> + Send {
        self.0.price(basket).map_err(anyhow::Error::from)
    }
}

/// Calls in exclusive turns.
#[derive(Clone, Debug)]
pub(crate) struct Exclusive(pub(crate) PricesClient);

impl Ask for Exclusive {
    fn tiny(&self, n: u64) -> impl Future<Output = anyhow::Result<u64>> + Send {
        self.0.tiny_exclusive(n).map_err(anyhow::Error::from)
    }

    fn price(&self, basket: Basket) -> impl Future<Output = anyhow::Result<Priced>> + Send {
        self.0.price_exclusive(basket).map_err(anyhow::Error::from)
    }
}
