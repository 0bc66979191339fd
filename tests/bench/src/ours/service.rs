//! The service behind the contract: the handlers that every contender has.

use seam::prelude::*;

use super::prices::{Prices, PricesContract};
use crate::messages::{Basket, Line, Priced, answer_price, answer_tiny};

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
