//! Finding rows by something else than their keys.

use std::{any::TypeId, any::type_name, fmt, marker::PhantomData, sync::Arc};

use serde::Serialize;

use super::{
    Table, count, decode_rows,
    definition::{Declared, Entries},
    prepare::build,
};
use crate::{
    Key, Keys, StoreError, Value,
    codec::{encode_key, encode_value, successor},
    engine::{RawRow, Scan},
};

/// The rows of a table by a key that each has, or by several: made by [`Table::index`] or
/// [`Table::index_each`]. Clones are handles on the same.
///
/// Its order is that of the pair of this key and the row's own, so that rows of one key are in the
/// table's order.
pub struct Index<I, K, V>(Handle<I, K, V>);

/// The rows of a table by a key that no two of them share: made by [`Table::unique`]. Clones are
/// handles on the same.
pub struct Unique<I, K, V>(Handle<I, K, V>);

struct Handle<I, K, V> {
    table: Table<K, V>,
    /// Of its entries.
    prefix: Arc<[u8]>,
    key: PhantomData<fn(&I)>,
}

impl<K: Key, V: Value> Table<K, V> {
    /// Declares an index: `of` says under which key a row is found.
    ///
    /// Every write of the table keeps it, in the same transaction. Declare it where the table is
    /// opened, before anything is written. On a table that has rows already the first declaration
    /// builds it, and waits for that. If `of` changes, give the index another name: what it said of
    /// older rows is what they are found by.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)] struct Article { author: u64, created: u64 }
    /// # async fn example(store: seam_store::Store) -> Result<(), Box<dyn std::error::Error>> {
    /// use seam_store::{Keys, Table};
    ///
    /// let articles: Table<String, Article> = store.table("articles")?;
    /// let by_author = articles.index("by_author", |_, article| (article.author, article.created))?;
    /// let newest = by_author.scan(Keys::prefix(&7_u64).rev().skip(20).take(20)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the name is taken by an index of other keys, or the index can't be built.
    pub fn index<I: Serialize + 'static>(
        &self,
        name: &str,
        of: impl Fn(&K, &V) -> I + Send + Sync + 'static,
    ) -> Result<Index<I, K, V>, StoreError> {
        self.index_each(name, move |key, value| [of(key, value)])
    }

    /// As [`index`](Self::index), for rows that are found under several keys, or under none.
    pub fn index_each<I: Serialize + 'static, T: IntoIterator<Item = I>>(
        &self,
        name: &str,
        of: impl Fn(&K, &V) -> T + Send + Sync + 'static,
    ) -> Result<Index<I, K, V>, StoreError> {
        let (prefix, mark) = self.definition.index_keys(name)?;
        let below = prefix.clone();
        let entries = move |key: &K, value: &V| {
            let entry = |index: I| Ok([below.as_slice(), &encode_key(&(index, key))?].concat());
            of(key, value).into_iter().map(entry).collect()
        };
        self.declare::<I>(name, prefix, mark, false, Box::new(entries)).map(Index)
    }

    /// As [`index`](Self::index), under a key that no other row may have.
    ///
    /// # Errors
    /// As there, and [`StoreError::NotUnique`] if two rows have it already.
    pub fn unique<I: Serialize + 'static>(
        &self,
        name: &str,
        of: impl Fn(&K, &V) -> I + Send + Sync + 'static,
    ) -> Result<Unique<I, K, V>, StoreError> {
        let (prefix, mark) = self.definition.index_keys(name)?;
        let below = prefix.clone();
        let entries = move |key: &K, value: &V| {
            Ok(vec![[below.as_slice(), &encode_key(&of(key, value))?].concat()])
        };
        self.declare::<I>(name, prefix, mark, true, Box::new(entries)).map(Unique)
    }

    fn declare<I: Serialize + 'static>(
        &self,
        name: &str,
        prefix: Vec<u8>,
        mark: Vec<u8>,
        unique: bool,
        entries: Box<Entries<K, V>>,
    ) -> Result<Handle<I, K, V>, StoreError> {
        let handle =
            Handle { table: self.clone(), prefix: prefix.as_slice().into(), key: PhantomData };
        let types = (TypeId::of::<I>(), type_name::<I>());
        let made_of = encode_value(self.name(), &(types.1, unique))?;
        let named = name.to_owned();
        let declared =
            Arc::new(Declared { name: named, prefix, mark, made_of, types, unique, entries });
        let _one_at_a_time = self.definition.declaring.lock();
        match self.definition.declared(name) {
            // By an instance before this one: what it captured may be of that.
            Some(before) if before.types.0 == types.0 && before.unique == unique => {
                self.definition.declare(declared);
            }
            Some(before) => {
                let table = format!("{}.{name}", self.name());
                return Err(StoreError::Retyped { table, before: before.types.1 });
            }
            None => build(&self.store, &self.definition, declared)?,
        }
        Ok(handle)
    }
}

impl<I: Serialize, K: Key, V: Value> Index<I, K, V> {
    /// Rows in the order of the index: `Keys::prefix(&key)` are those of one key, and
    /// `Keys::prefix(&part)` those whose key begins so.
    pub fn scan(
        &self,
        keys: Keys<(I, K)>,
    ) -> impl Future<Output = Result<Vec<(K, V)>, StoreError>> + Send + use<I, K, V> {
        let (table, scan) = (self.0.table.clone(), self.scan_of(keys));
        async move {
            let rows = table.store.scan(scan?).await?;
            decode_rows(table.name(), table.prefix(), &rows)
        }
    }

    /// How many entries these keys have, counted one by one.
    pub fn count_in(
        &self,
        keys: Keys<(I, K)>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send + use<I, K, V> {
        let (table, scan) = (self.0.table.clone(), self.scan_of(keys));
        async move { count(&table.store, scan?).await }
    }

    /// The table whose rows it finds.
    pub const fn table(&self) -> &Table<K, V> {
        &self.0.table
    }

    pub(crate) fn scan_of(&self, keys: Keys<(I, K)>) -> Result<Scan, StoreError> {
        let follow = Some(self.0.table.prefix().to_vec());
        Ok(Scan { follow, ..keys.scan(&self.0.prefix)? })
    }
}

impl<I: Serialize, K: Key, V: Value> Unique<I, K, V> {
    /// The row of this key, with its own.
    pub fn get(
        &self,
        key: &I,
    ) -> impl Future<Output = Result<Option<(K, V)>, StoreError>> + Send + use<I, K, V> {
        let (table, entry) = (self.0.table.clone(), self.entry(key));
        async move {
            let entry = entry?;
            if table.store.is_shared() {
                // Nothing of it is in memory: entry and row at once, as of one moment.
                let range = entry.clone()..successor(entry);
                let follow = Some(table.prefix().to_vec());
                let rows = table.store.scan(Scan { follow, ..Scan::of(range) }).await?;
                return Ok(decode_rows(table.name(), table.prefix(), &rows)?.pop());
            }
            loop {
                let Some(row) = one(&table, entry.clone()).await? else { return Ok(None) };
                let full = [table.prefix(), &row].concat();
                let value = one(&table, full.clone()).await?;
                // Written between the two reads, or not: then they belong together.
                if one(&table, entry.clone()).await? == Some(row) {
                    let rows: Vec<RawRow> =
                        value.map(|value| (full, value.to_vec())).into_iter().collect();
                    return Ok(decode_rows(table.name(), table.prefix(), &rows)?.pop());
                }
            }
        }
    }

    /// The table whose rows it finds.
    pub const fn table(&self) -> &Table<K, V> {
        &self.0.table
    }

    pub(crate) fn entry(&self, key: &I) -> Result<Vec<u8>, StoreError> {
        Ok([&self.0.prefix, encode_key(key)?.as_slice()].concat())
    }
}

/// A row by its whole key, from memory if it is there.
async fn one<K: Key, V: Value>(
    table: &Table<K, V>,
    key: Vec<u8>,
) -> Result<Option<Arc<[u8]>>, StoreError> {
    match table.store.cached(&key) {
        Some(row) => Ok(row),
        None => Ok(table.store.rows(vec![key]).await?.pop().flatten()),
    }
}

impl<I, K, V> Clone for Handle<I, K, V> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), prefix: Arc::clone(&self.prefix), key: PhantomData }
    }
}

impl<I, K, V> Clone for Index<I, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<I, K, V> Clone for Unique<I, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<I, K, V> fmt::Debug for Index<I, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("table", &self.0.table).finish_non_exhaustive()
    }
}

impl<I, K, V> fmt::Debug for Unique<I, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unique").field("table", &self.0.table).finish_non_exhaustive()
    }
}
