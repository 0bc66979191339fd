//! A typed table.

mod claim;
mod definition;
mod index;
mod migrate;
mod prepare;

use std::{fmt, sync::Arc};

pub use self::index::{Index, Unique};
pub(crate) use self::{definition::Definition, prepare::prepare};
use crate::{
    Key, Keys, Store, StoreError, Value,
    codec::{decode_key, decode_value, encode_key},
    engine::RawRow,
};

/// Rows of one type under keys of one type, made by [`Store::table`]. Clones are handles on the
/// same rows.
///
/// Reads may be shared; writing takes `&mut self`, so that in a service it happens in an exclusive
/// turn, or it happens in a [transaction](Store::transaction). Every operation is an owned future
/// that does nothing until it is polled. A write resolves when it is on disk. A read never tells
/// of what isn't there yet: if its row is being written, it waits. A row that was read or written
/// of late is in memory, and a read of it neither waits nor wakes anybody.
///
/// # Keys and their order
///
/// Keys sort as their values do: numbers by size, negative ones first; texts and bytes by their
/// bytes, which for texts is the order of `str`; `None` before `Some`; tuples and structs part by
/// part; enums by the order of their variants; lists by their elements. A tuple's first parts are a
/// [prefix](Keys::prefix) of it. Floats sort by `total_cmp`. Texts of another order (of people, of
/// a language) need a key of their own that has it.
///
/// # Values
///
/// Values are MessagePack with field names: a newer program may add fields with
/// `#[serde(default)]`, reorder fields, and drop some. Renaming a field needs `#[serde(alias)]`. An
/// `Option` directly in an `Option` comes back as `None`.
pub struct Table<K, V> {
    store: Store,
    definition: Arc<Definition<K, V>>,
}

impl<K: Key, V: Value> Table<K, V> {
    pub(crate) const fn new(store: Store, definition: Arc<Definition<K, V>>) -> Self {
        Self { store, definition }
    }

    /// The value of a key.
    pub fn get(
        &self,
        key: &K,
    ) -> impl Future<Output = Result<Option<V>, StoreError>> + Send + use<K, V> {
        let (table, key) = (self.clone(), self.row_key(key));
        async move {
            let key = key?;
            let row = match table.store.cached(&key) {
                Some(row) => row,
                None => Box::pin(table.store.rows(vec![key])).await?.pop().flatten(),
            };
            row.map(|bytes| table.decode(&bytes)).transpose()
        }
    }

    /// The values of some keys, in their order.
    pub fn get_many(
        &self,
        keys: &[K],
    ) -> impl Future<Output = Result<Vec<Option<V>>, StoreError>> + Send + use<K, V> {
        let keys = keys.iter().map(|key| self.row_key(key)).collect::<Result<_, _>>();
        let table = self.clone();
        async move {
            let rows = table.store.rows(keys?).await?;
            let decode = |row: Option<Arc<[u8]>>| row.map(|bytes| table.decode(&bytes)).transpose();
            rows.into_iter().map(decode).collect()
        }
    }

    /// Writes a row, in place of the key's former one.
    ///
    /// # Errors
    /// [`StoreError::NotUnique`] if another row has the same key in one of the table's unique
    /// indexes, among others.
    pub fn insert(
        &mut self,
        key: &K,
        value: &V,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<K, V> {
        let row = self.definition.row(key, value);
        let table = self.clone();
        async move {
            let row = row?;
            let insert = table.store.transaction(move |tx| table.definition.put(tx, row));
            Ok(insert.await?)
        }
    }

    /// Reads a row, changes it and writes it, as one; the new row, or `None` if there is none of
    /// this key.
    ///
    /// ```
    /// # async fn example(mut hits: seam_store::Table<u64, u64>) -> Result<(), Box<dyn std::error::Error>> {
    /// let now = hits.update(&7, |hits| *hits += 1).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn update<F: FnOnce(&mut V) + Send + 'static>(
        &mut self,
        key: &K,
        change: F,
    ) -> impl Future<Output = Result<Option<V>, StoreError>> + Send + use<K, V, F> {
        let (table, key) = (self.clone(), encode_key(key));
        async move {
            let key = key?;
            let store = table.store.clone();
            let update = store.transaction(move |tx| table.definition.update(tx, key, change));
            Ok(update.await?)
        }
    }

    /// Removes a row; says whether there was one.
    pub fn remove(
        &mut self,
        key: &K,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<K, V> {
        let (table, key) = (self.clone(), self.row_key(key));
        async move {
            let key = key?;
            let remove = table.store.transaction(move |tx| table.definition.take(tx, key));
            Ok(remove.await?)
        }
    }

    /// Rows in key order: those of [`Keys`], which says how many and from which end.
    pub fn scan(
        &self,
        keys: Keys<K>,
    ) -> impl Future<Output = Result<Vec<(K, V)>, StoreError>> + Send + use<K, V> {
        let (table, scan) = (self.clone(), keys.scan(self.prefix()));
        async move {
            let rows = table.store.scan(scan?).await?;
            decode_rows(table.name(), table.prefix(), &rows)
        }
    }

    /// How many rows there are. The number is kept, so this is a read of one row.
    pub fn count(&self) -> impl Future<Output = Result<u64, StoreError>> + Send + use<K, V> {
        let table = self.clone();
        async move {
            let row = table.store.rows(vec![table.definition.count_key().to_vec()]).await?.pop();
            row.flatten().map_or(Ok(0), |bytes| crate::codec::number(&bytes))
        }
    }

    /// How many rows these keys have. They are counted one by one; what is written meanwhile may be
    /// counted or not.
    pub fn count_in(
        &self,
        keys: Keys<K>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send + use<K, V> {
        let (table, scan) = (self.clone(), keys.scan(self.prefix()));
        async move { count(&table.store, scan?).await }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> impl Future<Output = Result<bool, StoreError>> + Send + use<K, V> {
        let count = self.count();
        async move { Ok(count.await? == 0) }
    }

    pub(crate) fn row_key(&self, key: &K) -> Result<Vec<u8>, StoreError> {
        self.definition.row_key(key)
    }

    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<V, StoreError> {
        decode_value(self.name(), bytes)
    }
}

impl<K, V> Table<K, V> {
    /// The table's name.
    pub fn name(&self) -> &str {
        self.definition.name()
    }

    /// The store that the table belongs to, for transactions.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        self.definition.prefix()
    }

    pub(crate) fn store_id(&self) -> u64 {
        self.store.id()
    }

    pub(crate) const fn definition(&self) -> &Arc<Definition<K, V>> {
        &self.definition
    }
}

/// How many of the rows of a range a scan has.
async fn count(store: &Store, scan: crate::engine::Scan) -> Result<u64, StoreError> {
    let rows = store.engine().count(scan.range).await?;
    Ok(rows.saturating_sub(scan.skip as u64).min(scan.take as u64))
}

pub(crate) fn decode_rows<K: Key, V: Value>(
    table: &str,
    prefix: &[u8],
    rows: &[RawRow],
) -> Result<Vec<(K, V)>, StoreError> {
    let decode = |(key, value): &RawRow| {
        let key = key.get(prefix.len()..).unwrap_or_default();
        Ok((decode_key(table, key)?, decode_value(table, value)?))
    };
    rows.iter().map(decode).collect()
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), definition: Arc::clone(&self.definition) }
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name()).finish_non_exhaustive()
    }
}
