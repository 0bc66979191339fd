//! What transactions see that share one of the database's.

use std::{
    collections::HashMap,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::runtime::Runtime;

use super::{
    failure::Failure,
    session::{Number, Session},
};
use crate::{
    StoreError,
    codec::successor,
    engine::{Each, RawRow, Scan, View},
};

/// How many rows are asked for at first, and then.
const PAGES: (usize, usize) = (32, 256);

/// How much of what was read is remembered, in bytes.
const MEMORY: usize = 1024 * 1024;

/// Ranges of more rows than this aren't remembered.
const SHORT: usize = 16;

/// A transaction of the database, in which those of the store run one after the other. They read on
/// the writer's thread, which waits for each answer.
pub(super) struct Turn {
    runtime: Arc<Runtime>,
    pub(super) session: Arc<Session>,
    pub(super) number: Number,
    known: Mutex<Known>,
}

/// Nobody else writes while the turn lasts, and what its own transactions write is laid on top: so
/// what was read once stays.
#[derive(Default)]
struct Known {
    rows: HashMap<Vec<u8>, Option<Vec<u8>>>,
    ranges: HashMap<Range<Vec<u8>>, Vec<RawRow>>,
    bytes: usize,
    /// The first failure: after it the database refuses everything.
    failure: Option<Failure>,
}

impl Turn {
    pub(super) fn new(runtime: Arc<Runtime>, session: Arc<Session>, number: Number) -> Self {
        Self { runtime, session, number, known: Mutex::default() }
    }

    /// Why nothing of this turn can be committed, if a read of it failed.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.known.lock().failure.clone()
    }

    fn ask<T>(&self, question: impl Future<Output = Result<T, Failure>>) -> Result<T, StoreError> {
        if let Some(failure) = self.failure() {
            return Err(failure.error);
        }
        self.runtime.block_on(question).map_err(|failure| {
            self.known.lock().failure = Some(failure.clone());
            failure.error
        })
    }
}

impl View for Turn {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(row) = self.known.lock().rows.get(key) {
            return Ok(row.clone());
        }
        let value = self.ask(self.session.get(key))?;
        self.known.lock().remember(key.to_vec(), &value);
        Ok(value)
    }

    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.ask(self.session.get_many(keys))
    }

    fn visit(
        &self,
        range: Range<Vec<u8>>,
        reverse: bool,
        each: Each<'_>,
    ) -> Result<(), StoreError> {
        let known = self.known.lock().ranges.get(&range).cloned();
        if let Some(rows) = known {
            let _ = show(&rows, reverse, each);
            return Ok(());
        }
        let (whole, mut left) = (range.clone(), range);
        let mut take = PAGES.0;
        loop {
            let scan = Scan { range: left.clone(), reverse, skip: 0, take, follow: None };
            let rows = self.ask(self.session.scan(&scan))?;
            let ended = rows.len() < take;
            if ended && left == whole {
                self.known.lock().remember_range(whole.clone(), &rows, reverse);
            }
            // Rows come as they are to be shown.
            if show(&rows, false, each).is_break() || ended {
                return Ok(());
            }
            let Some((last, _)) = rows.last() else { return Ok(()) };
            match reverse {
                true => left.end = last.clone(),
                false => left.start = successor(last.clone()),
            }
            if left.is_empty() {
                return Ok(());
            }
            take = PAGES.1;
        }
    }
}

fn show(rows: &[RawRow], reverse: bool, each: Each<'_>) -> ControlFlow<()> {
    for (key, value) in crate::engine::directed(rows.iter(), reverse) {
        each(key, value)?;
    }
    ControlFlow::Continue(())
}

impl Known {
    fn remember(&mut self, key: Vec<u8>, value: &Option<Vec<u8>>) {
        if self.has_room(key.len() + value.as_ref().map_or(0, Vec::len)) {
            self.rows.insert(key, value.clone());
        }
    }

    fn remember_range(&mut self, range: Range<Vec<u8>>, rows: &[RawRow], reverse: bool) {
        let bytes = rows.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        if rows.len() <= SHORT && self.has_room(bytes + range.start.len() + range.end.len()) {
            let rows = crate::engine::directed(rows.iter().cloned(), reverse).collect();
            self.ranges.insert(range, rows);
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        let after = self.bytes + bytes;
        let fits = after <= MEMORY;
        if fits {
            self.bytes = after;
        }
        fits
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("number", &self.number).finish_non_exhaustive()
    }
}
