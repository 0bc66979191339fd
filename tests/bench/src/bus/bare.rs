//! Brokers by their own clients alone.

use std::sync::Arc;

use async_nats::jetstream;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
};
use quanta::Instant;

use super::carry::{Which, body};
use crate::measure::Window;

/// A message that outlives the broker.
const PERSISTENT: u8 = 2;

/// So many writers, each of which waits for the broker's word before its next message.
pub(super) async fn publish(
    which: Which,
    url: &str,
    writers: usize,
    window: &Arc<Window>,
) -> anyhow::Result<()> {
    match which {
        Which::Nats => {
            let context = jetstream::new(async_nats::connect(url).await?);
            let config = jetstream::stream::Config {
                name: "bare".into(),
                subjects: vec!["bare.>".into()],
                ..jetstream::stream::Config::default()
            };
            context.get_or_create_stream(config).await?;
            write(writers, window, move |id, body| {
                let context = context.clone();
                async move {
                    let mut headers = async_nats::HeaderMap::new();
                    headers.insert("Nats-Msg-Id", id);
                    let subject = "bare.desk.placed";
                    let sent =
                        context.publish_with_headers(subject, headers, body.into_bytes().into());
                    sent.await?.await?;
                    Ok(())
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
            write(writers, window, move |id, body| rabbit(channel.clone(), id, body)).await
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

async fn write<F>(
    writers: usize,
    window: &Arc<Window>,
    send: impl Fn(String, String) -> F + Clone + Send + 'static,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let run = fastrand::u32(..);
    let writer = |number: usize| {
        let (send, window) = (send.clone(), Arc::clone(window));
        tokio::spawn(async move {
            let (mut order, mut calls) = ((number as u64) << 32, 0);
            while !window.is_closed() {
                let (open, start) = (window.is_open(), Instant::now());
                if let Err(why) = send(format!("{run}:{order}"), body(order)).await {
                    window.fail(why);
                    break;
                }
                if open {
                    window.record(start.elapsed());
                    calls += 1;
                }
                order += 1;
            }
            window.count(calls);
        })
    };
    for ended in (0..writers).map(writer).collect::<Vec<_>>() {
        ended.await?;
    }
    Ok(())
}
