//! An actix actor on the callers' arbiter, with asynchronous handlers.

use actix::{Actor, Context, Handler, ResponseFuture};

use super::actix_same::Handle;
use super::job::Job;
use super::mailbox::{MAILBOX, Price, Tiny};
use super::runtime::on_actix;
use crate::measure::Sample;
use crate::messages::{Priced, answer_price, answer_tiny};

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

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_actix(job, || Ok(Handle(Prices.start())))
}
