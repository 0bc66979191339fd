//! Byte strings, copied at once.
//!
//! Serde hands a codec the elements of a `Vec<u8>` one by one. As bytes they take the same place, a
//! length and what follows, and cost a copy. `#[seam::message]` and `#[seam::contract]` name this
//! module for every field and argument whose type is written `Vec<u8>`. In JSON such a field stays
//! a list of numbers.

use std::any::{Any, TypeId};
use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::contract::Message;

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

/// All of an answer or of a method's arguments: no field's attribute reaches a `Vec<u8>` that is
/// all there is.
pub(super) struct Whole<T>(pub(super) T);

impl<T: Message> Serialize for Whole<&T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0 as &dyn Any).downcast_ref::<Vec<u8>>() {
            Some(bytes) => serialize(bytes, serializer),
            None => self.0.serialize(serializer),
        }
    }
}

/// Reads what [`Whole`] writes.
#[inline(always)] // so that the value is made where it is wanted
pub(super) fn read_whole<'de, T: Message, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    if TypeId::of::<T>() != TypeId::of::<Vec<u8>>() {
        return T::deserialize(deserializer);
    }
    let mut bytes = Some(deserialize(deserializer)?);
    let same = (&mut bytes as &mut dyn Any).downcast_mut::<Option<T>>().and_then(Option::take);
    same.ok_or_else(|| de::Error::custom("bytes aren't bytes"))
}
