//! Events by the topic exchange `events`.
//!
//! ```text
//! message   an event as the broker has it, which others read too
//! outflow   from a publisher to the exchange
//! queue     a subscriber's queue, and who takes from it
//! unsettled which of its messages aren't settled yet
//! ```

mod message;
mod outflow;
mod queue;
mod unsettled;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, ExchangeKind};
use seam_bus::broker::{Anew, Broker, Inflow, Outflow};
use seam_bus::subscription::Stream;

use self::outflow::Publishing;
use self::queue::Queue;
use crate::connection::{Away, Rabbit, answered};

/// The exchange that all events of an app go through.
const EXCHANGE: &str = "events";

/// Carries events by RabbitMQ.
#[derive(Debug, Clone)]
pub struct Events(Rabbit);

impl Events {
    /// By that broker.
    pub const fn new(rabbit: Rabbit) -> Self {
        Self(rabbit)
    }
}

impl Broker for Events {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn outflow(&self, publisher: &str) -> Box<dyn Outflow> {
        Box::new(Publishing::new(self.0.clone(), publisher))
    }

    fn inflows(&self, subscriber: &str, streams: &[Stream], anew: Anew) -> Vec<Arc<dyn Inflow>> {
        Queue::inflows(&self.0, subscriber, streams, anew)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.close())
    }
}

async fn declare_exchange(channel: &Channel) -> Result<(), Away> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let topic = ExchangeKind::Topic;
    answered(channel.exchange_declare(EXCHANGE.into(), topic, durable, FieldTable::default())).await
}
