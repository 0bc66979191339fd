//! The contract's client as the bench's callers call it.

use super::prices::PricesClient;
use crate::measure::Ask;
use crate::messages::{Basket, Priced};

/// Calls in shared turns.
#[derive(Clone, Debug)]
pub(crate) struct Shared(pub(crate) PricesClient);

impl Ask for Shared {
    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(self.0.tiny(n).await?)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(self.0.price(basket).await?)
    }
}

/// Calls in exclusive turns.
#[derive(Clone, Debug)]
pub(crate) struct Exclusive(pub(crate) PricesClient);

impl Ask for Exclusive {
    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(self.0.tiny_exclusive(n).await?)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(self.0.price_exclusive(basket).await?)
    }
}
