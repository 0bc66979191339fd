//! Which keys a scan visits, and in which direction.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Bound, Range, RangeBounds},
};

use serde::Serialize;

use crate::{
    StoreError,
    codec::{encode_key, encode_open_key, starting_with, successor},
    engine::Scan,
};

/// The keys that a scan visits: all, a range, or those that begin alike; from which end, and how
/// many of them.
///
/// ```
/// use seam_store::Keys;
///
/// // Of the key `(author, time)`: an author's newest, the third page of twenty.
/// let page: Keys<(u64, u64)> = Keys::prefix(&7_u64).rev().skip(40).take(20);
/// ```
///
/// They follow the [order of the keys](crate::Table#keys-and-their-order). A key that can't be
/// encoded is reported by the scan.
pub struct Keys<K> {
    /// Encoded, without the table's prefix.
    bounds: Result<Bounds, StoreError>,
    after: Option<Result<Vec<u8>, StoreError>>,
    reverse: bool,
    skip: usize,
    take: usize,
    key: PhantomData<fn(&K)>,
}

/// From where to where; no end means the table's.
type Bounds = (Vec<u8>, Option<Vec<u8>>);

impl<K: Serialize> Keys<K> {
    /// Every key of the table.
    pub fn all() -> Self {
        Self::within(Ok((Vec::new(), None)))
    }

    /// The keys within a range, e.g. `Keys::range(10..20)`.
    pub fn range(range: impl RangeBounds<K>) -> Self {
        Self::within(encode_range(&range))
    }

    /// The keys whose first parts are these: for a key `(UserId, OrderId)`, `Keys::prefix(&user)`
    /// are the keys of one user.
    pub fn prefix(prefix: &(impl Serialize + ?Sized)) -> Self {
        Self::within(encode_key(prefix).map(beginning))
    }

    /// As [`prefix`](Self::prefix), and the last part is a text that begins so: for a key `String`,
    /// `Keys::starting("ab")` are `"ab"`, `"abc"` and so on.
    pub fn starting(prefix: &(impl Serialize + ?Sized)) -> Self {
        Self::within(encode_open_key(prefix).map(beginning))
    }

    /// The keys from the first that begins with `from` up to the last before any that begins with
    /// `to`: for a key `(Time, Id)`, `Keys::between(&monday, &tuesday)` are a day's.
    pub fn between(from: &(impl Serialize + ?Sized), to: &(impl Serialize + ?Sized)) -> Self {
        Self::within(encode_key(from).and_then(|from| Ok((from, Some(encode_key(to)?)))))
    }

    fn within(bounds: Result<Bounds, StoreError>) -> Self {
        Self { bounds, after: None, reverse: false, skip: 0, take: usize::MAX, key: PhantomData }
    }

    /// Only what comes behind this key in the direction of the scan: the last key of a page gets
    /// the next one. The key need not exist; `None` is where the first page begins.
    #[must_use]
    pub fn after<'k>(mut self, key: impl Into<Option<&'k K>>) -> Self
    where
        K: 'k,
    {
        self.after = key.into().map(encode_key);
        self
    }

    /// From the last to the first.
    #[must_use]
    pub const fn rev(mut self) -> Self {
        self.reverse = !self.reverse;
        self
    }

    /// Without the first so many. They are read all the same: for pages far down,
    /// [`after`](Self::after) is faster.
    #[must_use]
    pub const fn skip(mut self, rows: usize) -> Self {
        self.skip = rows;
        self
    }

    /// At most so many. Without it all are read at once.
    #[must_use]
    pub const fn take(mut self, rows: usize) -> Self {
        self.take = rows;
        self
    }

    /// The scan of the tree, below this prefix.
    pub(crate) fn scan(self, prefix: &[u8]) -> Result<Scan, StoreError> {
        let (mut start, mut end) = self.bounds?;
        if let Some(after) = self.after {
            let after = after?;
            if self.reverse {
                end = Some(end.map_or(after.clone(), |end| end.min(after)));
            } else {
                start = start.max(successor(after));
            }
        }
        let end = match end {
            Some(end) => [prefix, &end].concat(),
            None => starting_with(prefix.to_vec()).end,
        };
        let range = [prefix, &start].concat()..end;
        Ok(Scan { range, reverse: self.reverse, skip: self.skip, take: self.take, follow: None })
    }
}

fn beginning(bytes: Vec<u8>) -> Bounds {
    let Range { start, end } = starting_with(bytes);
    (start, (!end.is_empty()).then_some(end))
}

fn encode_range<K: Serialize>(range: &impl RangeBounds<K>) -> Result<Bounds, StoreError> {
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
        Self { bounds: self.bounds.clone(), after: self.after.clone(), ..*self }
    }
}

impl<K> fmt::Debug for Keys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("bounds", &self.bounds)
            .field("after", &self.after)
            .field("reverse", &self.reverse)
            .field("skip", &self.skip)
            .field("take", &self.take)
            .finish()
    }
}
