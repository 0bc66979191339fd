//! The one tree: reads that see only what is on disk, and batches that get there.

use std::{
    collections::BTreeSet,
    io,
    ops::{ControlFlow, Range},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use parking_lot::RwLock;

use super::{open::open_tree, room};
use crate::{
    StoreError,
    codec::{Part, number, successor},
    engine::{self, Each, RawRow, Scan, View, Writes, progress::Attempt},
    error::panic_message,
};

/// How many rows are counted before writers get their turn.
const COUNT_AT_ONCE: usize = 1000;

/// The number of a group of transactions that share one sync. Counts up for ever.
pub(crate) type Group = u64;

/// What was read, and the attempt to wait for before anybody may be told of it.
pub(crate) type Read<T> = Result<(T, Option<Attempt>), StoreError>;

/// sled with the rules that make it safe for us.
#[derive(Debug)]
pub(crate) struct Database {
    /// Held for reading by readers, and for writing while transactions are applied: so nobody
    /// sees half of one.
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    /// None while it couldn't be opened anew.
    tree: Option<sled::Db>,
    /// What is applied but not yet on disk.
    unsynced: BTreeSet<Vec<u8>>,
    /// The group that is applied next, or is being applied.
    group: Group,
    attempt: Attempt,
    /// Why sled writes no more: it keeps its first error. What is unsynced then may be on disk or
    /// not, and the tree is of use for reading the rest alone, until it is opened anew.
    failed: Option<StoreError>,
}

/// What a tree that was opened anew turned out to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The group that sled failed at is there, whole.
    Applied(Group),
    /// It isn't.
    Missing,
}

impl Database {
    pub(crate) fn new(tree: sled::Db) -> Result<Self, StoreError> {
        let group = last_group(&tree)? + 1;
        let unsynced = BTreeSet::new();
        let state = State { tree: Some(tree), unsynced, group, attempt: 1, failed: None };
        Ok(Self { state: RwLock::new(state) })
    }

    /// The last group that reached the disk.
    pub(crate) fn synced_group(&self) -> Group {
        self.state.read().group - 1
    }

    /// The values of some keys.
    pub(crate) fn get_many(&self, keys: &[Vec<u8>]) -> Read<Vec<Option<Vec<u8>>>> {
        let state = self.state.read();
        let tree = state.tree()?;
        let get = |key: &Vec<u8>| Ok(guarded(|| tree.get(key))?.map(|bytes| bytes.to_vec()));
        let values = keys.iter().map(get).collect::<Result<_, StoreError>>()?;
        let wait = state.wait(keys.iter().any(|key| state.unsynced.contains(key)))?;
        Ok((values, wait))
    }

    /// The rows of a scan.
    pub(crate) fn scan(&self, scan: &Scan) -> Read<Vec<RawRow>> {
        let state = self.state.read();
        if scan.range.is_empty() {
            return Ok((Vec::new(), None));
        }
        let view = Locked(state.tree()?);
        let rows = engine::scan(&view, scan, &Writes::new())?;
        let followed =
            scan.follow.is_some() && rows.iter().any(|(key, _)| state.unsynced.contains(key));
        let wait = state.wait(followed || state.touches(&scan.range))?;
        Ok((rows, wait))
    }

    /// How many rows a range holds. Reads them all, in steps, so that writers needn't wait for all
    /// of it.
    pub(crate) fn count(&self, range: &Range<Vec<u8>>) -> Read<u64> {
        let Range { mut start, end } = range.clone();
        let (mut count, mut wait) = (0, None);
        loop {
            let step = start..end.clone();
            if step.is_empty() {
                return Ok((count, wait));
            }
            let state = self.state.read();
            wait = state.wait(state.touches(&step))?.or(wait);
            let tree = state.tree()?;
            let rows: Vec<sled::IVec> =
                guarded(|| tree.range(step).keys().take(COUNT_AT_ONCE).collect())?;
            drop(state);
            count += rows.len() as u64;
            match rows.last() {
                Some(last) if rows.len() == COUNT_AT_ONCE => start = successor(last.to_vec()),
                _ => return Ok((count, wait)),
            }
        }
    }

    /// Reads every row, so that damage shows now.
    pub(crate) fn verify(&self) -> Result<(), StoreError> {
        let state = self.state.read();
        let tree = state.tree()?;
        guarded(|| tree.iter().try_for_each(|row| row.map(drop)))
    }

    /// Applies a group of transactions, whole or not at all, and hands it to the operating system.
    /// The caller syncs the file. One batch per group, because sled starts a write for each.
    ///
    /// After an error the tree is [failed](Self::failed).
    pub(crate) fn apply(&self, writes: &Writes) -> Result<Group, StoreError> {
        let mut batch = sled::Batch::default();
        let mut state = self.state.write();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
            state.unsynced.insert(key.clone());
        }
        let group = state.group;
        batch.insert(&group_key(), &group.to_be_bytes());
        let tree = state.tree()?.clone();
        let applied = guarded(|| tree.apply_batch(batch));
        drop(state);
        // Readers go on meanwhile: what is unsynced they wait for.
        let flushed = applied.and_then(|()| guarded(|| tree.flush()));
        if let Err(error) = &flushed {
            self.state.write().failed = Some(error.clone());
        }
        flushed.map(|_| group)
    }

    /// Everything applied is on disk now.
    pub(crate) fn synced(&self) -> Attempt {
        let mut state = self.state.write();
        state.group += 1;
        state.settle()
    }

    /// What was applied isn't there, and won't be.
    pub(crate) fn undone(&self) -> Attempt {
        self.state.write().settle()
    }

    /// What became of what was applied can't be told before the tree is opened anew. Who waits for
    /// it reads again, and is told why.
    pub(crate) fn in_doubt(&self) -> Attempt {
        let mut state = self.state.write();
        state.attempt += 1;
        state.attempt - 1
    }

    /// Why sled can't write any more, until it is opened anew.
    pub(crate) fn failed(&self) -> Option<StoreError> {
        self.state.read().failed.clone()
    }

    /// Opens the tree anew, beneath everybody who uses it. It is left as it is while there is no
    /// room for that, so that reads go on.
    pub(crate) fn reopen(&self, path: &Path) -> Result<Found, StoreError> {
        room::probe(path)?;
        let mut state = self.state.write();
        // sled's lock goes with the last handle.
        drop(state.tree.take());
        let tree = open_tree(path).inspect_err(|error| state.failed = Some(error.clone()))?;
        let last = last_group(&tree)?;
        if last + 1 < state.group {
            let cause =
                format!("group {} was acknowledged, and {last} is the last", state.group - 1);
            return Err(StoreError::Corrupt { cause });
        }
        state.tree = Some(tree);
        state.failed = None;
        Ok(if last == state.group { Found::Applied(last) } else { Found::Missing })
    }
}

impl State {
    fn tree(&self) -> Result<&sled::Db, StoreError> {
        self.tree.as_ref().ok_or_else(|| {
            let cause = "it is about to be opened anew".into();
            self.failed.clone().unwrap_or(StoreError::Full { cause })
        })
    }

    fn touches(&self, range: &Range<Vec<u8>>) -> bool {
        self.unsynced.range(range.clone()).next().is_some()
    }

    /// What to wait for before telling of unsynced rows. Nobody can be told what a failed tree has.
    fn wait(&self, unsynced: bool) -> Result<Option<Attempt>, StoreError> {
        match (unsynced, &self.failed) {
            (false, _) => Ok(None),
            (true, None) => Ok(Some(self.attempt)),
            (true, Some(failed)) => Err(failed.clone()),
        }
    }

    fn settle(&mut self) -> Attempt {
        self.unsynced.clear();
        self.attempt += 1;
        self.attempt - 1
    }
}

impl View for Database {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Locked(self.state.read().tree()?).get(key)
    }

    fn visit(
        &self,
        range: Range<Vec<u8>>,
        reverse: bool,
        each: Each<'_>,
    ) -> Result<(), StoreError> {
        Locked(self.state.read().tree()?).visit(range, reverse, each)
    }
}

/// The tree, by someone who holds its lock.
#[derive(Debug)]
struct Locked<'a>(&'a sled::Db);

impl View for Locked<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(guarded(|| self.0.get(key))?.map(|bytes| bytes.to_vec()))
    }

    fn visit(
        &self,
        range: Range<Vec<u8>>,
        reverse: bool,
        each: Each<'_>,
    ) -> Result<(), StoreError> {
        guarded(|| {
            for row in engine::directed(self.0.range(range), reverse) {
                let (key, value) = row?;
                if let ControlFlow::Break(()) = each(&key, &value) {
                    break;
                }
            }
            Ok(())
        })
    }
}

fn group_key() -> [u8; 2] {
    [Part::Own as u8, 0]
}

/// The last group that the tree knows.
fn last_group(tree: &sled::Db) -> Result<Group, StoreError> {
    let Some(bytes) = guarded(|| tree.get(group_key()))? else { return Ok(0) };
    number(&bytes)
}

/// Runs sled, which panics on some damage where it ought to return an error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(disk_error(&error)),
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

/// A shortage passes; another failure of the disk may not.
pub(crate) fn disk_error(error: &io::Error) -> StoreError {
    let cause = error.to_string();
    if room::is_shortage(error) { StoreError::Full { cause } } else { StoreError::Disk { cause } }
}
