//! From a publisher's log to the broker.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt, ready, select};
use seam_store::{Space, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Latest, Outflow};
use crate::feed::Feed;
use crate::intake::Position;
use crate::rows;
use crate::subscription::{Batch, Source, SourceError, Wanted};

/// So many events are handed over at once.
const MANY: usize = 1_024;
/// So often, at most, it is noted how far that is; what isn't noted is handed over once more.
const NOTED: Duration = Duration::from_millis(500);
/// The space where that is kept, by the broker's name.
const SPACE: &str = "bus.forwarded";

/// Why events aren't handed over for now: they stay in the log.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The log, or the broker.
    #[error(transparent)]
    Away(#[from] SourceError),
    /// The service's store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a log was handed over.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Noted {
    upto: Position,
    /// Up to there.
    latest: Latest,
}

/// Hands a service's events to a broker, in the order of its log.
#[derive(Debug)]
pub struct Forward {
    feed: Feed,
    space: Space,
    key: Box<[u8]>,
}

impl Forward {
    /// From that log to the broker of that name; how far it is, is kept in the service's store.
    ///
    /// # Errors
    /// As [`Store::space`].
    pub fn new(feed: Feed, store: &Store, broker: &str) -> Result<Self, StoreError> {
        Ok(Self { feed, space: store.space(SPACE)?, key: broker.as_bytes().into() })
    }

    /// Hands over what is in the log, and what gets there. It ends by a failure alone, and may be begun
    /// anew then, or dropped, at any point: the broker has some events twice then.
    ///
    /// # Errors
    /// [`ForwardError`], at the first failure.
    pub async fn run(&self, out: &mut dyn Outflow) -> Result<Infallible, ForwardError> {
        let Noted { upto: mut noted, mut latest } = self.noted().await?;
        let mut since = Instant::now();
        let mut reading = self.read(noted + 1);
        loop {
            let Batch { events, next, .. } = reading.await?;
            reading = self.read(next);
            // The next ones are read while these are on their way.
            reading = match select(out.send(&events, &latest), reading).await {
                Either::Left((sent, reading)) => {
                    sent?;
                    reading
                }
                Either::Right((read, sending)) => {
                    sending.await?;
                    ready(read).boxed()
                }
            };
            for (position, event) in &events {
                latest.came(&event.topic, *position);
            }
            let upto = next - 1;
            if upto > noted && since.elapsed() >= NOTED {
                self.note(&Noted { upto, latest: latest.clone() }).await?;
                (noted, since) = (upto, Instant::now());
            }
        }
    }

    fn read(&self, from: Position) -> BoxFuture<'static, Result<Batch, SourceError>> {
        let feed = self.feed.clone();
        let wanted = Wanted { from, most: MANY, topics: Vec::new() };
        async move { feed.read(wanted).await }.boxed()
    }

    /// Up to where everything was handed over.
    async fn noted(&self) -> Result<Noted, StoreError> {
        let row = self.space.get(&self.key).await?;
        row.map_or_else(|| Ok(Noted::default()), |row| rows::read(&row))
    }

    async fn note(&self, noted: &Noted) -> Result<(), StoreError> {
        let (space, key, row) = (self.space.clone(), self.key.clone(), rows::write(noted)?);
        let store = self.space.store();
        let noted = store.transaction(move |tx| tx.write_raw(&space, &key, Some(row)));
        Ok(noted.await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::EventLog;
    use crate::outbox::Outbox;
    use crate::record::Record;

    /// Takes what it is handed first, and fails.
    #[derive(Default)]
    struct Takes(Vec<(Position, String)>);

    impl Outflow for Takes {
        fn send<'a>(
            &'a mut self,
            events: &'a [(Position, Record)],
            latest: &'a Latest,
        ) -> BoxFuture<'a, Result<(), SourceError>> {
            Box::pin(async move {
                let mut latest = latest.clone();
                for (position, event) in events {
                    self.0.push((*position, latest.to_string()));
                    latest.came(&event.topic, *position);
                }
                Err(SourceError::new("full"))
            })
        }
    }

    #[tokio::test]
    async fn who_goes_on_knows_the_latest_events_before() {
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        let feed = Feed::default();
        feed.set(Some(EventLog::Rows(outbox.clone())));
        for topic in ["order.created", "order.paid", "order.created", "order.declined"] {
            let (key, trace, body) = (Box::default(), Box::default(), Box::default());
            let record = Record { topic: topic.to_owned(), version: 1, key, at: 0, trace, body };
            let own = outbox.clone();
            store.transaction(move |tx| own.put(tx, &record)).await.unwrap();
        }
        let forward = Forward::new(feed, &store, "test").unwrap();
        let mut out = Takes::default();
        forward.run(&mut out).await.unwrap_err();
        let all: Vec<_> = out.0.iter().map(|(at, latest)| (*at, latest.as_str())).collect();
        let expected = [
            (1, ""),
            (2, "order.created:1"),
            (3, "order.created:1 order.paid:2"),
            (4, "order.created:3 order.paid:2"),
        ];
        assert_eq!(all, expected);
        let latest = Latest::of("order.created:1 order.paid:2");
        forward.note(&Noted { upto: 2, latest }).await.unwrap();
        let mut out = Takes::default();
        forward.run(&mut out).await.unwrap_err();
        let rest: Vec<_> = out.0.iter().map(|(at, latest)| (*at, latest.as_str())).collect();
        assert_eq!(rest, expected[2..]);
    }
}
