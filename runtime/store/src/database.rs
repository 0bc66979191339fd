//! The one tree: reads that see only what is on disk, and batches that get there.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use parking_lot::RwLock;

use crate::{
    StoreError,
    codec::{Space, successor},
    error::panic_message,
};

/// A row's new value; `None` is a removed row.
pub(crate) type Write = Option<Vec<u8>>;

/// What a group of transactions has written so far.
pub(crate) type Writes = BTreeMap<Vec<u8>, Write>;

/// How many rows are counted before writers get their turn.
const COUNT_AT_ONCE: usize = 1000;

/// A row as it lies in the tree.
pub(crate) type RawRow = (Vec<u8>, Vec<u8>);

/// The number of a group of transactions that share one sync. Counts up for ever.
pub(crate) type Group = u64;

/// sled with the rules that make it safe for us.
#[derive(Debug)]
pub(crate) struct Database {
    tree: sled::Db,
    /// Held for reading by readers, and for writing while transactions are applied: so nobody
    /// sees half of one.
    unsynced: RwLock<Unsynced>,
}

/// What is applied but not yet on disk.
#[derive(Debug)]
struct Unsynced {
    keys: BTreeSet<Vec<u8>>,
    group: Group,
}

impl Database {
    pub(crate) fn new(tree: sled::Db) -> Result<Self, StoreError> {
        let group = last_group(&tree)? + 1;
        Ok(Self { tree, unsynced: RwLock::new(Unsynced { keys: BTreeSet::new(), group }) })
    }

    /// The last group that reached the disk.
    pub(crate) fn synced_group(&self) -> Group {
        self.unsynced.read().group - 1
    }

    /// A value, and the group to wait for before anybody may be told of it.
    pub(crate) fn get(
        &self,
        key: &[u8],
    ) -> Result<(Option<sled::IVec>, Option<Group>), StoreError> {
        let unsynced = self.unsynced.read();
        let value = guarded(|| self.tree.get(key))?;
        let wait = unsynced.keys.contains(key).then_some(unsynced.group);
        Ok((value, wait))
    }

    /// Up to `limit` rows in order, with `writes` on top, and the group to wait for.
    pub(crate) fn scan(
        &self,
        range: Range<Vec<u8>>,
        limit: usize,
        writes: &Writes,
    ) -> Result<(Vec<RawRow>, Option<Group>), StoreError> {
        if range.is_empty() {
            return Ok((Vec::new(), None));
        }
        let unsynced = self.unsynced.read();
        let wait = unsynced.keys.range(range.clone()).next().map(|_| unsynced.group);
        let rows = guarded(|| merge(&self.tree, range, limit, writes))?;
        Ok((rows, wait))
    }

    /// How many rows a range holds, and the group to wait for. Reads them all, in steps, so that
    /// writers needn't wait for all of it.
    pub(crate) fn count(
        &self,
        range: Range<Vec<u8>>,
    ) -> Result<(usize, Option<Group>), StoreError> {
        let Range { mut start, end } = range;
        let (mut count, mut wait) = (0, None);
        loop {
            let step = start..end.clone();
            let unsynced = self.unsynced.read();
            if unsynced.keys.range(step.clone()).next().is_some() {
                wait = Some(unsynced.group);
            }
            let rows: Vec<sled::IVec> =
                guarded(|| self.tree.range(step).keys().take(COUNT_AT_ONCE).collect())?;
            drop(unsynced);
            count += rows.len();
            match rows.last() {
                Some(last) if rows.len() == COUNT_AT_ONCE => start = successor(last.to_vec()),
                _ => return Ok((count, wait)),
            }
        }
    }

    /// Reads every row, so that damage shows now.
    pub(crate) fn verify(&self) -> Result<(), StoreError> {
        guarded(|| self.tree.iter().try_for_each(|row| row.map(drop)))
    }

    /// Applies a group of transactions, whole or not at all, and hands it to the operating system.
    /// The caller syncs the file. One batch per group, because sled starts a write for each.
    pub(crate) fn apply(&self, writes: Writes) -> Result<Group, StoreError> {
        let mut batch = sled::Batch::default();
        let mut unsynced = self.unsynced.write();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key.as_slice(), value),
                None => batch.remove(key.as_slice()),
            }
            unsynced.keys.insert(key);
        }
        let group = unsynced.group;
        batch.insert(&group_key(), &group.to_be_bytes());
        guarded(|| self.tree.apply_batch(batch))?;
        drop(unsynced);
        guarded(|| self.tree.flush())?;
        Ok(group)
    }

    /// Everything applied is on disk now.
    pub(crate) fn synced(&self) {
        let mut unsynced = self.unsynced.write();
        unsynced.keys.clear();
        unsynced.group += 1;
    }
}

/// The rows of the tree with writes on top that aren't in it yet.
fn merge(
    tree: &sled::Db,
    range: Range<Vec<u8>>,
    limit: usize,
    writes: &Writes,
) -> sled::Result<Vec<RawRow>> {
    let mut rows = Vec::new();
    let mut ours = writes.range(range.clone()).peekable();
    let mut theirs = tree.range(range).peekable();
    while rows.len() < limit {
        let their_key = match theirs.peek() {
            Some(Ok((key, _))) => Some(key.as_ref()),
            Some(Err(error)) => return Err(error.clone()),
            None => None,
        };
        let our_key = ours.peek().map(|(key, _)| key.as_slice());
        let (take_ours, take_theirs) = match (our_key, their_key) {
            (None, None) => break,
            (Some(_), None) => (true, false),
            (None, Some(_)) => (false, true),
            (Some(ours), Some(theirs)) => (ours <= theirs, theirs <= ours),
        };
        let theirs = if take_theirs { theirs.next().transpose()? } else { None };
        if take_ours {
            if let Some((key, Some(value))) = ours.next() {
                rows.push((key.clone(), value.clone()));
            }
        } else if let Some((key, value)) = theirs {
            rows.push((key.to_vec(), value.to_vec()));
        }
    }
    Ok(rows)
}

fn group_key() -> [u8; 2] {
    [Space::Own as u8, 0]
}

/// The last group that the tree knows.
fn last_group(tree: &sled::Db) -> Result<Group, StoreError> {
    let Some(bytes) = guarded(|| tree.get(group_key()))? else { return Ok(0) };
    number(&bytes)
}

/// A big-endian number, as groups and sequences are kept.
pub(crate) fn number(bytes: &[u8]) -> Result<u64, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt {
        cause: format!("a counter of {} bytes instead of 8", bytes.len()),
    })?;
    Ok(u64::from_be_bytes(bytes))
}

/// Runs sled, which panics on some damage where it ought to return an error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(StoreError::Disk { cause: error.to_string() }),
        Ok(Err(sled::Error::Corruption { at, .. })) => {
            let place = at.map_or_else(String::new, |at| format!(" at byte {} of `db`", at.lid()));
            Err(StoreError::Corrupt {
                cause: format!("what was read{place} isn't what was written"),
            })
        }
        Ok(Err(error)) => Err(StoreError::Corrupt { cause: error.to_string() }),
        Err(panic) => Err(StoreError::Corrupt { cause: panic_message(&*panic) }),
    }
}
