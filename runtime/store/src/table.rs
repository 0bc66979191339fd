//! A typed table.

use std::{fmt, marker::PhantomData, sync::Arc};

use crate::{
    Key, Keys, Store, StoreError, Value,
    codec::{decode_value, encode_key, encode_value, starting_with},
    database::{RawRow, Writes},
    keys::decode_row_key,
};

/// Rows of one type under keys of one type, made by [`Store::table`]. Clones are handles on the
/// same rows.
///
/// Reads may be shared; writing takes `&mut self`, so that in a service it happens in an exclusive
/// turn, or it happens in a [transaction](Store::transaction). Every operation is an owned future
/// that does nothing until it is polled. A write resolves when it is on disk. A read never tells
/// of what isn't there yet: if its row is being written, it waits.
///
/// # Keys and their order
///
/// Keys are encoded by bincode, big-endian and of fixed width. So unsigned numbers, `bool` and
/// `char`s below 128, tuples of them, and newtypes around them are in their own order, and a
/// tuple's first parts are a [prefix](Keys::prefix) of it. Elsewhere the order is another, though
/// always the same: negative numbers come after positive ones, and strings and byte vectors go by
/// length first, and have no useful prefixes.
///
/// # Values
///
/// Values are MessagePack with field names: a newer program may add fields with
/// `#[serde(default)]`, reorder fields, and drop some. Renaming a field needs `#[serde(alias)]`. An
/// `Option` directly in an `Option` comes back as `None`.
pub struct Table<K, V> {
    store: Store,
    name: Arc<str>,
    prefix: Arc<[u8]>,
    types: PhantomData<fn(&K) -> V>,
}

impl<K: Key, V: Value> Table<K, V> {
    pub(crate) fn new(store: Store, name: &str, prefix: Vec<u8>) -> Self {
        Self { store, name: name.into(), prefix: prefix.into(), types: PhantomData }
    }

    /// The value of a key.
    pub fn get(
        &self,
        key: &K,
    ) -> impl Future<Output = Result<Option<V>, StoreError>> + Send + use<K, V> {
        let (store, name, key) = (self.store.clone(), Arc::clone(&self.name), self.row_key(key));
        async move {
            let key = key?;
            let read = store.read(move |database| {
                let (bytes, wait) = database.get(&key)?;
                Ok((bytes.map(|bytes| decode_value(&name, &bytes)).transpose()?, wait))
            });
            read.await
        }
    }

    /// Writes a row, in place of the key's former one.
    pub fn insert(
        &mut self,
        key: &K,
        value: &V,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<K, V> {
        let store = self.store.clone();
        let row = self.row_key(key).and_then(|key| Ok((key, encode_value(&self.name, value)?)));
        async move {
            let (key, value) = row?;
            Ok(store.transaction(move |tx| tx.write(key, Some(value))).await?)
        }
    }

    /// Removes a row; says whether there was one.
    pub fn remove(
        &mut self,
        key: &K,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<K, V> {
        let (store, key) = (self.store.clone(), self.row_key(key));
        async move {
            let key = key?;
            let remove = store.transaction(move |tx| {
                let existed = tx.read(&key)?.is_some();
                if existed {
                    tx.write(key, None)?;
                }
                Ok(existed)
            });
            Ok(remove.await?)
        }
    }

    /// Up to `limit` rows in key order, from behind `after` on: the last key of a page gets the next.
    pub fn scan(
        &self,
        keys: Keys<K>,
        after: Option<&K>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(K, V)>, StoreError>> + Send + use<K, V> {
        let range = keys.within(&self.prefix, after);
        let (store, name, prefix) =
            (self.store.clone(), Arc::clone(&self.name), Arc::clone(&self.prefix));
        async move {
            let range = range?;
            let read = store.read(move |database| {
                let (rows, wait) = database.scan(range, limit, &Writes::new())?;
                Ok((decode_rows(&name, &prefix, &rows)?, wait))
            });
            read.await
        }
    }

    /// How many rows there are. Reads them all, so it takes its time on a large table, and what is
    /// written meanwhile may be counted or not.
    pub fn len(&self) -> impl Future<Output = Result<usize, StoreError>> + Send + use<K, V> {
        let (store, range) = (self.store.clone(), starting_with(self.prefix.to_vec()));
        async move { store.read(move |database| database.count(range)).await }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> impl Future<Output = Result<bool, StoreError>> + Send + use<K, V> {
        let (store, range) = (self.store.clone(), starting_with(self.prefix.to_vec()));
        async move {
            let first = store.read(move |database| database.scan(range, 1, &Writes::new()));
            Ok(first.await?.is_empty())
        }
    }

    pub(crate) fn row_key(&self, key: &K) -> Result<Vec<u8>, StoreError> {
        Ok([&self.prefix, encode_key(key)?.as_slice()].concat())
    }

    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<V, StoreError> {
        decode_value(&self.name, bytes)
    }
}

impl<K, V> Table<K, V> {
    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The store that the table belongs to, for transactions.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    pub(crate) fn store_id(&self) -> u64 {
        self.store.id()
    }
}

pub(crate) fn decode_rows<K: Key, V: Value>(
    table: &str,
    prefix: &[u8],
    rows: &[RawRow],
) -> Result<Vec<(K, V)>, StoreError> {
    let decode = |(key, value): &RawRow| {
        Ok((decode_row_key(table, prefix, key)?, decode_value(table, value)?))
    };
    rows.iter().map(decode).collect()
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            name: Arc::clone(&self.name),
            prefix: Arc::clone(&self.prefix),
            types: PhantomData,
        }
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}
