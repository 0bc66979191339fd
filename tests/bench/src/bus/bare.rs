//! Brokers by their own clients alone.

use std::sync::Arc;

use super::carry::{Which, body};
use super::writers::write;
use crate::measure::Window;
use async_nats::jetstream;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
};

/// A message that outlives the broker.
const PERSISTENT: u8 = 2;

/// So many writers, each of which waits for the broker's word before its next message.
pub(super) async fn publish(
    which: Which,
    url: &str,
    writers: u64,
    window: &Arc<Window>,
) -> anyhow::Result<()> {
    // No message of another run has the same.
    let run = fastrand::u32(..);
    let id = move |order: u64| format!("{run}:{order}");
    match which {
        Which::Nats => {
            let context = jetstream::new(async_nats::connect(url).await?);
            let config = jetstream::stream::Config {
                name: "bare".into(),
                subjects: vec!["bare.>".into()],
                ..jetstream::stream::Config::default()
            };
            context.get_or_create_stream(config).await?;
            write(writers, window, move |order| {
                let (context, id, body) = (context.clone(), id(order), body(order));
                async move {
                    let mut headers = async_nats::HeaderMap::new();
                    headers.insert("Nats-Msg-Id", id);
                    let subject = "bare.desk.placed";
                    let sent =
                        context.publish_with_headers(subject, headers, body.into_bytes().into());
                    sent.await?.await?;
                    Ok::<_, anyhow::Error>(())
                }
            })
            .await
        }
        Which::RabbitMq => {
            let connection = Connection::connect(url, ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            let durable =
                ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
            let (topic, nothing) = (ExchangeKind::Topic, FieldTable::default());
            channel.exchange_declare("events".into(), topic, durable, nothing).await?;
            write(writers, window, move |order| rabbit(channel.clone(), id(order), body(order)))
                .await
        }
    }
}

async fn rabbit(channel: Channel, id: String, body: String) -> anyhow::Result<()> {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(id.into());
    let (options, topic) = (BasicPublishOptions::default(), "desk.placed".into());
    let sent = channel.basic_publish("events".into(), topic, options, body.as_bytes(), properties);
    match sent.await?.await? {
        Confirmation::Ack(_) => Ok(()),
        other => anyhow::bail!("not taken: {other:?}"),
    }
}
