//! A kameo actor with a bounded mailbox.

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::job::Job;
use super::mailbox::{MAILBOX, Price, Tiny};
use super::runtime::on_tokio;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

#[derive(Debug, Actor)]
struct Prices;

impl Message<Tiny> for Prices {
    type Reply = u64;

    async fn handle(&mut self, Tiny(n): Tiny, _: &mut Context<Self, u64>) -> u64 {
        answer_tiny(n)
    }
}

impl Message<Price> for Prices {
    type Reply = Result<Priced, Infallible>;

    async fn handle(
        &mut self,
        Price(basket): Price,
        _: &mut Context<Self, Self::Reply>,
    ) -> Self::Reply {
        Ok(answer_price(&basket))
    }
}

#[derive(Clone)]
struct Handle(ActorRef<Prices>);

impl Ask for Handle {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(self.0.ask(Tiny(n)).await?)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(self.0.ask(Price(basket)).await?)
    }
}

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_tokio(job, async || {
        Ok(Handle(Prices::spawn_with_mailbox(Prices, mailbox::bounded(MAILBOX))))
    })
}
