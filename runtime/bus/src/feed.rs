//! A service's log, for who reads it: while the service is at work in this process.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_log::{Log, LogError, LogOptions};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::intake::Position;
use crate::outbox::Outbox;
use crate::record::Record;
use crate::subscription::{Batch, Ends, Source, SourceError, Wanted};
use crate::time::{Millis, millis, unix_millis};

/// So long it is waited for the next event; then a reader is told that there is none yet.
const WAIT: Duration = Duration::from_secs(5);
/// So often it is looked for events that other instances have published.
const LOOK: Duration = Duration::from_millis(100);
/// The most events that are read at once.
const EVENTS: usize = 1_024;
/// About so many bytes are read at once.
const BYTES: usize = 1024 * 1024;
/// So many events go at once that aren't kept any more.
const TRIMMED: usize = 512;

/// Where a service's events are kept.
#[derive(Debug, Clone)]
pub enum EventLog {
    /// In a log of its own, beside the service's database.
    Own(Log),
    /// In the store itself, which several instances share: what is published stays where it was put.
    Rows(Outbox),
}

/// The way to a service's log, whether or not it is open. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Feed {
    log: Arc<watch::Sender<Option<EventLog>>>,
}

/// Some events, as they were read.
struct Read {
    events: Vec<(Position, Record)>,
    head: Position,
}

impl EventLog {
    /// Reads from a position, which may be gone: then from the first that is left.
    async fn read(&self, from: Position, most: usize) -> Result<Read, SourceError> {
        let most = most.clamp(1, EVENTS);
        match self {
            Self::Own(log) => {
                let read = match log.read(from, most, BYTES).await {
                    Err(LogError::Trimmed { first, .. }) => {
                        tracing::warn!(from, first, "events weren't kept long enough for a reader");
                        log.read(first, most, BYTES).await
                    }
                    read => read,
                };
                let read = read.map_err(SourceError::new)?;
                let events = read.records.into_iter();
                let events = events.map(|record| (record.position, Record::from(record)));
                Ok(Read { events: events.collect(), head: read.head })
            }
            Self::Rows(outbox) => {
                let events = outbox.from(from, most).await.map_err(SourceError::new)?;
                let head = outbox.head().await.map_err(SourceError::new)?;
                Ok(Read { events, head })
            }
        }
    }

    /// Returns once there may be something from that position on.
    async fn grown(&self, from: Position) -> Result<(), SourceError> {
        match self {
            Self::Own(log) => log.grown(from - 1).await.map(drop).map_err(SourceError::new),
            Self::Rows(outbox) => {
                while outbox.head().await.map_err(SourceError::new)? < from {
                    let grown = outbox.grown();
                    tokio::select! {
                        () = grown => {}
                        () = sleep(LOOK) => {}
                    }
                }
                Ok(())
            }
        }
    }

    async fn ends(&self, at: Millis) -> Result<Ends, SourceError> {
        match self {
            Self::Own(log) => {
                let at = log.position_at(at).await.map_err(SourceError::new)?;
                Ok(Ends { first: log.first(), head: log.head(), at })
            }
            Self::Rows(outbox) => {
                let head = outbox.head().await.map_err(SourceError::new)?;
                let first = outbox.from(0, 1).await.map_err(SourceError::new)?;
                let first = first.first().map_or(head + 1, |(position, _)| *position);
                // By halves, for times ascend.
                let (mut low, mut high) = (first, head + 1);
                while low < high {
                    let middle = low + (high - low) / 2;
                    let there = outbox.from(middle, 1).await.map_err(SourceError::new)?;
                    match there.first() {
                        Some((position, record)) if record.at < at => low = position + 1,
                        _ => high = middle,
                    }
                }
                Ok(Ends { first, head, at: low })
            }
        }
    }

    /// Gives back what isn't kept any more. Of rows it leaves the last one, and how many bytes all of them
    /// take is told from some of them.
    ///
    /// # Errors
    /// If it can't.
    pub async fn trim(&self, options: LogOptions) -> Result<(), SourceError> {
        match self {
            Self::Own(log) => {
                log.set(options);
                log.trim(unix_millis()).await.map(drop).map_err(SourceError::new)
            }
            Self::Rows(outbox) => {
                let oldest = unix_millis().saturating_sub(millis(options.keep));
                let head = outbox.head().await.map_err(SourceError::new)?;
                let fits = outbox.fits(options.keep_bytes).await.map_err(SourceError::new)?;
                let is_old = |at: Position, row: &Record| row.at < oldest || at < fits;
                loop {
                    let rows = outbox.first(TRIMMED).await.map_err(SourceError::new)?;
                    let old = rows.events.iter();
                    let old = old.take_while(|(at, row)| is_old(*at, row) && *at < head);
                    let Some((last, _)) = old.last() else { return Ok(()) };
                    outbox.remove(&rows, *last).await.map_err(SourceError::new)?;
                }
            }
        }
    }
}

impl Feed {
    /// The log is open, or is no more.
    pub fn set(&self, log: Option<EventLog>) {
        self.log.send_replace(log);
    }

    /// The log, while it is open.
    pub fn log(&self) -> Option<EventLog> {
        self.log.borrow().clone()
    }

    /// Reads on, from the first event that is left if those before it are gone.
    async fn read_on(&self, wanted: Wanted) -> Result<Batch, SourceError> {
        let log = self.log().ok_or_else(nobody)?;
        let (from, until) = (wanted.from.max(1), Instant::now() + WAIT);
        let closed = async {
            let mut log = self.log.subscribe();
            // The sender is this feed's.
            let _ = log.wait_for(Option::is_none).await;
        };
        tokio::select! {
            biased;
            grown = log.grown(from) => grown?,
            () = closed => return Err(nobody()),
            () = tokio::time::sleep_until(until) => {
                return Ok(Batch { events: Vec::new(), next: from, head: from - 1 });
            }
        }
        let Read { events, head } = log.read(from, wanted.most).await?;
        let next = events.last().map_or(from, |(last, _)| last + 1);
        let events = events.into_iter().filter(|(_, record)| wanted.has(record)).collect();
        Ok(Batch { events, next, head })
    }
}

impl Source for Feed {
    fn read(&self, wanted: Wanted) -> BoxFuture<'_, Result<Batch, SourceError>> {
        Box::pin(self.read_on(wanted))
    }

    fn ends(&self, at: Millis) -> BoxFuture<'_, Result<Ends, SourceError>> {
        Box::pin(async move { self.log().ok_or_else(nobody)?.ends(at).await })
    }
}

fn nobody() -> SourceError {
    SourceError::new("its publisher isn't at work here")
}
