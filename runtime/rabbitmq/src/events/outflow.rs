//! From a publisher to the exchange.

use futures_util::future::{BoxFuture, try_join_all};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation};
use seam_bus::Record;
use seam_bus::broker::{Latest, Outflow};
use seam_bus::intake::Position;
use seam_bus::subscription::SourceError;

use super::{EXCHANGE, declare_exchange, message};
use crate::connection::{Away, Rabbit, answered};

/// The events of one publisher on their way to the exchange, on a channel of their own: the broker takes
/// them in the order in which they are sent there.
pub(super) struct Publishing {
    rabbit: Rabbit,
    publisher: String,
    channel: Option<Channel>,
}

impl Publishing {
    pub(super) fn new(rabbit: Rabbit, publisher: &str) -> Self {
        Self { rabbit, publisher: publisher.to_owned(), channel: None }
    }

    async fn channel(&mut self) -> Result<Channel, Away> {
        if let Some(channel) = &self.channel {
            return Ok(channel.clone());
        }
        let channel = self.rabbit.channel().await?;
        answered(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        declare_exchange(&channel).await?;
        self.channel = Some(channel.clone());
        Ok(channel)
    }

    async fn publish(
        &mut self,
        events: &[(Position, Record)],
        mut latest: Latest,
    ) -> Result<(), Away> {
        let channel = self.channel().await?;
        // One after the other they would each wait until the one before is written.
        let sent = events.iter().map(|(position, event)| {
            let (app, publisher) = (self.rabbit.app(), &self.publisher);
            let properties = message::properties(app, publisher, *position, event, &latest);
            latest.came(&event.topic, *position);
            let (topic, options) = (event.topic.as_str().into(), BasicPublishOptions::default());
            channel.basic_publish(EXCHANGE.into(), topic, options, &event.body, properties)
        });
        let confirms = answered(try_join_all(sent)).await?;
        let kept = answered(try_join_all(confirms)).await?;
        match kept.into_iter().find(|kept| !matches!(kept, Confirmation::Ack(_))) {
            None => Ok(()),
            Some(other) => Err(Away(format!("RabbitMQ doesn't keep an event: {other:?}"))),
        }
    }
}

impl Outflow for Publishing {
    fn send<'a>(
        &'a mut self,
        events: &'a [(Position, Record)],
        latest: &'a Latest,
    ) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move { Ok(self.publish(events, latest.clone()).await?) })
    }
}
