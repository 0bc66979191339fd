//! Which keys a scan visits.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Bound, Range, RangeBounds},
};

use serde::Serialize;

use crate::{
    StoreError,
    codec::{decode_key, encode_key, starting_with, successor},
};

/// The keys that a scan visits: all, a range, or those with a common prefix.
///
/// Ranges follow the order of the encoded keys (see [`Table`](crate::Table#keys-and-their-order)).
/// A key that can't be encoded is reported by the scan.
pub struct Keys<K> {
    /// Encoded, without the table's prefix; no end means the table's.
    bounds: Result<(Vec<u8>, Option<Vec<u8>>), StoreError>,
    key: PhantomData<fn(&K)>,
}

impl<K: Serialize> Keys<K> {
    /// Every key of the table.
    pub fn all() -> Self {
        Self { bounds: Ok((Vec::new(), None)), key: PhantomData }
    }

    /// The keys within a range, e.g. `Keys::range(10..20)`.
    pub fn range(range: impl RangeBounds<K>) -> Self {
        Self { bounds: encode_range(&range), key: PhantomData }
    }

    /// The keys whose encoding begins with that of `prefix`: for a key `(UserId, OrderId)`,
    /// `Keys::prefix(&user)` are the keys of one user.
    pub fn prefix(prefix: &(impl Serialize + ?Sized)) -> Self {
        let bounds = encode_key(prefix).map(|bytes| {
            let Range { start, end } = starting_with(bytes);
            (start, (!end.is_empty()).then_some(end))
        });
        Self { bounds, key: PhantomData }
    }

    /// The range in the tree, beyond `after`, for the table with this prefix.
    pub(crate) fn within(
        self,
        table: &[u8],
        after: Option<&K>,
    ) -> Result<Range<Vec<u8>>, StoreError> {
        let (mut start, end) = self.bounds?;
        if let Some(after) = after {
            start = start.max(successor(encode_key(after)?));
        }
        let end = match end {
            Some(end) => [table, &end].concat(),
            None => starting_with(table.to_vec()).end,
        };
        Ok([table, &start].concat()..end)
    }
}

fn encode_range<K: Serialize>(
    range: &impl RangeBounds<K>,
) -> Result<(Vec<u8>, Option<Vec<u8>>), StoreError> {
    let start = match range.start_bound() {
        Bound::Unbounded => Vec::new(),
        Bound::Included(key) => encode_key(key)?,
        Bound::Excluded(key) => successor(encode_key(key)?),
    };
    let end = match range.end_bound() {
        Bound::Unbounded => None,
        Bound::Included(key) => Some(successor(encode_key(key)?)),
        Bound::Excluded(key) => Some(encode_key(key)?),
    };
    Ok((start, end))
}

impl<K> Clone for Keys<K> {
    fn clone(&self) -> Self {
        Self { bounds: self.bounds.clone(), key: PhantomData }
    }
}

impl<K> fmt::Debug for Keys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.bounds).finish()
    }
}

/// Splits a table's prefix off a key of the tree and decodes the rest.
pub(crate) fn decode_row_key<K: serde::de::DeserializeOwned>(
    table: &str,
    prefix: &[u8],
    key: &[u8],
) -> Result<K, StoreError> {
    decode_key(table, key.get(prefix.len()..).unwrap_or_default())
}
