//! Rows in memory, so that a read of one that was read before needs no thread and no disk.
//!
//! What is in it is durable: a key leaves before its write is applied, and comes back with its new
//! value when that is durable, before the writer's caller is told. A read that found its row before
//! a write of that row began must not put it in afterwards: it takes a [`Ticket`] first, which
//! every write of the row (or of one that shares its stamp) takes the worth of.
//!
//! The rows themselves are quick_cache's: its shards are read under a lock that readers share, a hit
//! sets one bit, and what is thrown out is chosen by how often it is used, so that a scan of a large
//! table doesn't sweep everything else away.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use quick_cache::{Weighter, sync};

use crate::{StoreError, codec::Part, engine::Writes};

/// Writes are told apart by so many stamps.
const STAMPS: usize = 512;

/// What an entry takes besides its bytes, roughly.
const OVERHEAD: usize = 96;

/// A row, or that there is none.
pub(crate) type Cached = Option<Arc<[u8]>>;

/// The cache of a store.
pub(crate) struct Cache {
    /// None if it is switched off.
    rows: Option<sync::Cache<Box<[u8]>, Cached, ByBytes>>,
    stamps: Box<[Mutex<Stamp>]>,
    hasher: RandomState,
    /// After a write whose outcome isn't known nothing is told from memory.
    ended: AtomicBool,
}

/// The writes of the keys that share a stamp.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    /// How many have begun.
    begun: u64,
    /// How many of them aren't settled.
    open: u32,
}

/// Taken before a read, to fill the cache with what it finds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Box<[u8]>, Cached> for ByBytes {
    fn weight(&self, key: &Box<[u8]>, value: &Cached) -> u64 {
        (key.len() + value.as_ref().map_or(0, |value| value.len()) + OVERHEAD) as u64
    }
}

impl Cache {
    /// Room for so many bytes; none switches it off.
    pub(crate) fn new(bytes: u64) -> Self {
        let usual = usize::try_from(bytes / 256).unwrap_or(usize::MAX);
        Self {
            rows: (bytes > 0).then(|| sync::Cache::with_weighter(usual, bytes, ByBytes)),
            stamps: (0..STAMPS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            ended: AtomicBool::new(false),
        }
    }

    /// A row that is known.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Cached> {
        if self.ended.load(Ordering::Acquire) {
            return None;
        }
        self.rows.as_ref()?.get(key)
    }

    /// None if the row is being written.
    pub(crate) fn ticket(&self, key: &[u8]) -> Option<Ticket> {
        self.rows.as_ref()?;
        let stamp = *self.stamp(key).lock();
        (stamp.open == 0).then_some(Ticket(stamp.begun))
    }

    /// Keeps what a read found, unless the row was written since.
    pub(crate) fn fill(&self, key: &[u8], ticket: Option<Ticket>, value: Cached) {
        let (Some(rows), Some(Ticket(begun))) = (&self.rows, ticket) else { return };
        // Under the lock, so that no write begins between the look and the entry.
        let stamp = self.stamp(key).lock();
        if *stamp == (Stamp { begun, open: 0 }) && !self.ended.load(Ordering::Acquire) {
            rows.insert(key.into(), value);
        }
    }

    /// These are about to be written.
    pub(crate) fn applying(&self, writes: &Writes) {
        let Some(rows) = &self.rows else { return };
        for key in writes.keys() {
            let mut stamp = self.stamp(key).lock();
            stamp.begun += 1;
            stamp.open += 1;
            rows.remove(key.as_slice());
        }
    }

    /// They are durable, or not.
    pub(crate) fn settled(&self, writes: &Writes, result: &Result<(), StoreError>) {
        let Some(rows) = &self.rows else { return };
        if result.as_ref().is_err_and(StoreError::is_unknown) {
            self.ended.store(true, Ordering::Release);
            rows.clear();
        }
        for (key, value) in writes {
            let mut stamp = self.stamp(key).lock();
            stamp.open -= 1;
            // What layers above write is mostly read by scans, or removed next: it comes in when it is read.
            let kept = !Part::Spaces.has(key);
            // Another write of the same group is another key, for a group has each key once.
            if kept && result.is_ok() && !self.ended.load(Ordering::Acquire) {
                rows.insert(key.as_slice().into(), value.as_deref().map(Arc::from));
            }
        }
    }

    fn stamp(&self, key: &[u8]) -> &Mutex<Stamp> {
        let hash = usize::try_from(self.hasher.hash_one(key) % STAMPS as u64).unwrap_or_default();
        &self.stamps[hash]
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = self.rows.as_ref().map(sync::Cache::len);
        f.debug_struct("Cache").field("rows", &rows).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A step of somebody's.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// A reader takes its ticket.
        Ticket {
            reader: usize,
            key: u8,
        },
        /// It reads what is in the engine, or waits while that isn't durable.
        Read {
            reader: usize,
        },
        /// It fills the cache, if it has read.
        Fill {
            reader: usize,
        },
        /// A write begins, or the one that is open becomes durable, or fails.
        Begin {
            key: u8,
            value: Option<u8>,
        },
        End {
            well: bool,
        },
        Get {
            key: u8,
        },
    }

    fn step() -> impl Strategy<Value = Step> {
        let (reader, key) = (0_usize..3, 0_u8..3);
        prop_oneof![
            (reader.clone(), key.clone()).prop_map(|(reader, key)| Step::Ticket { reader, key }),
            reader.clone().prop_map(|reader| Step::Read { reader }),
            reader.prop_map(|reader| Step::Fill { reader }),
            (key.clone(), any::<Option<u8>>()).prop_map(|(key, value)| Step::Begin { key, value }),
            any::<bool>().prop_map(|well| Step::End { well }),
            key.prop_map(|key| Step::Get { key }),
        ]
    }

    fn bytes(value: Option<u8>) -> Cached {
        value.map(|value| Arc::from([value]))
    }

    #[derive(Default, Clone, Copy)]
    struct Reader {
        key: u8,
        ticket: Option<Option<Ticket>>,
        found: Option<Option<u8>>,
    }

    proptest! {
        /// Whatever comes between what, a hit is the row that is durable.
        #[test]
        fn a_hit_is_what_is_durable(steps in proptest::collection::vec(step(), 0..60)) {
            let cache = Cache::new(1 << 20);
            let mut durable = BTreeMap::<u8, u8>::new();
            let mut open: Option<(u8, Option<u8>)> = None;
            let mut readers = [Reader::default(); 3];
            for step in steps {
                match step {
                    Step::Ticket { reader, key } => {
                        readers[reader] = Reader { key, ticket: Some(cache.ticket(&[key])), found: None };
                    }
                    Step::Read { reader } => {
                        let reader = &mut readers[reader];
                        let waits = open.is_some_and(|(key, _)| key == reader.key);
                        if reader.ticket.is_some() && !waits {
                            reader.found = Some(durable.get(&reader.key).copied());
                        }
                    }
                    Step::Fill { reader } => {
                        let reader = std::mem::take(&mut readers[reader]);
                        if let (Some(ticket), Some(found)) = (reader.ticket, reader.found) {
                            cache.fill(&[reader.key], ticket, bytes(found));
                        }
                    }
                    Step::Begin { key, value } if open.is_none() => {
                        open = Some((key, value));
                        cache.applying(&writes(key, value));
                    }
                    Step::End { well } => {
                        let Some((key, value)) = open.take() else { continue };
                        let result = match well {
                            true => Ok(()),
                            false => Err(StoreError::Full { cause: "full".into() }),
                        };
                        match value {
                            Some(value) if well => drop(durable.insert(key, value)),
                            None if well => drop(durable.remove(&key)),
                            _ => {}
                        }
                        cache.settled(&writes(key, value), &result);
                    }
                    Step::Get { key } => {
                        if let Some(hit) = cache.get(&[key]) {
                            prop_assert_eq!(hit, bytes(durable.get(&key).copied()));
                            prop_assert!(open.is_none_or(|(written, _)| written != key));
                        }
                    }
                    Step::Begin { .. } => {}
                }
            }
        }
    }

    fn writes(key: u8, value: Option<u8>) -> Writes {
        Writes::from([(vec![key], value.map(|value| vec![value]))])
    }

    #[test]
    fn what_is_written_is_known_and_what_is_removed_too() {
        let cache = Cache::new(1 << 20);
        for value in [Some(1), None] {
            cache.applying(&writes(7, value));
            assert_eq!(cache.get(&[7]), None, "not while it is written");
            cache.settled(&writes(7, value), &Ok(()));
            assert_eq!(cache.get(&[7]), Some(bytes(value)));
        }
    }

    #[test]
    fn nothing_is_told_after_a_write_whose_outcome_is_unknown() {
        let cache = Cache::new(1 << 20);
        let ticket = cache.ticket(&[1]);
        cache.fill(&[1], ticket, bytes(Some(1)));
        assert_eq!(cache.get(&[1]), Some(bytes(Some(1))));
        cache.applying(&writes(2, Some(2)));
        cache.settled(&writes(2, Some(2)), &Err(StoreError::Unknown { cause: "lost".into() }));
        let ticket = cache.ticket(&[1]);
        cache.fill(&[1], ticket, bytes(Some(1)));
        assert_eq!(cache.get(&[1]), None);
    }

    #[test]
    fn it_keeps_to_its_size_and_can_be_off() {
        let cache = Cache::new(10_000);
        for key in 0..200_u8 {
            let ticket = cache.ticket(&[key]);
            cache.fill(&[key], ticket, Some(Arc::from([0; 100])));
        }
        let rows = cache.rows.as_ref().unwrap();
        assert!(rows.weight() <= 10_000 && !rows.is_empty(), "{}", rows.weight());
        let off = Cache::new(0);
        off.fill(&[1], off.ticket(&[1]), None);
        assert_eq!(off.get(&[1]), None);
    }
}
