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

/// The same, of what is somewhere else.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct RecordRef<'a> {
    pub(crate) topic: &'a str,
    pub(crate) version: u16,
    #[serde(with = "serde_bytes")]
    pub(crate) key: &'a [u8],
    pub(crate) at: Millis,
    #[serde(with = "serde_bytes")]
    pub(crate) trace: &'a [u8],
    #[serde(with = "serde_bytes")]
    pub(crate) body: &'a [u8],
}

/// About so many bytes an event takes beside its texts.
const AROUND: usize = 64;

impl RecordRef<'_> {
    /// Adds its bytes to those of a row.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if its body has over [`MAX_BODY`] bytes.
    pub(crate) fn write(&self, to: &mut Vec<u8>) -> Result<(), StoreError> {
        let size = self.body.len();
        if size > MAX_BODY {
            return Err(StoreError::TooLarge { what: "event", size, limit: MAX_BODY });
        }
        let Self { topic, key, trace, body, .. } = self;
        to.reserve(AROUND + topic.len() + key.len() + trace.len() + body.len());
        rows::write_to(to, self)
    }
}

impl Record {
    /// What it says.
    pub(crate) fn borrowed(&self) -> RecordRef<'_> {
        let Self { topic, version, key, at, trace, body } = self;
        RecordRef { topic, version: *version, key, at: *at, trace, body }
    }

    /// Its bytes, for a store.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if its body has over [`MAX_BODY`] bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.borrowed().write(&mut bytes)?;
        Ok(bytes)
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
