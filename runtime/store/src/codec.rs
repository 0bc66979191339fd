//! How keys, values and names become bytes.

use std::{any::type_name, ops::Range};

use bincode::config::{BigEndian, Configuration, Fixint, Limit};
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// The largest encoded key, in bytes.
pub const MAX_KEY: usize = 1024;

/// The largest encoded value, in bytes: beyond it sled would put values into blob files, which it
/// never syncs.
pub const MAX_VALUE: usize = 64 * 1024;

/// The longest name of a table or a sequence, in bytes.
pub const MAX_NAME: usize = 64;

/// What a table's key may be: a serde type, best an unsigned number or a tuple of those.
pub trait Key: Serialize + DeserializeOwned + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Send + 'static> Key for T {}

/// What a table's value may be: a serde type.
pub trait Value: Serialize + DeserializeOwned + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Send + 'static> Value for T {}

/// Big-endian and of fixed width, so that bytes sort as unsigned numbers do. The limit keeps a
/// damaged length from allocating.
const KEYS: Configuration<BigEndian, Fixint, Limit<MAX_KEY>> =
    bincode::config::legacy().with_big_endian().with_limit::<MAX_KEY>();

/// The parts of the one tree in which everything lives: the first byte of every key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Space {
    /// The store's own bookkeeping.
    Own = 0,
    /// The ids of tables.
    Ids = 1,
    /// Rows.
    Rows = 2,
    /// Sequences with a name of their own.
    Sequences = 3,
}

/// A space and a name, length first, so that no name is another's prefix.
pub(crate) fn prefix(space: Space, name: &str) -> Result<Vec<u8>, StoreError> {
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    if name.is_empty() || usize::from(length) > MAX_NAME {
        let name = name.chars().take(MAX_NAME).collect();
        return Err(StoreError::Name { name, limit: MAX_NAME });
    }
    Ok([&[space as u8, length], name.as_bytes()].concat())
}

/// A key's bytes, without its table's prefix.
pub(crate) fn encode_key<K: Serialize + ?Sized>(key: &K) -> Result<Vec<u8>, StoreError> {
    let bytes = bincode::serde::encode_to_vec(key, KEYS).map_err(|e| StoreError::Encode {
        table: type_name::<K>().to_owned(),
        cause: e.to_string(),
    })?;
    check_size("key", bytes.len(), MAX_KEY)?;
    Ok(bytes)
}

pub(crate) fn decode_key<K: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<K, StoreError> {
    let wrong = |cause| StoreError::Decode { table: table.to_owned(), cause };
    let (key, used) = bincode::serde::decode_from_slice(bytes, KEYS)
        .map_err(|e| wrong(format!("its key: {e}")))?;
    if used != bytes.len() {
        return Err(wrong(format!("its key has {} bytes too many", bytes.len() - used)));
    }
    Ok(key)
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
        fn unsigned_tuples_keep_their_order(a: (u8, u16, u32, u64, bool), b: (u8, u16, u32, u64, bool)) {
            let (x, y) = (encode_key(&a).unwrap(), encode_key(&b).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(decode_key::<(u8, u16, u32, u64, bool)>("t", &x), Ok(a));
            prop_assert!(x.starts_with(&encode_key(&(a.0, a.1)).unwrap()));
        }

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
            prop_assert!(decode_key::<String>("t", &[&[u8::MAX; 8], &bytes[..]].concat()).is_err());
        }
    }
}
