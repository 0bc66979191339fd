//! Whether a broker has all that a stream hasn't seen yet.
//!
//! A broker keeps events for a subscriber since it was first told to, and of the topics that it was told.
//! What was published before is in the publisher's log alone: a stream is *joined* once it has read the
//! log up to where the broker's part begins. That is kept, so that a publisher who is away holds nobody
//! up.

use seam_store::{Space, Store, StoreError};

use crate::rows;
use crate::subscription::Stream;

/// The space where it is kept, by the names of the broker and the stream.
const SPACE: &str = "on.joined";

/// What is kept of a stream and a broker. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    space: Space,
    key: Box<[u8]>,
    /// The topics of this release.
    topics: Vec<(String, u16)>,
}

impl Joined {
    pub(super) fn new(store: &Store, broker: &str, stream: &Stream) -> Result<Self, StoreError> {
        let key = format!("{broker}\0{}", stream.name).into_bytes().into();
        Ok(Self { space: store.space(SPACE)?, key, topics: stream.wanted() })
    }

    /// Whether the broker has kept all topics of this release since the stream has read what was before.
    pub(super) async fn is_kept(&self) -> Result<bool, StoreError> {
        let Some(row) = self.space.get(&self.key).await? else { return Ok(false) };
        let kept: Vec<(String, u16)> = rows::read(&row)?;
        Ok(self.topics.iter().all(|topic| kept.contains(topic)))
    }

    /// It has; or the broker has forgotten all that it kept.
    pub(super) async fn keep(&self, joined: bool) -> Result<(), StoreError> {
        let row = joined.then(|| rows::write(&self.topics)).transpose()?;
        let (space, key) = (self.space.clone(), self.key.clone());
        let kept = self.space.store().transaction(move |tx| tx.write_raw(&space, &key, row));
        Ok(kept.await?)
    }
}
