//! Where a subscription's events come from.

use futures_util::future::BoxFuture;

use crate::intake::Position;
use crate::record::Record;
use crate::time::Millis;

/// Some events, in the order of their publisher's log.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Batch {
    /// Those that were asked for, each with its place in the log.
    pub events: Vec<(Position, Record)>,
    /// From where to go on: what is before that was looked at.
    pub next: Position,
    /// The log's last position.
    pub head: Position,
}

/// Which events a reader is after.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wanted {
    /// From which position on.
    pub from: Position,
    /// How many at most.
    pub most: usize,
    /// Of which topics: all, if none is named.
    pub topics: Vec<(String, u16)>,
}

impl Wanted {
    /// Whether it is after that event.
    pub(crate) fn has(&self, record: &Record) -> bool {
        let is =
            |(topic, version): &(String, u16)| *topic == record.topic && *version == record.version;
        self.topics.is_empty() || self.topics.iter().any(is)
    }
}

/// Where a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ends {
    /// The first position that is left.
    pub first: Position,
    /// The last position.
    pub head: Position,
    /// That of the first event since the time that was asked for; behind the last one if there is none.
    pub at: Position,
}

/// Why there are no events for now; it is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SourceError {
    /// For people.
    pub reason: String,
}

impl SourceError {
    /// That of another kind of failure, for people.
    #[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
    pub fn new(reason: impl ToString) -> Self {
        Self { reason: reason.to_string() }
    }
}

/// A publisher's log, wherever it is.
pub trait Source: Send + Sync + 'static {
    /// Reads on. Where nothing is there yet it is waited for, some seconds at most.
    fn read(&self, wanted: Wanted) -> BoxFuture<'_, Result<Batch, SourceError>>;

    /// The log's last position, and that of the first event that was published at this time or later.
    fn ends(&self, at: Millis) -> BoxFuture<'_, Result<Ends, SourceError>>;

    /// The reader has brought to disk what became of all events up to there.
    fn settled(&self, _: Position) {}
}
