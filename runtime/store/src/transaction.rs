//! Several reads and writes as one.

use std::{
    any::Any,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use serde::Serialize;

use crate::{
    Begun, Index, Key, Keys, Space, StoreError, Table, Unique, Value,
    codec::{Part, check_size, encode_key, number, prefix},
    engine::{self, RawRow, Scan, View, Writes},
    table::decode_rows,
};

/// The most that one transaction may write, in bytes.
pub const MAX_TRANSACTION: usize = 16 * 1024 * 1024;

/// A row's new bytes; `None` is a removed row.
pub(crate) type Write = Option<Vec<u8>>;

/// A transaction's view of the store: what is there, and on top of it what it wrote itself.
///
/// An operation that returns an error had no effect; what was written before it stands if the
/// closure returns `Ok` all the same.
#[derive(Debug)]
pub struct Transaction {
    store: u64,
    view: Arc<dyn View>,
    /// Of this transaction and of those before it that will share its sync.
    writes: Writes,
    /// What to put back, last first, if this one writes nothing in the end.
    undo: Vec<(Vec<u8>, Undo)>,
    size: usize,
    /// What hooks have found where it was handed over.
    begun: Vec<Begun>,
}

/// How a write is put back.
#[derive(Debug)]
enum Undo {
    /// To what was there in the group's writes.
    Put(Option<Write>),
    /// To so many bytes.
    Shorten(usize),
}

impl Transaction {
    /// On top of what the group has written so far.
    pub(crate) fn new(store: u64, view: Arc<dyn View>, writes: Writes) -> Self {
        Self { store, view, writes, undo: Vec::new(), size: 0, begun: Vec::new() }
    }

    /// What a hook has found where the transaction was handed over, by its type: see
    /// [`Hook::begin`](crate::Hook::begin).
    pub fn begun<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let begun = self.begun.iter().find(|begun| begun.is::<T>())?;
        Arc::clone(begun).downcast().ok()
    }

    pub(crate) fn set_begun(&mut self, begun: impl Iterator<Item = Begun>) {
        self.begun.extend(begun);
    }

    /// The value of a key.
    pub fn get<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        self.own(table.store_id(), table.name())?;
        let bytes = self.read(&table.row_key(key)?)?;
        bytes.map(|bytes| table.decode(&bytes)).transpose()
    }

    /// Writes a row, in place of the key's former one.
    ///
    /// # Errors
    /// [`StoreError::NotUnique`] if another row has the same key in one of the table's unique
    /// indexes, among others.
    pub fn insert<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        self.own(table.store_id(), table.name())?;
        table.definition().insert(self, key, value)
    }

    /// Changes a row in place; the new one, or `None` if there is none of this key.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn update<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        change: impl FnOnce(&mut V),
    ) -> Result<Option<V>, StoreError> {
        self.own(table.store_id(), table.name())?;
        table.definition().update(self, encode_key(key)?, change)
    }

    /// Removes a row; says whether there was one.
    pub fn remove<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
    ) -> Result<bool, StoreError> {
        self.own(table.store_id(), table.name())?;
        table.definition().remove(self, key)
    }

    /// Rows in key order: those of [`Keys`], which says how many and from which end.
    pub fn scan<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        keys: Keys<K>,
    ) -> Result<Vec<(K, V)>, StoreError> {
        self.own(table.store_id(), table.name())?;
        let rows = self.read_all(&keys.scan(table.prefix())?)?;
        decode_rows(table.name(), table.prefix(), &rows)
    }

    /// How many rows a table has.
    pub fn count<K: Key, V: Value>(&self, table: &Table<K, V>) -> Result<u64, StoreError> {
        self.own(table.store_id(), table.name())?;
        table.definition().count(self)
    }

    /// Rows in the order of an index.
    pub fn scan_by<I: Serialize, K: Key, V: Value>(
        &self,
        index: &Index<I, K, V>,
        keys: Keys<(I, K)>,
    ) -> Result<Vec<(K, V)>, StoreError> {
        let table = index.table();
        self.own(table.store_id(), table.name())?;
        let rows = self.read_all(&index.scan_of(keys)?)?;
        decode_rows(table.name(), table.prefix(), &rows)
    }

    /// The row of a key in a unique index.
    pub fn find<I: Serialize, K: Key, V: Value>(
        &self,
        index: &Unique<I, K, V>,
        key: &I,
    ) -> Result<Option<(K, V)>, StoreError> {
        let table = index.table();
        self.own(table.store_id(), table.name())?;
        let Some(row) = self.read(&index.entry(key)?)? else { return Ok(None) };
        let row = [table.prefix(), &row].concat();
        let value = self.read(&row)?;
        let rows: Vec<RawRow> = value.map(|value| (row, value)).into_iter().collect();
        Ok(decode_rows(table.name(), table.prefix(), &rows)?.pop())
    }

    /// The next id of a table: 1, 2, 3 and so on, whether or not rows were removed.
    ///
    /// An id of a committed transaction is never given again. That of a transaction that wrote
    /// nothing in the end is, so don't let ids out of a closure by any way but its `Ok`.
    pub fn next_id<K: Key, V: Value>(&mut self, table: &Table<K, V>) -> Result<u64, StoreError> {
        self.own(table.store_id(), table.name())?;
        self.count_up(prefix(Part::Ids, table.name())?)
    }

    /// The next number of a sequence with a name of its own, by the rules of
    /// [`next_id`](Self::next_id).
    pub fn sequence(&mut self, name: &str) -> Result<u64, StoreError> {
        self.count_up(prefix(Part::Sequences, name)?)
    }

    /// The bytes under a key of a space.
    pub fn read_raw(&self, space: &Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.own(space.store_id(), space.name())?;
        self.read(&space.key(key))
    }

    /// Writes bytes under a key of a space, or removes them.
    pub fn write_raw(
        &mut self,
        space: &Space,
        key: &[u8],
        value: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.own(space.store_id(), space.name())?;
        let key = space.key(key);
        check_size("key", key.len(), crate::MAX_KEY)?;
        check_size("value", value.as_ref().map_or(0, Vec::len), crate::MAX_RAW)?;
        self.write(key, value)
    }

    /// Adds bytes to those under a key of a space, if they were written by this transaction or one that
    /// shares its commit, and won't be more than so many: else false, and nothing is done. Rows that are
    /// written at the same time may be one row so.
    pub fn extend_raw(
        &mut self,
        space: &Space,
        key: &[u8],
        bytes: &[u8],
        most: usize,
    ) -> Result<bool, StoreError> {
        self.own(space.store_id(), space.name())?;
        let key = space.key(key);
        let Some(Some(value)) = self.writes.get_mut(&key) else { return Ok(false) };
        if value.len() + bytes.len() > most {
            return Ok(false);
        }
        grow(&mut self.size, bytes.len())?;
        self.undo.push((key, Undo::Shorten(value.len())));
        value.extend_from_slice(bytes);
        Ok(true)
    }

    /// Rows of a space, in the order of their keys or the other way round.
    pub fn scan_raw(
        &self,
        space: &Space,
        keys: Range<&[u8]>,
        reverse: bool,
        take: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        self.own(space.store_id(), space.name())?;
        let rows = self.read_all(&space.scan_of(keys, reverse, take))?;
        Ok(space.strip(rows))
    }

    fn count_up(&mut self, key: Vec<u8>) -> Result<u64, StoreError> {
        let next = self.read_number(&key)? + 1;
        self.write(key, Some(next.to_be_bytes().to_vec()))?;
        Ok(next)
    }

    fn own(&self, store: u64, name: &str) -> Result<(), StoreError> {
        if store == self.store {
            return Ok(());
        }
        Err(StoreError::ForeignTable { table: name.to_owned() })
    }

    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => self.view.get(key),
        }
    }

    /// A number that is kept; 0 if there is none.
    pub(crate) fn read_number(&self, key: &[u8]) -> Result<u64, StoreError> {
        self.read(key)?.map_or(Ok(0), |bytes| number(&bytes))
    }

    pub(crate) fn read_all(&self, scan: &Scan) -> Result<Vec<RawRow>, StoreError> {
        engine::scan(&*self.view, scan, &self.writes)
    }

    /// How many rows a range has, without keeping them.
    pub(crate) fn count_all(&self, range: Range<Vec<u8>>) -> Result<u64, StoreError> {
        let mut count = 0;
        engine::visit(&*self.view, range, false, &self.writes, &mut |_, _| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(count)
    }

    pub(crate) fn write(&mut self, key: Vec<u8>, value: Write) -> Result<(), StoreError> {
        grow(&mut self.size, bytes_of(&key, &value))?;
        self.put(key, value);
        Ok(())
    }

    /// Writes all or, if that is too much, nothing.
    pub(crate) fn write_all(&mut self, writes: Vec<(Vec<u8>, Write)>) -> Result<(), StoreError> {
        grow(&mut self.size, writes.iter().map(|(key, value)| bytes_of(key, value)).sum())?;
        for (key, value) in writes {
            self.put(key, value);
        }
        Ok(())
    }

    fn put(&mut self, key: Vec<u8>, value: Write) {
        let before = self.writes.insert(key.clone(), value);
        self.undo.push((key, Undo::Put(before)));
    }

    /// Whether there is anything to commit.
    pub(crate) fn has_written(&self) -> bool {
        !self.undo.is_empty()
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
                    Undo::Put(Some(value)) => {
                        writes.insert(key, value);
                    }
                    Undo::Put(None) => {
                        writes.remove(&key);
                    }
                    Undo::Shorten(len) => {
                        if let Some(Some(value)) = writes.get_mut(&key) {
                            value.truncate(len);
                        }
                    }
                }
            }
        }
        writes
    }
}

fn bytes_of(key: &[u8], value: &Write) -> usize {
    key.len() + value.as_ref().map_or(0, Vec::len)
}

/// So many bytes more are written, or it is too much.
fn grow(size: &mut usize, bytes: usize) -> Result<(), StoreError> {
    check_size("transaction", *size + bytes, MAX_TRANSACTION)?;
    *size += bytes;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    /// A database of nothing.
    #[derive(Debug)]
    struct Empty;

    impl View for Empty {
        fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(None)
        }

        fn visit(&self, _: Range<Vec<u8>>, _: bool, _: engine::Each<'_>) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[test]
    fn what_is_undone_leaves_the_group_as_it_was() {
        let begin = |writes| Transaction::new(1, Arc::new(Empty), writes);
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

    #[test]
    fn what_was_added_is_undone_too() {
        let begin = |writes| Transaction::new(1, Arc::new(Empty), writes);
        let store = Store::in_memory();
        let space = store.space("s").unwrap();
        let begin = |writes| Transaction { store: store.id(), ..begin(writes) };
        let mut first = begin(Writes::new());
        assert_eq!(first.extend_raw(&space, b"a", b"x", 9), Ok(false), "nothing is there");
        first.write_raw(&space, b"a", Some(b"one".to_vec())).unwrap();
        assert_eq!(first.extend_raw(&space, b"a", b"two", 6), Ok(true));
        assert_eq!(first.extend_raw(&space, b"a", b"x", 6), Ok(false), "it is long enough");
        let writes = first.end(true);
        let mut second = begin(writes.clone());
        assert_eq!(second.extend_raw(&space, b"a", b"three", 99), Ok(true));
        assert_eq!(second.read_raw(&space, b"a"), Ok(Some(b"onetwothree".to_vec())));
        second.write_raw(&space, b"a", None).unwrap();
        assert_eq!(second.extend_raw(&space, b"a", b"x", 99), Ok(false), "it was removed");
        second.write_raw(&space, b"a", Some(b"four".to_vec())).unwrap();
        assert_eq!(second.extend_raw(&space, b"a", b"five", 99), Ok(true));
        assert_eq!(second.end(false), writes);
    }
}
