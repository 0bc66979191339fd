//! What a store knows of a table, and what writing one of its rows takes.

use std::{any::TypeId, collections::BTreeSet, sync::Arc};

use parking_lot::{Mutex, RwLock};

use crate::{
    Key, StoreError, Transaction, Value,
    codec::{
        Part, decode_key, decode_value, encode_key, encode_value, prefix, push_name, starting_with,
    },
    engine::Scan,
    transaction::Write,
};

/// The entries that a row has in an index: keys of the tree.
pub(crate) type Entries<K, V> = dyn Fn(&K, &V) -> Result<Vec<Vec<u8>>, StoreError> + Send + Sync;

/// What a store knows of a table. There is one per name, whoever has a handle on the table, so that
/// no write misses an index.
pub(crate) struct Definition<K, V> {
    name: Arc<str>,
    prefix: Vec<u8>,
    count: Vec<u8>,
    indexes: RwLock<Vec<Arc<Declared<K, V>>>>,
    /// Other instances write too, and may complete an index at any time that nobody declares here:
    /// each write has to look.
    shared: bool,
    /// The marks of indexes that were complete before, and that nobody has declared yet: with the
    /// next write they no longer are.
    undeclared: RwLock<BTreeSet<Vec<u8>>>,
    /// Held while an index is declared.
    pub(crate) declaring: Mutex<()>,
}

/// An index that somebody declared.
pub(crate) struct Declared<K, V> {
    pub(crate) name: String,
    /// Of its entries.
    pub(crate) prefix: Vec<u8>,
    /// Where it says that it is complete.
    pub(crate) mark: Vec<u8>,
    /// What it says there: another type of key or kind of index is another index.
    pub(crate) made_of: Vec<u8>,
    /// Of its keys.
    pub(crate) types: (TypeId, &'static str),
    pub(crate) unique: bool,
    pub(crate) entries: Box<Entries<K, V>>,
}

/// A row that is ready to be written.
pub(crate) struct Row {
    /// Below the table's prefix.
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<K: Key, V: Value> Definition<K, V> {
    pub(crate) fn new(name: &str, shared: bool) -> Result<Self, StoreError> {
        Ok(Self {
            name: name.into(),
            shared,
            prefix: prefix(Part::Rows, name)?,
            count: prefix(Part::Counts, name)?,
            indexes: RwLock::default(),
            undeclared: RwLock::default(),
            declaring: Mutex::default(),
        })
    }

    /// A row, encoded where its caller is.
    pub(crate) fn row(&self, key: &K, value: &V) -> Result<Row, StoreError> {
        Ok(Row { key: encode_key(key)?, value: encode_value(&self.name, value)? })
    }

    pub(crate) fn row_key(&self, key: &K) -> Result<Vec<u8>, StoreError> {
        Ok([self.prefix.as_slice(), &encode_key(key)?].concat())
    }

    pub(crate) fn insert(
        &self,
        tx: &mut Transaction,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        self.put(tx, self.row(key, value)?)
    }

    pub(crate) fn remove(&self, tx: &mut Transaction, key: &K) -> Result<bool, StoreError> {
        self.take(tx, self.row_key(key)?)
    }

    /// How many rows there are.
    pub(crate) fn count(&self, tx: &Transaction) -> Result<u64, StoreError> {
        tx.read_number(&self.count)
    }

    /// Writes a row, what indexes say of it, and the count.
    pub(crate) fn put(&self, tx: &mut Transaction, row: Row) -> Result<(), StoreError> {
        let Row { key, value } = row;
        let full = [self.prefix.as_slice(), &key].concat();
        let before = tx.read(&full)?;
        let mut writes = self.reindexed(tx, &key, before.as_deref(), Some(&value))?;
        if before.is_none() {
            let count = self.count(tx)? + 1;
            writes.push((self.count.clone(), Some(count.to_be_bytes().to_vec())));
        }
        writes.push((full, Some(value)));
        tx.write_all(writes)
    }

    /// Changes the row of a key, if there is one.
    pub(crate) fn update(
        &self,
        tx: &mut Transaction,
        key: Vec<u8>,
        change: impl FnOnce(&mut V),
    ) -> Result<Option<V>, StoreError> {
        let full = [self.prefix.as_slice(), &key].concat();
        let Some(bytes) = tx.read(&full)? else { return Ok(None) };
        let mut value = decode_value(&self.name, &bytes)?;
        change(&mut value);
        let row = Row { key, value: encode_value(&self.name, &value)? };
        self.put(tx, row)?;
        Ok(Some(value))
    }

    /// Removes the row of a whole key; whether there was one.
    pub(crate) fn take(&self, tx: &mut Transaction, full: Vec<u8>) -> Result<bool, StoreError> {
        let Some(before) = tx.read(&full)? else { return Ok(false) };
        let key = full.get(self.prefix.len()..).unwrap_or_default();
        let mut writes = self.reindexed(tx, key, Some(&before), None)?;
        let count = self.count(tx)?.saturating_sub(1);
        writes.push((self.count.clone(), Some(count.to_be_bytes().to_vec())));
        writes.push((full, None));
        tx.write_all(writes)?;
        Ok(true)
    }

    /// What changes in the indexes when a row does.
    fn reindexed(
        &self,
        tx: &Transaction,
        row: &[u8],
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<Vec<(Vec<u8>, Write)>, StoreError> {
        let mut writes: Vec<_> = self.unkept(tx)?.into_iter().map(|mark| (mark, None)).collect();
        let indexes = self.indexes.read();
        if indexes.is_empty() {
            return Ok(writes);
        }
        let key = decode_key(&self.name, row)?;
        let decode = |bytes| decode_value::<V>(&self.name, bytes);
        let (before, after) = (before.map(decode).transpose()?, after.map(decode).transpose()?);
        for index in indexes.iter() {
            let entries = |value: &Option<V>| -> Result<BTreeSet<Vec<u8>>, StoreError> {
                let entries = value.as_ref().map(|value| (index.entries)(&key, value));
                Ok(entries.transpose()?.unwrap_or_default().into_iter().collect())
            };
            let (was, is) = (entries(&before)?, entries(&after)?);
            writes.extend(was.difference(&is).map(|entry| (entry.clone(), None)));
            for entry in is.difference(&was) {
                self.check_unique(tx, index, entry, row)?;
                writes.push((entry.clone(), Some(row.to_vec())));
            }
        }
        Ok(writes)
    }

    /// The marks that a write of this table makes untrue: of indexes that it doesn't keep, and that
    /// are complete or being built.
    fn unkept(&self, tx: &Transaction) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut unkept = Vec::new();
        if !self.shared {
            for mark in self.undeclared.read().iter() {
                if tx.read(mark)?.is_some() {
                    unkept.push(mark.clone());
                }
            }
            return Ok(unkept);
        }
        let below = self.marks()?;
        let name = below.len() + 1;
        let marks = tx.read_all(&Scan::of(starting_with(below)))?;
        let indexes = self.indexes.read();
        for (mark, made_of) in marks {
            // A claim's key begins with the mark's, and a claim says what is being built.
            let keeps = |index: &Arc<Declared<K, V>>| {
                mark.starts_with(&index.mark) && made_of.starts_with(&index.made_of)
            };
            if !indexes.iter().any(keeps) {
                let index = String::from_utf8_lossy(mark.get(name..).unwrap_or_default());
                tracing::warn!(
                    table = %self.name, %index,
                    "written without an index that another instance keeps: \
                     it is built anew when one that declares it starts"
                );
                unkept.push(mark);
            }
        }
        Ok(unkept)
    }

    /// Whether the entry is free, or is this row's.
    pub(crate) fn check_unique(
        &self,
        tx: &Transaction,
        index: &Declared<K, V>,
        entry: &[u8],
        row: &[u8],
    ) -> Result<(), StoreError> {
        if index.unique && tx.read(entry)?.is_some_and(|other| other != row) {
            let (table, index) = (self.name.to_string(), index.name.clone());
            return Err(StoreError::NotUnique { table, index });
        }
        Ok(())
    }
}

impl<K, V> Definition<K, V> {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    pub(crate) fn count_key(&self) -> &[u8] {
        &self.count
    }

    /// Below which the marks of its indexes are.
    pub(crate) fn marks(&self) -> Result<Vec<u8>, StoreError> {
        prefix(Part::IndexMarks, &self.name)
    }

    /// The prefix of an index' entries, and its mark.
    pub(crate) fn index_keys(&self, index: &str) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let (mut entries, mut mark) = (prefix(Part::Indexes, &self.name)?, self.marks()?);
        push_name(&mut entries, index)?;
        push_name(&mut mark, index)?;
        Ok((entries, mark))
    }

    pub(crate) fn declared(&self, index: &str) -> Option<Arc<Declared<K, V>>> {
        self.indexes.read().iter().find(|declared| declared.name == index).cloned()
    }

    /// From now on every write keeps this index.
    pub(crate) fn declare(&self, index: Arc<Declared<K, V>>) {
        self.undeclared.write().remove(&index.mark);
        self.forget(&index.name);
        self.indexes.write().push(index);
    }

    pub(crate) fn forget(&self, index: &str) {
        self.indexes.write().retain(|declared| declared.name != index);
    }

    pub(crate) fn set_undeclared(&self, marks: BTreeSet<Vec<u8>>) {
        *self.undeclared.write() = marks;
    }
}
