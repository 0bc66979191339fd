//! What a store stands on: bytes under bytes, in order, and commits of many of them at once.
//!
//! ```text
//! mod      what an engine is, and what it is asked for
//! group    transactions that share a commit: run one after the other, on top of one another
//! sled     a folder on disk, with threads of its own
//! postgres a schema of a database that several processes share (feature `postgres`)
//! memory   nothing that stays, without threads; commits that come late, fail or get lost
//! ```

mod group;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod progress;
mod queue;
pub(crate) mod sled;

use std::{collections::BTreeMap, fmt, ops::ControlFlow, ops::Range, pin::Pin, sync::Arc};

pub(crate) use self::group::{Group, Run};
#[cfg(feature = "postgres")]
pub use self::postgres::Postgres;
pub use self::{
    group::{Job, Verdict},
    memory::{Fault, Memory},
    sled::Sled,
};
use crate::{OpenError, StoreError};

/// What an engine answers, some time.
pub type Answer<T, E = StoreError> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// A row as it lies in the engine.
pub type RawRow = (Vec<u8>, Vec<u8>);

/// What transactions write: a row's new bytes, or `None` for one that is removed.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Where a store's rows are kept.
///
/// Whatever the engine: reads tell only of what is durable, and wait where that isn't yet; of a
/// transaction they tell everything or nothing. Transactions run one at a time, each once, in the
/// order in which they were handed over, and each sees what those before it wrote.
///
/// A [`Job`] is no future: it reads through a [`View`] that may block, on a thread of the engine's.
/// So an engine whose rows are elsewhere can run the jobs that wait within one transaction of its
/// own, reading synchronously, and send what they wrote all at once.
pub trait Engine: Send + Sync + fmt::Debug + 'static {
    /// Opens it, once. `observer` is told of every commit from then on.
    fn open(&self, observer: Arc<dyn Observer>) -> Answer<(), OpenError>;

    /// Lets nothing more in, ends what is in, and resolves when another may open it.
    fn close(&self) -> Answer<()>;

    /// As [`close`](Self::close), without waiting for the end.
    fn shut(&self);

    /// Who else may write to it meanwhile.
    fn ownership(&self) -> Ownership;

    /// Whether it can write. It may look, as at the free space, so it isn't for the call path.
    fn condition(&self) -> Condition;

    /// The values of some keys, all as of one moment.
    fn get(&self, keys: Vec<Vec<u8>>) -> Answer<Vec<Option<Vec<u8>>>>;

    /// Rows, in the order of the scan.
    fn scan(&self, scan: Scan) -> Answer<Vec<RawRow>>;

    /// How many rows a range has. Takes its time, and what is written meanwhile may be counted or
    /// not.
    fn count(&self, range: Range<Vec<u8>>) -> Answer<u64>;

    /// Hands a transaction over; resolves when it is. What came of it, the job is told.
    fn commit(&self, job: Job) -> Answer<()>;
}

/// Who may write to an open database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Only who opened it, so that what was read once may be kept.
    Exclusive,
    /// Others too.
    Shared,
}

/// Whether an engine can write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// It can.
    Ok,
    /// There is no room: it refuses writes until there is.
    Full {
        /// The operating system's words.
        cause: String,
    },
    /// Its server is out of reach: it refuses reads and writes until that is back.
    Away {
        /// What was met.
        cause: String,
    },
    /// A write couldn't be brought to disk: it refuses writes until it is opened anew.
    Poisoned {
        /// The first failure.
        cause: String,
    },
}

impl Condition {
    /// `ok`, `full`, `away` or `poisoned`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Full { .. } => "full",
            Self::Away { .. } => "away",
            Self::Poisoned { .. } => "poisoned",
        }
    }
}

/// Which rows are read, and in which order.
#[derive(Debug, Clone)]
pub struct Scan {
    /// From the first key to before the last.
    pub range: Range<Vec<u8>>,
    /// From the last to the first.
    pub reverse: bool,
    /// How many are left out first.
    pub skip: usize,
    /// How many at most.
    pub take: usize,
    /// If set, a row's value is another row's key, behind this prefix, and that row is what is
    /// wanted: an index is followed as of the moment of the scan.
    pub follow: Option<Vec<u8>>,
}

impl Scan {
    /// All rows of a range, in order.
    pub(crate) const fn of(range: Range<Vec<u8>>) -> Self {
        Self { range, reverse: false, skip: 0, take: usize::MAX, follow: None }
    }
}

/// Told of each commit by the engine, on the thread that commits.
pub trait Observer: Send + Sync + 'static {
    /// These are about to be applied. Reads that begin later may see them.
    fn applying(&self, writes: &Writes);

    /// They are durable, or it is known that they aren't, or it isn't known. No caller has been told
    /// yet.
    fn settled(&self, writes: &Writes, result: &Result<(), StoreError>);
}

/// What a transaction sees: everything that is committed, durable or not yet.
pub trait View: Send + Sync + fmt::Debug {
    /// The value of a key.
    ///
    /// # Errors
    /// If it can't be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The values of some keys. An engine whose rows are far away asks for them all at once.
    ///
    /// # Errors
    /// If they can't be read.
    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// Shows the rows of a range to `each`, in order or the other way round, until it breaks.
    ///
    /// # Errors
    /// If they can't be read.
    fn visit(&self, range: Range<Vec<u8>>, reverse: bool, each: Each<'_>)
    -> Result<(), StoreError>;
}

/// Is shown rows.
pub type Each<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// Rows in order, or the other way round.
pub(crate) fn directed<I: DoubleEndedIterator>(
    mut rows: I,
    reverse: bool,
) -> impl Iterator<Item = I::Item> {
    std::iter::from_fn(move || if reverse { rows.next_back() } else { rows.next() })
}

/// The rows of a scan, with writes on top that aren't in the view yet.
pub(crate) fn scan(
    view: &dyn View,
    scan: &Scan,
    writes: &Writes,
) -> Result<Vec<RawRow>, StoreError> {
    if scan.range.is_empty() || scan.take == 0 {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    let mut left_out = 0;
    let mut keep = |key: &[u8], value: &[u8]| {
        if left_out < scan.skip {
            left_out += 1;
            return ControlFlow::Continue(());
        }
        rows.push((key.to_vec(), value.to_vec()));
        if rows.len() >= scan.take { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    visit(view, scan.range.clone(), scan.reverse, writes, &mut keep)?;
    let Some(prefix) = &scan.follow else { return Ok(rows) };
    let keys: Vec<_> =
        rows.into_iter().map(|(_, rest)| [prefix, rest.as_slice()].concat()).collect();
    let unwritten: Vec<_> = keys.iter().filter(|key| !writes.contains_key(*key)).cloned().collect();
    let found = if unwritten.is_empty() { Vec::new() } else { view.get_many(&unwritten)? };
    let mut found = found.into_iter();
    let follow = |key: Vec<u8>| {
        let value = match writes.get(&key) {
            Some(written) => written.clone(),
            None => found.next().flatten(),
        };
        value.map(|value| (key, value))
    };
    Ok(keys.into_iter().filter_map(follow).collect())
}

/// Shows the rows of a range, with writes on top.
pub(crate) fn visit(
    view: &dyn View,
    range: Range<Vec<u8>>,
    reverse: bool,
    writes: &Writes,
    each: Each<'_>,
) -> Result<(), StoreError> {
    if range.is_empty() {
        return Ok(());
    }
    let mut ours = directed(writes.range(range.clone()), reverse);
    let mut next = ours.next();
    let mut ended = false;
    let before = |a: &[u8], b: &[u8]| if reverse { a > b } else { a < b };
    view.visit(range, reverse, &mut |key, value| {
        // Ours that come first, and then ours in place of theirs.
        while let Some((our_key, our_value)) = next
            && (before(our_key, key) || our_key == key)
        {
            let same = our_key == key;
            next = ours.next();
            if let Some(our_value) = our_value
                && each(our_key, our_value).is_break()
            {
                ended = true;
                return ControlFlow::Break(());
            }
            if same {
                return ControlFlow::Continue(());
            }
        }
        let flow = each(key, value);
        ended |= flow.is_break();
        flow
    })?;
    while let Some((key, value)) = next
        && !ended
    {
        next = ours.next();
        if let Some(value) = value {
            ended = each(key, value).is_break();
        }
    }
    Ok(())
}
