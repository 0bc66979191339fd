//! Which of several instances builds an index that all of them have declared.
//!
//! A claim is a row beside the index's mark, written anew with every step. Whoever finds one waits
//! until the index is complete, and takes over a claim that stands still. A step that finds another
//! claim than its own does nothing: two that build at once would clear what the other has entered.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::definition::Declared;
use crate::{Store, StoreError, Transaction};

/// A claim that stands still for so long is nobody's. A step takes a part of it.
const STALE: Duration = Duration::from_secs(5);

/// Between one look at another's claim and the next.
const LOOK: Duration = Duration::from_millis(50);

/// How often it is begun again because others write without keeping the index.
const TRIES: u32 = 3;

/// Behind the mark's key: no name of an index ends there.
const SUFFIX: u8 = 1;

/// An instance's claim. None where no other instance can be.
#[derive(Debug, Clone)]
pub(super) struct Claim(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    key: Vec<u8>,
    /// What is being built, and who builds it.
    owner: Vec<u8>,
    steps: AtomicU64,
    lost: AtomicU64,
}

/// What came of taking a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The index is ours to build.
    Ours,
    /// Another instance has built it.
    Complete,
}

impl Claim {
    pub(super) fn new<K, V>(index: &Declared<K, V>, shared: bool) -> Self {
        let claim = || Shared {
            key: [index.mark.as_slice(), &[SUFFIX]].concat(),
            // Random, as the keys of a hasher are.
            owner: [&index.made_of, RandomState::new().hash_one(0).to_be_bytes().as_slice()]
                .concat(),
            steps: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        };
        Self(shared.then(|| Arc::new(claim())))
    }

    /// Waits until the index is ours to build, or complete.
    pub(super) fn take<K: Send + 'static, V: Send + 'static>(
        &self,
        store: &Store,
        table: &str,
        index: &Arc<Declared<K, V>>,
    ) -> Result<Turn, StoreError> {
        let Some(shared) = &self.0 else { return Ok(Turn::Ours) };
        if shared.given_up() {
            return Ok(Turn::Ours);
        }
        let mut seen: (Option<Vec<u8>>, Instant) = (None, Instant::now());
        loop {
            let (claim, index) = (Arc::clone(shared), Arc::clone(index));
            let (before, since) = (seen.0.clone(), seen.1);
            let found = store.wait(table, move |tx| {
                if tx.read(&index.mark)?.as_ref() == Some(&index.made_of) {
                    return Ok(Ok(Turn::Complete));
                }
                let other = tx.read(&claim.key)?;
                let stands = other == before && since.elapsed() > STALE;
                if other.is_none() || stands {
                    claim.write(tx)?;
                    return Ok(Ok(Turn::Ours));
                }
                Ok(Err(other))
            })?;
            match found {
                Ok(turn) => return Ok(turn),
                Err(other) if other == seen.0 => {}
                Err(other) => seen = (other, Instant::now()),
            }
            thread::park_timeout(LOOK);
        }
    }

    /// Whether the claim is still ours; keeps it for another step.
    pub(super) fn hold(&self, tx: &mut Transaction) -> Result<bool, StoreError> {
        let Some(shared) = &self.0 else { return Ok(true) };
        if shared.given_up() {
            return Ok(true);
        }
        let ours = tx.read(&shared.key)?.is_some_and(|claim| claim.starts_with(&shared.owner));
        if ours {
            shared.write(tx)?;
        }
        Ok(ours)
    }

    /// Says that the index is complete, unless others write without keeping it.
    pub(super) fn end<K, V>(
        &self,
        tx: &mut Transaction,
        index: &Declared<K, V>,
    ) -> Result<(), StoreError> {
        if let Some(shared) = &self.0 {
            if shared.given_up() {
                return Ok(());
            }
            tx.write(shared.key.clone(), None)?;
        }
        tx.write(index.mark.clone(), Some(index.made_of.clone()))
    }

    /// The claim was another's, or nobody's, at some step.
    pub(super) fn lost(&self, table: &str, index: &str) {
        let Some(shared) = &self.0 else { return };
        shared.lost.fetch_add(1, Ordering::Relaxed);
        if shared.given_up() {
            tracing::warn!(
                table,
                index,
                "other instances write without keeping it: rows of theirs are missing in it until \
                 they have ended and this one starts again"
            );
        }
    }

    /// Lets another have it, after a failure.
    pub(super) fn give_up(&self, store: &Store, table: &str) {
        let Some(shared) = self.0.clone() else { return };
        // If this fails too, it stands still, and is taken over.
        let _ = store.wait(table, move |tx| {
            match tx.read(&shared.key)?.is_some_and(|claim| claim.starts_with(&shared.owner)) {
                true => tx.write(shared.key.clone(), None),
                false => Ok(()),
            }
        });
    }
}

impl Shared {
    fn given_up(&self) -> bool {
        self.lost.load(Ordering::Relaxed) >= u64::from(TRIES)
    }

    fn write(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        let step = self.steps.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        tx.write(self.key.clone(), Some([self.owner.as_slice(), &step].concat()))
    }
}
