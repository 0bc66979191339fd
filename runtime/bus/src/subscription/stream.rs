//! What a service subscribes to of one publisher.

use crate::intake::Position;
use crate::record::Record;

/// The events of one publisher that a service subscribes to: they share their order.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What it is kept under.
    pub name: String,
    /// Whose events these are.
    pub publisher: String,
    /// Who subscribes.
    pub subscriber: String,
    /// To what.
    pub topics: Vec<Subscribed>,
    /// Up to which position; for ever, if that isn't said.
    pub until: Option<Position>,
}

/// A method that takes events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// Of which topic.
    pub topic: String,
    /// In which version.
    pub version: u16,
    /// Its place in the contract.
    pub method: u16,
    /// Its name.
    pub name: String,
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Everything up to there is settled or kept.
    pub cursor: Position,
    /// The last position of the publisher's log, as far as that is known.
    pub head: Position,
    /// How many events are kept that have failed, or wait behind one that has.
    pub waiting: u64,
}

impl Subscribed {
    /// Whether it takes events of that topic and version.
    pub fn takes(&self, topic: &str, version: u16) -> bool {
        self.topic == topic && self.version == version
    }
}

impl Stream {
    /// The topics whose events it takes, each in its version.
    pub fn wanted(&self) -> Vec<(String, u16)> {
        self.topics.iter().map(|on| (on.topic.clone(), on.version)).collect()
    }

    /// The method that takes an event; `None` if none of this release does.
    pub fn method(&self, event: &Record) -> Option<&Subscribed> {
        self.topics.iter().find(|on| on.takes(&event.topic, event.version))
    }
}
