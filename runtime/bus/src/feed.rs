//! A service's log, for who reads it: while the service is at work in this process.

use std::sync::Arc;
use std::time::Duration;

use seam_log::{Log, LogError};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::record::Record;
use crate::subscription::{Batch, Ends, SourceError, Wanted};
use crate::time::Millis;

/// So long it is waited for the next event; then a reader is told that there is none yet.
const WAIT: Duration = Duration::from_secs(5);
/// The most events that are read at once.
const EVENTS: usize = 1_024;
/// About so many bytes are read at once.
const BYTES: usize = 1024 * 1024;

/// The way to a service's log, whether or not it is open. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Feed {
    log: Arc<watch::Sender<Option<Log>>>,
}

impl Feed {
    /// The log is open, or is no more.
    pub fn set(&self, log: Option<Log>) {
        self.log.send_replace(log);
    }

    /// The log, while it is open.
    pub fn log(&self) -> Option<Log> {
        self.log.borrow().clone()
    }

    /// Whether it is open, from now on.
    pub fn watch(&self) -> watch::Receiver<Option<Log>> {
        self.log.subscribe()
    }

    /// Reads on, from the first event that is left if those before it are gone.
    ///
    /// # Errors
    /// If the log isn't open here, or fails.
    pub async fn read(&self, wanted: &Wanted) -> Result<Batch, SourceError> {
        let Some(log) = self.log() else { return Err(away("its publisher isn't at work here")) };
        let from = wanted.from.max(1);
        if log.head() < from {
            let closed = async {
                let mut log = self.log.subscribe();
                // The sender is this feed's.
                let _ = log.wait_for(Option::is_none).await;
            };
            tokio::select! {
                grown = timeout(WAIT, log.grown(from - 1)) => match grown {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return Err(failed(&error)),
                    Err(_) => return Ok(Batch { events: Vec::new(), next: from, head: log.head() }),
                },
                () = closed => return Err(away("its publisher stops")),
            }
        }
        let read = match log.read(from, EVENTS.min(wanted.most.max(1)), BYTES).await {
            Err(LogError::Trimmed { first, .. }) => {
                tracing::warn!(from, first, "events weren't kept long enough for a subscriber");
                log.read(first, EVENTS.min(wanted.most.max(1)), BYTES).await
            }
            read => read,
        };
        let read = read.map_err(|error| failed(&error))?;
        let next = read.records.last().map_or(from, |last| last.position + 1);
        let is_wanted = |record: &seam_log::Record| {
            let is = |(topic, version): &(String, u16)| {
                *topic == record.topic && *version == record.version
            };
            wanted.topics.is_empty() || wanted.topics.iter().any(is)
        };
        let events = read.records.into_iter().filter(is_wanted);
        let events = events.map(|record| (record.position, Record::from(record))).collect();
        Ok(Batch { events, next, head: read.head })
    }
}

impl Feed {
    /// Where the log ends, and the first event since a time.
    ///
    /// # Errors
    /// If the log isn't open here, or fails.
    pub async fn ends(&self, at: Millis) -> Result<Ends, SourceError> {
        let Some(log) = self.log() else { return Err(away("its publisher isn't at work here")) };
        let at = log.position_at(at).await.map_err(|error| failed(&error))?;
        Ok(Ends { first: log.first(), head: log.head(), at })
    }
}

fn away(reason: &str) -> SourceError {
    SourceError { reason: reason.to_owned() }
}

fn failed(error: &LogError) -> SourceError {
    SourceError { reason: error.to_string() }
}
