//! Several reads and writes as one.

use std::sync::Arc;

use crate::{
    Key, Keys, StoreError, Table, Value,
    codec::{Space, check_size, encode_value, prefix},
    database::{Database, Write, Writes, number},
    table::decode_rows,
};

/// The most that one transaction may write, in bytes.
pub const MAX_TRANSACTION: usize = 16 * 1024 * 1024;

/// A transaction's view of the store: what is there, and on top of it what it wrote itself.
///
/// An operation that returns an error had no effect; what was written before it stands if the
/// closure returns `Ok` all the same.
#[derive(Debug)]
pub struct Transaction {
    store: u64,
    database: Arc<Database>,
    /// Of this transaction and of those before it that will share its sync.
    writes: Writes,
    /// What to put back, last first, if this one writes nothing in the end.
    undo: Vec<(Vec<u8>, Option<Write>)>,
    size: usize,
}

impl Transaction {
    /// On top of what the group has written so far.
    pub(crate) fn new(store: u64, database: Arc<Database>, writes: Writes) -> Self {
        Self { store, database, writes, undo: Vec::new(), size: 0 }
    }

    /// The value of a key.
    pub fn get<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        self.own(table)?;
        let bytes = self.read(&table.row_key(key)?)?;
        bytes.map(|bytes| table.decode(&bytes)).transpose()
    }

    /// Writes a row, in place of the key's former one.
    pub fn insert<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        self.own(table)?;
        let value = encode_value(table.name(), value)?;
        self.write(table.row_key(key)?, Some(value))
    }

    /// Removes a row; says whether there was one.
    pub fn remove<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
    ) -> Result<bool, StoreError> {
        self.own(table)?;
        let key = table.row_key(key)?;
        let existed = self.read(&key)?.is_some();
        if existed {
            self.write(key, None)?;
        }
        Ok(existed)
    }

    /// Up to `limit` rows in key order, from behind `after` on.
    pub fn scan<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        keys: Keys<K>,
        after: Option<&K>,
        limit: usize,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.own(table)?;
        let range = keys.within(table.prefix(), after)?;
        let (rows, _) = self.database.scan(range, limit, &self.writes)?;
        decode_rows(table.name(), table.prefix(), &rows)
    }

    /// The next id of a table: 1, 2, 3 and so on, whether or not rows were removed.
    ///
    /// An id of a committed transaction is never given again. That of a transaction that wrote
    /// nothing in the end is, so don't let ids out of a closure by any way but its `Ok`.
    pub fn next_id<K: Key, V: Value>(&mut self, table: &Table<K, V>) -> Result<u64, StoreError> {
        self.own(table)?;
        self.count_up(prefix(Space::Ids, table.name())?)
    }

    /// The next number of a sequence with a name of its own, by the rules of
    /// [`next_id`](Self::next_id).
    pub fn sequence(&mut self, name: &str) -> Result<u64, StoreError> {
        self.count_up(prefix(Space::Sequences, name)?)
    }

    fn count_up(&mut self, key: Vec<u8>) -> Result<u64, StoreError> {
        let last = self.read(&key)?.map_or(Ok(0), |bytes| number(&bytes))?;
        let next = last + 1;
        self.write(key, Some(next.to_be_bytes().to_vec()))?;
        Ok(next)
    }

    fn own<K, V>(&self, table: &Table<K, V>) -> Result<(), StoreError> {
        if table.store_id() == self.store {
            return Ok(());
        }
        Err(StoreError::ForeignTable { table: table.name().to_owned() })
    }

    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => Ok(self.database.get(key)?.0.map(|bytes| bytes.to_vec())),
        }
    }

    pub(crate) fn write(&mut self, key: Vec<u8>, value: Write) -> Result<(), StoreError> {
        let size = self.size + key.len() + value.as_ref().map_or(0, Vec::len);
        check_size("transaction", size, MAX_TRANSACTION)?;
        self.size = size;
        let before = self.writes.insert(key.clone(), value);
        self.undo.push((key, before));
        Ok(())
    }

    /// The bytes written.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// What the group has written by now, with this transaction or without it.
    pub(crate) fn end(self, commit: bool) -> Writes {
        let Self { mut writes, undo, .. } = self;
        if !commit {
            for (key, before) in undo.into_iter().rev() {
                match before {
                    Some(value) => writes.insert(key, value),
                    None => writes.remove(&key),
                };
            }
        }
        writes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undone_leaves_the_group_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let tree = sled::open(folder.path()).unwrap();
        let database = Arc::new(Database::new(tree).unwrap());
        let begin = |writes| Transaction::new(1, Arc::clone(&database), writes);
        let (a, b) = (b"a".to_vec(), b"b".to_vec());

        let mut first = begin(Writes::new());
        first.write(a.clone(), Some(vec![1])).unwrap();
        let writes = first.end(true);
        let mut second = begin(writes.clone());
        assert_eq!(second.read(&a), Ok(Some(vec![1])), "it sees the one before it");
        second.write(a.clone(), Some(vec![2])).unwrap();
        second.write(a.clone(), None).unwrap();
        second.write(b.clone(), Some(vec![3])).unwrap();
        assert_eq!((second.read(&a), second.read(&b)), (Ok(None), Ok(Some(vec![3]))));
        assert_eq!(second.end(false), writes);
    }
}
