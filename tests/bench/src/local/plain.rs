//! An async method, called: what a call costs when nothing is promised.

use std::sync::Arc;

use super::job::Job;
use super::runtime::on_tokio;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

/// Shared by all callers, as any service is.
#[derive(Clone, Debug)]
struct Plain(Arc<Prices>);

#[derive(Debug)]
struct Prices;

impl Prices {
    async fn tiny(&self, n: u64) -> u64 {
        answer_tiny(n)
    }

    async fn price(&self, basket: Basket) -> Priced {
        answer_price(&basket)
    }
}

impl Ask for Plain {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(self.0.tiny(n).await)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(self.0.price(basket).await)
    }
}

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_tokio(job, async || Ok(Plain(Arc::new(Prices))))
}
