//! A ractor actor, called with its `call` macro. Its mailbox knows no bound.

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, call};

use super::job::Job;
use super::runtime::on_tokio;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

struct Prices;

enum Command {
    Tiny(u64, RpcReplyPort<u64>),
    Price(Basket, RpcReplyPort<Priced>),
}

impl Actor for Prices {
    type Msg = Command;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Command>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Command>,
        command: Command,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match command {
            Command::Tiny(n, reply) => reply.send(answer_tiny(n))?,
            Command::Price(basket, reply) => reply.send(answer_price(&basket))?,
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Handle(ActorRef<Command>);

impl Ask for Handle {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(call!(self.0, Command::Tiny, n)?)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(call!(self.0, Command::Price, basket)?)
    }
}

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_tokio(job, async || Ok(Handle(Actor::spawn(None, Prices, ()).await?.0)))
}
