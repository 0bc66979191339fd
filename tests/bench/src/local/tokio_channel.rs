//! A task with a bounded channel and a oneshot per call: the actor of tokio's own guide.

use tokio::sync::{mpsc, oneshot};

use super::job::Job;
use super::mailbox::MAILBOX;
use super::runtime::on_tokio;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

enum Command {
    Tiny(u64, oneshot::Sender<u64>),
    Price(Basket, oneshot::Sender<Priced>),
}

#[derive(Clone)]
struct Handle(mpsc::Sender<Command>);

impl Ask for Handle {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Command::Tiny(n, reply)).await?;
        Ok(answer.await?)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Command::Price(basket, reply)).await?;
        Ok(answer.await?)
    }
}

async fn actor(mut mailbox: mpsc::Receiver<Command>) {
    while let Some(command) = mailbox.recv().await {
        // A caller that went away doesn't matter to the actor.
        match command {
            Command::Tiny(n, reply) => drop(reply.send(answer_tiny(n))),
            Command::Price(basket, reply) => drop(reply.send(answer_price(&basket))),
        }
    }
}

pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    on_tokio(job, async || {
        let (handle, mailbox) = mpsc::channel(MAILBOX);
        tokio::spawn(actor(mailbox));
        Ok(Handle(handle))
    })
}
