//! An event on its way, as it is kept.

use seam_store::StoreError;
use serde::{Deserialize, Serialize};

use crate::rows;
use crate::time::Millis;

/// The most bytes of an event's body.
pub const MAX_BODY: usize = 64 * 1024;

/// An event, as its publisher has said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it is about: `order.paid`.
    pub topic: String,
    /// The version of its layout.
    pub version: u16,
    /// Events of the same key stay in their order.
    #[serde(with = "serde_bytes")]
    pub key: Box<[u8]>,
    /// When it was published.
    pub at: Millis,
    /// The trace that it belongs to, as a `traceparent`; empty if there is none.
    #[serde(with = "serde_bytes")]
    pub trace: Box<[u8]>,
    /// The event by field name, as JSON.
    #[serde(with = "serde_bytes")]
    pub body: Box<[u8]>,
}

impl Record {
    /// Its bytes, for a store.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if its body has over [`MAX_BODY`] bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let size = self.body.len();
        if size > MAX_BODY {
            return Err(StoreError::TooLarge { what: "event", size, limit: MAX_BODY });
        }
        rows::write(self)
    }

    /// What the bytes of one say.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if they are no event's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        rows::read(bytes)
    }

    /// The event, as the log keeps it.
    pub(crate) fn kept(self, position: u64) -> seam_log::Record {
        let Self { topic, version, key, at, trace, body } = self;
        let (key, headers, body) = (key.into(), trace.into(), body.into());
        seam_log::Record { position, at, topic, version, key, headers, body }
    }
}

impl From<seam_log::Record> for Record {
    fn from(record: seam_log::Record) -> Self {
        let seam_log::Record { position: _, at, topic, version, key, headers, body } = record;
        let (key, trace, body) = (key.into(), headers.into(), body.into());
        Self { topic, version, key, at, trace, body }
    }
}
