//! Events that a service is handed once more.
//!
//! A replay is a stream of its own, beside the one of new events: `order#order_paid#17` hands those of
//! `order` up to the 17th to `order_paid`.

use std::sync::Arc;

use seam_bus::intake::Position;
use seam_bus::subscription::{Source, Stream};
use serde::{Deserialize, Serialize};

use super::Messaging;

/// From where on events are handed over once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    /// This position.
    Position(Position),
    /// The first event that was published at this time or later, in milliseconds since 1970.
    Time(u64),
}

impl Messaging {
    /// The stream of a replay, by its name; `None` for what is none, or of a method that isn't there any
    /// more.
    pub(super) fn replay_of(&self, name: &str) -> Option<(Stream, Arc<dyn Source>)> {
        let mut parts = name.split('#');
        let (publisher, method, until) = (parts.next()?, parts.next()?, parts.next()?);
        let until: Position = until.parse().ok()?;
        let of = |(stream, _): &&(Stream, Arc<dyn Source>)| stream.publisher == publisher;
        let (stream, source) = self.plan.streams.iter().find(of)?;
        let topics = stream.topics.iter().filter(|on| on.name == method).cloned().collect();
        let (name, until) = (name.to_owned(), Some(until));
        Some((Stream { name, topics, until, ..stream.clone() }, Arc::clone(source)))
    }

    /// Has a method handed the events that were published before now, once more; how many positions
    /// that are. `None` if another instance sees to that, which shares the store and leads.
    pub(super) async fn replay(&self, method: &str, from: From) -> Result<Option<u64>, String> {
        let with = |(stream, _): &&(Stream, Arc<dyn Source>)| {
            stream.topics.iter().any(|on| on.name == method)
        };
        let service = self.plan.service.name();
        let (stream, source) = self
            .plan
            .streams
            .iter()
            .find(with)
            .ok_or_else(|| format!("`{service}.{method}` subscribes to no event"))?;
        let time = match from {
            From::Time(time) => time,
            From::Position(_) => 0,
        };
        let ends = source.ends(time).await.map_err(|error| error.to_string())?;
        let from = match from {
            From::Position(position) => position.max(ends.first),
            From::Time(_) => ends.at,
        };
        let name = format!("{}#{method}#{}", stream.publisher, ends.head);
        let is_shared = self.plan.database.is_shared();
        let mut running = if is_shared { &self.led } else { &self.running }.lock().await;
        let Some(running) = running.as_mut() else {
            let nowhere = || format!("`{service}` isn't at work here");
            return is_shared.then_some(None).ok_or_else(nowhere);
        };
        if from > ends.head {
            return Ok(Some(0));
        }
        if self.streams.lock().iter().any(|running| running.stream.name == name) {
            return Err("the same events are being handed over already".into());
        }
        let store = self.plan.database.open().map_err(|error| error.to_string())?;
        let replay = self.replay_of(&name).ok_or("its publisher has a `#` in its name")?;
        let begun = self.begin_stream(&store, running, replay, from).await;
        begun.map_err(|error| error.to_string())?;
        Ok(Some(ends.head - from + 1))
    }
}
