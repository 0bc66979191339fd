//! Byte strings, copied at once where serde encodes them: in rows of tables, and within foreign types.
//!
//! Serde hands over the elements of a `Vec<u8>` one by one. As bytes they take the same place, a
//! length and what follows, and cost a copy. `#[seam::message]` and `#[seam::contract]` name this
//! module for every field and argument whose type is written `Vec<u8>`. In JSON such a field stays
//! a list of numbers.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes `bytes` at once, or as a list where people read it.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        return bytes.serialize(serializer);
    }
    serializer.serialize_bytes(bytes)
}

/// Reads what [`serialize`] writes, and a list of numbers from everybody.
///
/// # Errors
/// The deserializer's own. A length that isn't followed by so many bytes allocates nothing if the
/// deserializer lends them, as the codec's does.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    if deserializer.is_human_readable() {
        return Vec::deserialize(deserializer);
    }
    deserializer.deserialize_bytes(Bytes)
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<u8>, A::Error> {
        Vec::deserialize(de::value::SeqAccessDeserializer::new(list))
    }
}
