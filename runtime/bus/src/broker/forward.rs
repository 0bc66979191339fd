//! From a publisher's log to the broker.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt, ready, select};
use seam_store::{Space, Store, StoreError};
use tokio::time::Instant;

use super::Outflow;
use crate::feed::Feed;
use crate::intake::Position;
use crate::rows;
use crate::subscription::{Batch, Source, SourceError, Wanted};

/// So many events are handed over at once.
const MANY: usize = 512;
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
        let mut noted = self.noted().await?;
        let mut since = Instant::now();
        let mut reading = self.read(noted + 1);
        loop {
            let Batch { events, next, .. } = reading.await?;
            reading = self.read(next);
            // The next ones are read while these are on their way.
            reading = match select(out.send(&events), reading).await {
                Either::Left((sent, reading)) => {
                    sent?;
                    reading
                }
                Either::Right((read, sending)) => {
                    sending.await?;
                    ready(read).boxed()
                }
            };
            let upto = next - 1;
            if upto > noted && since.elapsed() >= NOTED {
                self.note(upto).await?;
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
    async fn noted(&self) -> Result<Position, StoreError> {
        let row = self.space.get(&self.key).await?;
        row.map_or(Ok(0), |row| rows::position(&row))
    }

    async fn note(&self, upto: Position) -> Result<(), StoreError> {
        let (space, key) = (self.space.clone(), self.key.clone());
        let noted = self
            .space
            .store()
            .transaction(move |tx| tx.write_raw(&space, &key, Some(upto.to_be_bytes().into())));
        Ok(noted.await?)
    }
}
