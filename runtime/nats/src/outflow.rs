//! From a publisher to the stream.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::traits::Publisher;
use async_nats::jetstream::message::PublishMessage;
use futures_util::future::BoxFuture;
use seam_bus::Record;
use seam_bus::broker::{Latest, Outflow};
use seam_bus::intake::Position;
use seam_bus::subscription::SourceError;

use crate::connection::{Nats, away};
use crate::message;

/// The events of one publisher on their way to the stream. The server tells by their ids those that it
/// was sent before; those that were lost on the way come after others then, which subscribers see to.
pub(crate) struct Publishing {
    nats: Nats,
    publisher: String,
    context: Option<Context>,
}

impl Publishing {
    pub(crate) fn new(nats: Nats, publisher: &str) -> Self {
        Self { nats, publisher: publisher.to_owned(), context: None }
    }

    async fn publish(&mut self, events: &[(Position, Record)]) -> Result<(), SourceError> {
        let context = match &self.context {
            Some(context) => context.clone(),
            None => {
                let context = self.nats.context().await?;
                self.nats.stream(&context).await?;
                self.context = Some(context.clone());
                context
            }
        };
        // What is sent without a connection is sent who knows when.
        self.nats.client().await?;
        let mut sent = Vec::with_capacity(events.len());
        for (position, event) in events {
            let subject = self.nats.subject(&self.publisher, &event.topic);
            let headers = message::headers(&self.publisher, *position, event);
            let message = PublishMessage::build()
                .headers(headers)
                .payload(event.body.to_vec().into())
                .outbound_message(subject);
            sent.push(context.publish_message(message).await.map_err(away)?);
        }
        for kept in sent {
            kept.await.map_err(away)?;
        }
        Ok(())
    }
}

impl Outflow for Publishing {
    fn send<'a>(
        &'a mut self,
        events: &'a [(Position, Record)],
        _: &'a Latest,
    ) -> BoxFuture<'a, Result<(), SourceError>> {
        // The stream has all topics, so that each event follows the one before it.
        Box::pin(self.publish(events))
    }
}
