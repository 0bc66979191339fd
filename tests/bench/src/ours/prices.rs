//! The bench's two messages as a contract.

use crate::messages::{Basket, Line, Priced};

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
