//! `Arc<dyn Trait>` with boxed futures: what a replaceable service costs without an actor.

use std::hint::black_box;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::job::Job;
use super::runtime::on_tokio;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

trait Prices: Send + Sync {
    fn tiny(&self, n: u64) -> BoxFuture<'_, u64>;
    fn price(&self, basket: Basket) -> BoxFuture<'_, Priced>;
}

struct Service;

impl Prices for Service {
    fn tiny(&self, n: u64) -> BoxFuture<'_, u64> {
        Box::pin(async move { answer_tiny(n) })
    }

    fn price(&self, basket: Basket) -> BoxFuture<'_, Priced> {
        Box::pin(async move { answer_price(&basket) })
    }
}

#[derive(Clone)]
struct Dyn(Arc<dyn Prices>);

impl Ask for Dyn {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(self.0.tiny(n).await)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(self.0.price(basket).await)
    }
}

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_tokio(job, async || {
        // Opaque, or the compiler sees through the only implementation.
        let service: Arc<dyn Prices> = black_box(Arc::new(Service));
        Ok(Dyn(service))
    })
}
