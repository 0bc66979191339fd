//! Keys and values of layers above, as bytes.

use std::{ops::Range, sync::Arc};

use crate::{
    Store, StoreError,
    codec::{Part, prefix, starting_with},
    engine::{RawRow, Scan},
};

/// A space of its own for keys and values that are bytes, made by [`Store::space`]: what isn't a
/// service's table but is to be in its transactions. Written by
/// [`Transaction::write_raw`](crate::Transaction::write_raw).
#[derive(Debug, Clone)]
pub struct Space {
    store: Store,
    name: Arc<str>,
    prefix: Arc<[u8]>,
}

impl Space {
    pub(crate) fn new(store: Store, name: &str) -> Result<Self, StoreError> {
        Ok(Self { store, name: name.into(), prefix: prefix(Part::Spaces, name)?.into() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The store that it belongs to, for transactions.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The value of a key.
    pub async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = self.store.rows(vec![self.key(key)]).await?;
        Ok(rows.pop().flatten().map(|row| row.to_vec()))
    }

    /// Rows from a key to before another, in order or the other way round; an empty end means the
    /// space's.
    pub async fn scan(
        &self,
        keys: Range<&[u8]>,
        reverse: bool,
        take: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        Ok(self.strip(self.store.scan(self.scan_of(keys, reverse, take)).await?))
    }

    pub(crate) fn store_id(&self) -> u64 {
        self.store.id()
    }

    pub(crate) fn key(&self, key: &[u8]) -> Vec<u8> {
        [&self.prefix, key].concat()
    }

    pub(crate) fn scan_of(&self, keys: Range<&[u8]>, reverse: bool, take: usize) -> Scan {
        let end = match keys.end {
            [] => starting_with(self.prefix.to_vec()).end,
            end => self.key(end),
        };
        Scan { range: self.key(keys.start)..end, reverse, skip: 0, take, follow: None }
    }

    pub(crate) fn strip(&self, mut rows: Vec<RawRow>) -> Vec<RawRow> {
        for (key, _) in &mut rows {
            key.drain(..self.prefix.len());
        }
        rows
    }
}
