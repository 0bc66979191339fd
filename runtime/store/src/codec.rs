//! How keys, values and names become bytes.

use std::{any::type_name, ops::Range};

use serde::{Serialize, de::DeserializeOwned};

use crate::{StoreError, order};

/// The largest encoded key, in bytes.
pub const MAX_KEY: usize = 1024;

/// The largest encoded value, in bytes: beyond it sled would put values into blob files, which it
/// never syncs.
pub const MAX_VALUE: usize = 64 * 1024;

/// The largest value in a space, in bytes: as much, and room for what a layer above wraps it in.
pub const MAX_RAW: usize = MAX_VALUE + 4 * 1024;

/// The longest name of a table, an index, a space or a sequence, in bytes.
pub const MAX_NAME: usize = 64;

/// What a table's key may be: a serde type.
pub trait Key: Serialize + DeserializeOwned + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Send + 'static> Key for T {}

/// What a table's value may be: a serde type.
pub trait Value: Serialize + DeserializeOwned + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Send + 'static> Value for T {}

/// The parts of the one tree in which everything lives: the first byte of every key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// The engine's own bookkeeping.
    Own = 0,
    /// The ids of tables.
    Ids = 1,
    /// Rows whose keys don't sort as their values do, as they were written before.
    OldRows = 2,
    /// Sequences with a name of their own.
    Sequences = 3,
    /// Rows.
    Rows = 4,
    /// How many rows a table has.
    Counts = 5,
    /// The entries of indexes.
    Indexes = 6,
    /// Which indexes are complete.
    IndexMarks = 7,
    /// The spaces of layers above.
    Spaces = 8,
}

impl Part {
    /// Whether a key is in it.
    pub(crate) fn has(self, key: &[u8]) -> bool {
        key.first() == Some(&(self as u8))
    }
}

/// A part and a name, length first, so that no name is another's prefix.
pub(crate) fn prefix(part: Part, name: &str) -> Result<Vec<u8>, StoreError> {
    let mut prefix = vec![part as u8];
    push_name(&mut prefix, name)?;
    Ok(prefix)
}

/// Adds a name and its length.
pub(crate) fn push_name(prefix: &mut Vec<u8>, name: &str) -> Result<(), StoreError> {
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    if name.is_empty() || usize::from(length) > MAX_NAME {
        let name = name.chars().take(MAX_NAME).collect();
        return Err(StoreError::Name { name, limit: MAX_NAME });
    }
    prefix.push(length);
    prefix.extend(name.as_bytes());
    Ok(())
}

/// A key's bytes, without its table's prefix.
pub(crate) fn encode_key<K: Serialize + ?Sized>(key: &K) -> Result<Vec<u8>, StoreError> {
    sized(order::encode(key).map_err(unwritable::<K>)?)
}

/// The bytes that keys begin with whose last part, a text, begins so.
pub(crate) fn encode_open_key<K: Serialize + ?Sized>(key: &K) -> Result<Vec<u8>, StoreError> {
    sized(order::encode_open(key).map_err(unwritable::<K>)?)
}

fn unwritable<K: ?Sized>(fault: order::Fault) -> StoreError {
    StoreError::Encode { table: type_name::<K>().to_owned(), cause: fault.to_string() }
}

fn sized(bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    check_size("key", bytes.len(), MAX_KEY)?;
    Ok(bytes)
}

pub(crate) fn decode_key<K: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<K, StoreError> {
    let wrong = |cause| StoreError::Decode { table: table.to_owned(), cause };
    order::decode(bytes).map_err(|fault| wrong(format!("its key: {fault}")))
}

/// A big-endian number, as groups, counts and sequences are kept.
pub(crate) fn number(bytes: &[u8]) -> Result<u64, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt {
        cause: format!("a counter of {} bytes instead of 8", bytes.len()),
    })?;
    Ok(u64::from_be_bytes(bytes))
}

/// A value's bytes: MessagePack with field names, so that a program with more fields reads them.
pub(crate) fn encode_value<V: Serialize>(table: &str, value: &V) -> Result<Vec<u8>, StoreError> {
    let bytes = rmp_serde::to_vec_named(value)
        .map_err(|e| StoreError::Encode { table: table.to_owned(), cause: e.to_string() })?;
    check_size("value", bytes.len(), MAX_VALUE)?;
    Ok(bytes)
}

pub(crate) fn decode_value<V: DeserializeOwned>(
    table: &str,
    bytes: &[u8],
) -> Result<V, StoreError> {
    rmp_serde::from_slice(bytes)
        .map_err(|e| StoreError::Decode { table: table.to_owned(), cause: e.to_string() })
}

pub(crate) fn check_size(what: &'static str, size: usize, limit: usize) -> Result<(), StoreError> {
    if size > limit {
        return Err(StoreError::TooLarge { what, size, limit });
    }
    Ok(())
}

/// All keys that begin with `prefix`, as a half-open range.
pub(crate) fn starting_with(prefix: Vec<u8>) -> Range<Vec<u8>> {
    let mut end = prefix.clone();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    // All bytes 255 have no such end; a space byte in front makes that impossible for whole keys.
    prefix..end
}

/// The first key after `key`.
pub(crate) fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_prefix_range_holds_what_begins_so(prefix: Vec<u8>, other: Vec<u8>) {
            let range = starting_with(prefix.clone());
            let within = range.start <= other && (range.end.is_empty() || other < range.end);
            prop_assert_eq!(within, other.starts_with(&prefix));
        }

        #[test]
        fn damaged_rows_are_errors(bytes: Vec<u8>) {
            let _ = decode_key::<(u64, String, Option<Vec<u8>>)>("t", &bytes);
            let _ = decode_value::<(u64, String, Option<Vec<u8>>)>("t", &bytes);
        }
    }
}
