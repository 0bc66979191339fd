//! From the stream to a subscriber, by a durable consumer for each publisher.

use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::pull::{Config, Stream as Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use seam_bus::broker::{Anew, Came, Inflow};
use seam_bus::intake::Position;
use seam_bus::subscription::{SourceError, Stream};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::{Nats, PATIENCE, away};
use crate::message;
use crate::order::Order;

/// So many messages the server hands over at most that aren't settled.
const AHEAD: i64 = 4_096;
/// So many it hands over at once.
const AT_ONCE: usize = 512;
/// After so long it hands over once more what isn't settled.
const UNSETTLED: Duration = Duration::from_secs(5);
/// So often it shows that it is there while there is nothing.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// So long events wait for those before them, which their publisher sends once more.
const OVERTAKEN: Duration = Duration::from_secs(3);

/// What one subscriber takes of one publisher.
pub(crate) struct Consumed {
    nats: Nats,
    /// The consumer's name.
    name: String,
    publisher: String,
    anew: Anew,
    home: Handle,
    messages: tokio::sync::Mutex<Option<Messages>>,
    order: parking_lot::Mutex<Order>,
}

impl Consumed {
    pub(crate) fn new(nats: Nats, stream: &Stream, anew: Anew, home: Handle) -> Self {
        Self {
            nats,
            name: format!("{}-{}", stream.subscriber, stream.publisher),
            publisher: stream.publisher.clone(),
            anew,
            home,
            messages: tokio::sync::Mutex::default(),
            order: parking_lot::Mutex::default(),
        }
    }

    async fn opened(&self) -> Result<Messages, SourceError> {
        let context = self.nats.context().await?;
        let stream = self.nats.stream(&context).await?;
        if stream.consumer_info(&self.name).await.is_err() {
            (self.anew)().await?;
        }
        let config = Config {
            durable_name: Some(self.name.clone()),
            filter_subject: self.nats.subject(&self.publisher, ">"),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::All,
            ack_wait: UNSETTLED,
            max_ack_pending: AHEAD,
            ..Config::default()
        };
        let consumer = stream.get_or_create_consumer(&self.name, config).await.map_err(away)?;
        let messages = consumer.stream().max_messages_per_batch(AT_ONCE).heartbeat(HEARTBEAT);
        messages.messages().await.map_err(away)
    }

    /// Takes in what has come, and waits for it if nothing has.
    async fn take_in(&self, messages: &mut Messages) -> Result<(), SourceError> {
        let mut next = messages.next().await;
        for _ in 0..AT_ONCE {
            let message = next.ok_or_else(|| away("the consumer has ended"))?.map_err(away)?;
            let sequence = message.info().map_err(away)?.stream_sequence;
            let reply = message.reply.as_ref().map(ToString::to_string).unwrap_or_default();
            let read = message.headers.as_ref();
            let read = read.and_then(|headers| message::read(headers, &message.payload));
            let mut order = self.order.lock();
            match read {
                Some((position, record)) => order.came((sequence, reply), position, record),
                None => {
                    let subject = message.subject.as_str();
                    tracing::warn!(subject, "a message that is no event is dropped");
                    order.passed((sequence, reply));
                }
            }
            drop(order);
            match messages.next().now_or_never() {
                Some(another) => next = another,
                None => break,
            }
        }
        Ok(())
    }

    async fn came(&self, from: Position, most: usize) -> Result<Came, SourceError> {
        let mut open = self.messages.lock().await;
        let messages = open.as_mut().ok_or_else(|| away("it isn't open"))?;
        loop {
            let (events, waits) = {
                let mut order = self.order.lock();
                (order.take(from, most), order.waits(Instant::now()))
            };
            if !events.is_empty() {
                return Ok(Came::Events(events));
            }
            let taken = match waits {
                None => self.take_in(messages).await,
                Some((waits, since)) => {
                    match timeout_at(since + OVERTAKEN, self.take_in(messages)).await {
                        Ok(taken) => taken,
                        Err(_) => {
                            self.order.lock().given_up();
                            return Ok(Came::Lacks(waits));
                        }
                    }
                }
            };
            if let Err(error) = taken {
                *open = None;
                return Err(error);
            }
        }
    }
}

impl Inflow for Consumed {
    fn open(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async {
            let mut messages = self.messages.lock().await;
            *messages = None;
            let opened = timeout(PATIENCE * 3, self.opened()).await;
            *messages = Some(opened.map_err(|_| away("the server doesn't answer"))??);
            Ok(())
        })
    }

    fn hands_on(&self) -> bool {
        // Only after [`UNSETTLED`].
        false
    }

    fn next(&self, from: Position, most: usize) -> BoxFuture<'_, Result<Came, SourceError>> {
        Box::pin(self.came(from, most))
    }

    fn settled(&self, upto: Position) {
        let Some(reply) = self.order.lock().settled(upto) else { return };
        let nats = self.nats.clone();
        self.home.spawn(async move {
            // What isn't said is said with the next one.
            if let Ok(client) = nats.client().await {
                let _ = client.publish(reply, AckKind::Ack.into()).await;
            }
        });
    }
}
