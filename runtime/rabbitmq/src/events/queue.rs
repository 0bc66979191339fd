//! A subscriber's queue, and who takes from it.
//!
//! A service has one queue for all that it subscribes to. What comes is sorted by publisher, each with a
//! lane of its own, from which its stream takes it; the broker hands over no more than [`AHEAD`] that
//! aren't settled.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Consumer};
use parking_lot::Mutex;
use seam_bus::broker::{Anew, Came, InOrder, Inflow};
use seam_bus::intake::Position;
use seam_bus::subscription::{SourceError, Stream};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::message::Event;
use super::unsettled::{Ack, Tag, Tags, Unsettled};
use super::{EXCHANGE, declare_exchange, message};
use crate::connection::{Away, BYE, PARTING, PATIENCE, Rabbit, answered};

/// So often in a row the broker doesn't answer of a queue that is of no use.
const MUTE: u32 = 2;
/// So many messages the broker hands over at most that aren't settled.
const AHEAD: u16 = 4_096;
/// So long events wait for those before them: the broker hands over anew, after newer ones, what another
/// consumer was handed.
const OVERTAKEN: Duration = Duration::from_secs(1);

/// The queue of a service.
pub(super) struct Queue {
    rabbit: Rabbit,
    name: ShortString,
    topics: Vec<String>,
    anew: Anew,
    opening: tokio::sync::Mutex<()>,
    /// How often in a row the broker didn't answer of it.
    mute: AtomicU32,
    state: Mutex<State>,
    /// There is something to be said to the broker.
    to_say: Arc<Notify>,
}

struct State {
    /// Counts the consumers that there were; the streams know by it that theirs is gone.
    generation: u64,
    is_open: bool,
    unsettled: Unsettled,
    settled: Vec<Tag>,
    lanes: Vec<Lane>,
}

/// What came of one publisher.
struct Lane {
    publisher: String,
    topics: Vec<String>,
    waiting: InOrder,
    tags: Tags,
    grown: Arc<Notify>,
}

/// One lane of a queue, for its stream.
struct OneLane {
    queue: Arc<Queue>,
    index: usize,
    /// Which consumer the stream knows.
    generation: Mutex<u64>,
    grown: Arc<Notify>,
}

impl Queue {
    pub(super) fn inflows(
        rabbit: &Rabbit,
        subscriber: &str,
        streams: &[Stream],
        anew: Anew,
    ) -> Vec<Arc<dyn Inflow>> {
        let lane = |stream: &Stream| Lane {
            publisher: stream.publisher.clone(),
            topics: stream.topics.iter().map(|on| on.topic.clone()).collect(),
            waiting: InOrder::default(),
            tags: Tags::default(),
            grown: Arc::default(),
        };
        let lanes: Vec<Lane> = streams.iter().map(lane).collect();
        let grown: Vec<_> = lanes.iter().map(|lane| Arc::clone(&lane.grown)).collect();
        let (unsettled, settled) = (Unsettled::default(), Vec::new());
        let topics = streams.iter().flat_map(|stream| &stream.topics);
        let queue = Arc::new(Self {
            rabbit: rabbit.clone(),
            name: format!("events.{subscriber}").into(),
            topics: topics.map(|on| on.topic.clone()).collect(),
            anew,
            opening: tokio::sync::Mutex::default(),
            mute: AtomicU32::new(0),
            state: State { generation: 0, is_open: false, unsettled, settled, lanes }.into(),
            to_say: Arc::default(),
        });
        let lane = |(index, grown)| {
            let (queue, generation) = (Arc::clone(&queue), Mutex::default());
            Arc::new(OneLane { queue, index, generation, grown }) as Arc<dyn Inflow>
        };
        grown.into_iter().enumerate().map(lane).collect()
    }

    /// Opens it, unless another lane has; which consumer takes from it now.
    async fn open(self: &Arc<Self>) -> Result<u64, SourceError> {
        let _opening = self.opening.lock().await;
        {
            let state = self.state.lock();
            if state.is_open {
                return Ok(state.generation);
            }
        }
        if self.rabbit.takers(self.name.as_str()).await?.is_none() {
            (self.anew)().await?;
        }
        let channel = self.rabbit.channel().await?;
        self.declare(&channel).await?;
        let Some(consumer) = self.consume(&channel).await? else {
            if self.mute.fetch_add(1, Ordering::Relaxed) + 1 >= MUTE {
                self.make_anew().await?;
            }
            return Err(Away(format!("the queue `{}` doesn't answer", self.name)).into());
        };
        self.mute.store(0, Ordering::Relaxed);
        let generation = {
            let mut state = self.state.lock();
            state.begin();
            state.generation
        };
        let taking = take(Arc::downgrade(self), Arc::clone(&self.to_say), channel, consumer);
        self.rabbit.home().spawn(taking);
        Ok(generation)
    }

    async fn declare(&self, channel: &Channel) -> Result<(), Away> {
        declare_exchange(channel).await?;
        let mut quorum = FieldTable::default();
        quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        let durable = QueueDeclareOptions::durable();
        answered(channel.queue_declare(self.name.clone(), durable, quorum)).await?;
        for topic in &self.topics {
            let (topic, options) = (topic.as_str().into(), QueueBindOptions::default());
            let nothing = FieldTable::default();
            let bound =
                channel.queue_bind(self.name.clone(), EXCHANGE.into(), topic, options, nothing);
            answered(bound).await?;
        }
        answered(channel.basic_qos(AHEAD, BasicQosOptions::default())).await
    }

    /// `None` if the broker, which answers else, doesn't answer of this queue.
    async fn consume(&self, channel: &Channel) -> Result<Option<Consumer>, Away> {
        let (options, nothing) = (BasicConsumeOptions::default(), FieldTable::default());
        let asked = channel.basic_consume(self.name.clone(), "".into(), options, nothing);
        match timeout(PATIENCE, asked).await {
            Ok(consumer) => Ok(Some(consumer?)),
            Err(_) => Ok(None),
        }
    }

    /// Takes a queue away that the broker can't do anything with, as those are that were made seconds
    /// before it was killed: what was in it is in the publishers' logs.
    async fn make_anew(&self) -> Result<(), SourceError> {
        tracing::warn!(queue = %self.name, "it is of no use: made anew, and filled from the logs");
        (self.anew)().await?;
        let channel = self.rabbit.channel().await?;
        let deleted = channel.queue_delete(self.name.clone(), QueueDeleteOptions::default());
        answered(deleted).await?;
        self.mute.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Sorts what came; what nobody here takes is settled.
    fn came(&self, delivery: Delivery) {
        let tag = delivery.delivery_tag;
        let read = message::read(delivery);
        let mut state = self.state.lock();
        state.unsettled.came(tag);
        let Some(Event { publisher, position, latest, record }) = read else {
            tracing::warn!(queue = %self.name, "a message that is no event is dropped");
            return state.settled.push(tag);
        };
        let mut lanes = state.lanes.iter_mut();
        let lane = lanes.find(|lane| lane.publisher == publisher);
        if let Some(lane) = lane
            && lane.tags.came(position, tag)
        {
            let follows = latest.among(|topic| lane.topics.iter().any(|own| own == topic));
            lane.waiting.came(position, follows, record);
            lane.grown.notify_one();
        } else {
            // It was settled before, or no stream of this release is after it.
            state.settled.push(tag);
        }
    }

    /// What is to be said to the broker.
    fn acks(&self) -> Vec<Ack> {
        let state = &mut *self.state.lock();
        let settled = std::mem::take(&mut state.settled);
        state.unsettled.settle(&settled)
    }

    fn closed(&self) {
        let mut state = self.state.lock();
        state.is_open = false;
        state.lanes.iter().for_each(|lane| lane.grown.notify_one());
    }
}

impl State {
    /// A new consumer begins: the broker hands over anew what isn't settled.
    fn begin(&mut self) {
        self.generation += 1;
        self.is_open = true;
        self.unsettled = Unsettled::default();
        self.settled.clear();
        for lane in &mut self.lanes {
            lane.waiting.clear();
            lane.tags.clear();
        }
    }
}

/// Takes what comes for as long as there are streams, and the connection stands.
async fn take(queue: Weak<Queue>, to_say: Arc<Notify>, channel: Channel, consumer: Consumer) {
    take_all(queue, &to_say, &channel, consumer).await;
    // What isn't settled goes to whoever comes next, at once.
    let _ = timeout(PARTING, channel.close(BYE, "nobody takes from it".into())).await;
}

async fn take_all(queue: Weak<Queue>, to_say: &Notify, channel: &Channel, mut consumer: Consumer) {
    loop {
        let delivery = tokio::select! {
            delivery = consumer.next() => Some(delivery),
            () = to_say.notified() => None,
        };
        let Some(queue) = queue.upgrade() else { return };
        match delivery {
            Some(Some(Ok(delivery))) => queue.came(delivery),
            Some(Some(Err(error))) => {
                tracing::debug!(queue = %queue.name, %error, "events don't come for now");
                return queue.closed();
            }
            Some(None) => return queue.closed(),
            None => {}
        }
        for ack in queue.acks() {
            let (tag, multiple) = match ack {
                Ack::Upto(tag) => (tag, true),
                Ack::One(tag) => (tag, false),
            };
            let said = channel.basic_ack(tag, BasicAckOptions { multiple });
            // A connection that is lost meanwhile may leave it open.
            if answered(said).await.is_err() {
                return queue.closed();
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Who takes from it finds that it is gone.
        self.to_say.notify_one();
    }
}

impl Inflow for OneLane {
    fn open(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async {
            *self.generation.lock() = self.queue.open().await?;
            Ok(())
        })
    }

    fn next(&self, from: Position, most: usize) -> BoxFuture<'_, Result<Came, SourceError>> {
        Box::pin(async move {
            loop {
                let waits = {
                    let state = &mut *self.queue.state.lock();
                    if !state.is_open || state.generation != *self.generation.lock() {
                        return Err(Away("the connection to RabbitMQ was lost".into()).into());
                    }
                    let waiting = &mut state.lanes[self.index].waiting;
                    let events = waiting.take(from, most);
                    if !events.is_empty() {
                        return Ok(Came::Events(events));
                    }
                    waiting.waits(Instant::now())
                };
                let Some((position, since)) = waits else {
                    self.grown.notified().await;
                    continue;
                };
                if timeout_at(since + OVERTAKEN, self.grown.notified()).await.is_err() {
                    self.queue.state.lock().lanes[self.index].waiting.given_up();
                    return Ok(Came::Lacks(position));
                }
            }
        })
    }

    fn settled(&self, upto: Position) {
        let state = &mut *self.queue.state.lock();
        state.settled.extend(state.lanes[self.index].tags.settled(upto));
        self.queue.to_say.notify_one();
    }
}
