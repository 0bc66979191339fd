//! An actix actor on the callers' arbiter, with asynchronous handlers.

use actix::{Actor, Addr, Context, Handler, ResponseFuture};

use super::job::Job;
use super::mailbox::{MAILBOX, Price, Tiny};
use super::runtime::on_actix;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

#[derive(Debug)]
struct Prices;

impl Actor for Prices {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Tiny> for Prices {
    type Result = ResponseFuture<u64>;

    fn handle(&mut self, Tiny(n): Tiny, _: &mut Self::Context) -> Self::Result {
        Box::pin(async move { answer_tiny(n) })
    }
}

impl Handler<Price> for Prices {
    type Result = ResponseFuture<Priced>;

    fn handle(&mut self, Price(basket): Price, _: &mut Self::Context) -> Self::Result {
        Box::pin(async move { answer_price(&basket) })
    }
}

#[derive(Clone, Debug)]
struct Handle(Addr<Prices>);

impl Ask for Handle {
    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(self.0.send(Tiny(n)).await?)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(self.0.send(Price(basket)).await?)
    }
}

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_actix(job, || Ok(Handle(Prices.start())))
}
