//! What came by a broker, as one publisher's log.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, pending};
use seam_store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

use super::joined::Joined;
use super::{Anew, Broker, Came, Inflow};
use crate::intake::Position;
use crate::record::Record;
use crate::subscription::{Batch, Ends, Source, SourceError, Stream, Wanted};
use crate::time::Millis;

/// So long it is waited for the next event; then a reader is told that there is none yet.
const WAIT: Duration = Duration::from_secs(5);
/// So long the publisher may take to answer who begins.
const ASKED: Duration = Duration::from_secs(1);
/// So often the publisher is asked where its log ends, while it can be asked.
const LOOK: Duration = Duration::from_secs(2);

/// The events of one publisher by way of a broker: the [`Source`] of a stream. Where the broker can't have
/// them they are read from the publisher's log.
pub struct Carried {
    log: Arc<dyn Source>,
    inflow: Arc<dyn Inflow>,
    joined: Joined,
    way: Mutex<Way>,
    /// The last position of the log that is known of.
    head: AtomicU64,
}

/// How the next events come.
struct Way {
    state: State,
    /// The answer that is waited for from the publisher, and when it was asked.
    asking: Option<BoxFuture<'static, Result<Ends, SourceError>>>,
    asked: Option<Instant>,
}

#[derive(Clone, Copy)]
enum State {
    /// The broker is yet to be asked.
    Closed,
    /// From the log, up to there: what comes after that is by the broker, which lacks what comes before.
    Joining(Position),
    /// From the log, up to there, if the publisher can be asked: the broker was silent, or lacks some.
    Looking(Position),
    /// By the broker.
    Joined,
}

impl Carried {
    /// The streams of a service as a broker carries them; `logs` are those of their publishers.
    ///
    /// # Errors
    /// As [`Store::space`].
    pub fn all(
        broker: &dyn Broker,
        store: &Store,
        subscriber: &str,
        (streams, logs): (&[Stream], Vec<Arc<dyn Source>>),
    ) -> Result<Vec<Self>, StoreError> {
        let joined = streams.iter().map(|stream| Joined::new(store, broker.name(), stream));
        let joined: Vec<Joined> = joined.collect::<Result<_, _>>()?;
        let marks = joined.clone();
        let anew: Anew = Arc::new(move || {
            let marks = marks.clone();
            async move {
                for mark in &marks {
                    mark.keep(false).await.map_err(SourceError::new)?;
                }
                Ok(())
            }
            .boxed()
        });
        let inflows = broker.inflows(subscriber, streams, anew).into_iter();
        let carried = inflows.zip(logs).zip(joined).map(|((inflow, log), joined)| {
            let way = Way { state: State::Closed, asking: None, asked: None };
            Self { log, inflow, joined, way: Mutex::new(way), head: AtomicU64::new(0) }
        });
        Ok(carried.collect())
    }

    /// Has the broker keep events for the stream, and says how it goes on.
    async fn opened(&self) -> Result<State, SourceError> {
        self.inflow.open().await?;
        if self.joined.is_kept().await.map_err(SourceError::new)? {
            if self.inflow.hands_on() {
                return Ok(State::Joined);
            }
            // What was left comes sooner from the log, if that can be asked.
            let ends = timeout(ASKED, self.log.ends(0)).await;
            return Ok(ends.map_or(State::Joined, |ends| {
                ends.map_or(State::Joined, |ends| State::Looking(ends.head))
            }));
        }
        // What is published from now on the broker keeps; so it has all that is behind this.
        let Ends { head, .. } = self.log.ends(0).await?;
        Ok(State::Joining(head))
    }

    async fn read_on(&self, wanted: Wanted) -> Result<Batch, SourceError> {
        // One reader at a time: a stream's driver.
        let mut way = self.way.lock().await;
        loop {
            match way.state {
                State::Closed => way.state = self.opened().await?,
                State::Joining(upto) if wanted.from <= upto => {
                    let read = self.log.read(wanted).await?;
                    self.head.fetch_max(read.head, Relaxed);
                    return Ok(read);
                }
                State::Joining(_) => {
                    self.joined.keep(true).await.map_err(SourceError::new)?;
                    way.state = State::Joined;
                }
                State::Looking(upto) if wanted.from <= upto => {
                    match self.log.read(wanted.clone()).await {
                        Ok(read) => return Ok(read),
                        // By the broker it comes all the same.
                        Err(_) => way.state = State::Joined,
                    }
                }
                State::Looking(_) => way.state = State::Joined,
                State::Joined => return self.by_broker(wanted, &mut way).await,
            }
        }
    }

    async fn by_broker(&self, wanted: Wanted, way: &mut Way) -> Result<Batch, SourceError> {
        let (from, until) = (wanted.from.max(1), Instant::now() + WAIT);
        loop {
            self.ask(way);
            let came = tokio::select! {
                biased;
                came = self.inflow.next(from, wanted.most) => came,
                ends = answered(&mut way.asking) => {
                    way.asking = None;
                    if let Ok(ends) = ends {
                        self.head.fetch_max(ends.head, Relaxed);
                    }
                    continue;
                }
                () = sleep_until(until) => {
                    let head = self.head.load(Relaxed);
                    if head >= from {
                        // Those are of other topics; or somebody else has lost them.
                        way.state = State::Looking(head);
                    }
                    return Ok(Batch { events: Vec::new(), next: from, head });
                }
            };
            let events = match came.inspect_err(|_| way.state = State::Closed)? {
                Came::Events(events) => events,
                Came::Lacks(before) => {
                    way.state = State::Looking(before - 1);
                    return Ok(Batch { events: Vec::new(), next: from, head: before });
                }
            };
            let mut next = from;
            // What comes once more was given before, or is settled.
            let fresh = events.into_iter().filter(|(position, record)| {
                let is_new = *position >= next;
                next = next.max(position + 1);
                is_new && wanted.has(record)
            });
            let events: Vec<(Position, Record)> = fresh.collect();
            if next > from {
                let head = self.head.fetch_max(next - 1, Relaxed).max(next - 1);
                return Ok(Batch { events, next, head });
            }
        }
    }

    /// Asks the publisher where its log ends, now and then: that tells how far behind the stream is.
    fn ask(&self, way: &mut Way) {
        if way.asked.is_none_or(|asked| asked.elapsed() >= LOOK) && way.asking.is_none() {
            let log = Arc::clone(&self.log);
            way.asking = Some(async move { log.ends(0).await }.boxed());
            way.asked = Some(Instant::now());
        }
    }
}

/// The answer, if one is waited for.
async fn answered(
    asking: &mut Option<BoxFuture<'static, Result<Ends, SourceError>>>,
) -> Result<Ends, SourceError> {
    match asking {
        Some(asking) => asking.await,
        None => pending().await,
    }
}

impl Source for Carried {
    fn read(&self, wanted: Wanted) -> BoxFuture<'_, Result<Batch, SourceError>> {
        Box::pin(self.read_on(wanted))
    }

    fn ends(&self, at: Millis) -> BoxFuture<'_, Result<Ends, SourceError>> {
        self.log.ends(at)
    }

    fn settled(&self, upto: Position) {
        self.inflow.settled(upto);
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").field("joined", &self.joined).finish_non_exhaustive()
    }
}
