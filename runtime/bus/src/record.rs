//! An event on its way, as it is kept.

use seam_store::StoreError;
use serde::{Deserialize, Serialize};

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
    pub key: Box<[u8]>,
    /// When it was published: milliseconds since 1970.
    pub at: u64,
    /// The trace that it belongs to, as the wire writes it; empty if there is none.
    pub trace: Box<[u8]>,
    /// The event by field name, as JSON.
    pub body: Box<[u8]>,
}

impl Record {
    /// Its bytes, for a store or a log.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if its body has over [`MAX_BODY`] bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let size = self.body.len();
        if size > MAX_BODY {
            return Err(StoreError::TooLarge { what: "event", size, limit: MAX_BODY });
        }
        bincode::serde::encode_to_vec(self, bincode::config::standard())
            .map_err(|error| StoreError::Corrupt { cause: format!("an event: {error}") })
    }

    /// What the bytes of one say.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if they are no event's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        match bincode::serde::decode_from_slice(bytes, bincode::config::standard()) {
            Ok((record, read)) if read == bytes.len() => Ok(record),
            Ok(_) => Err(StoreError::Corrupt { cause: "bytes behind an event".into() }),
            Err(error) => Err(StoreError::Corrupt { cause: format!("an event: {error}") }),
        }
    }
}
