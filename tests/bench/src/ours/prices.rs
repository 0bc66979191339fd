//! The bench's two messages as a service.

use seam::prelude::*;

use crate::measure::Ask;
use crate::messages::{Basket, Line, Priced, answer_price, answer_tiny};

/// Answers the bench's messages: in shared turns, in exclusive ones, and at the edge.
#[seam::contract(name = "prices", version = "1.0")]
pub(crate) trait Prices {
    async fn tiny(&self, n: u64) -> u64;
    async fn price(&self, basket: Basket) -> Priced;
    async fn tiny_exclusive(&mut self, n: u64) -> u64;
    async fn price_exclusive(&mut self, basket: Basket) -> Priced;
    #[call(http = "POST /price")]
    async fn price_at_the_edge(&self, id: u64, customer: String, lines: Vec<Line>) -> Priced;
}

/// A service without state.
#[derive(Debug)]
pub(crate) struct PricesService;

impl Actor for PricesService {
    type Contract = PricesContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Prices for PricesService {
    async fn tiny(&self, n: u64) -> u64 {
        answer_tiny(n)
    }

    async fn price(&self, basket: Basket) -> Priced {
        answer_price(&basket)
    }

    async fn tiny_exclusive(&mut self, n: u64) -> u64 {
        answer_tiny(n)
    }

    async fn price_exclusive(&mut self, basket: Basket) -> Priced {
        answer_price(&basket)
    }

    async fn price_at_the_edge(&self, id: u64, customer: String, lines: Vec<Line>) -> Priced {
        answer_price(&Basket { id, customer, lines })
    }
}

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
