//! An actix actor on the callers' arbiter, with synchronous handlers.

use actix::{Actor, Addr, Context, Handler, MailboxError, Message, MessageResult};

use super::job::Job;
use super::mailbox::{MAILBOX, Price, Tiny};
use super::runtime::on_actix;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

impl Message for Tiny {
    type Result = u64;
}

impl Message for Price {
    type Result = Priced;
}

/// The actor; `actix-other` has the same one on an arbiter of its own.
#[derive(Debug)]
pub(crate) struct Prices;

impl Actor for Prices {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Tiny> for Prices {
    type Result = u64;

    fn handle(&mut self, Tiny(n): Tiny, _: &mut Self::Context) -> u64 {
        answer_tiny(n)
    }
}

impl Handler<Price> for Prices {
    type Result = MessageResult<Price>;

    fn handle(&mut self, Price(basket): Price, _: &mut Self::Context) -> Self::Result {
        MessageResult(answer_price(&basket))
    }
}

/// An actor's address, whichever arbiter it lives on.
#[derive(Debug)]
pub(crate) struct Handle<A: Actor>(pub(crate) Addr<A>);

impl<A: Actor> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A> Ask for Handle<A>
where
    A: Actor<Context = Context<A>> + Handler<Tiny> + Handler<Price>,
{
    type Error = MailboxError;

    fn tiny(&self, n: u64) -> impl Future<Output = Result<u64, MailboxError>> + Send {
        self.0.send(Tiny(n))
    }

    fn price(&self, basket: Basket) -> impl Future<Output = Result<Priced, MailboxError>> + Send {
        self.0.send(Price(basket))
    }
}

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_actix(job, || Ok(Handle(Prices.start())))
}
