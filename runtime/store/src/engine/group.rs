//! Transactions that share a commit.

use std::{fmt, mem, sync::Arc};

use super::{View, Writes};
use crate::{StoreError, Transaction};

/// The most transactions and bytes that share a commit, so that the first needn't wait for ever.
const TRANSACTIONS: usize = 256;
const BYTES: usize = 8 * 1024 * 1024;

/// Runs a transaction, or tells it why not.
pub(crate) type Run = Box<dyn FnOnce(Result<&mut Transaction, StoreError>) -> Verdict + Send>;

/// A transaction on its way. It is run once, or gets the error instead if there is no turn for it.
pub struct Job {
    pub(crate) store: u64,
    pub(crate) run: Run,
}

/// Tells a caller what came of its transaction, once that is durable or has failed.
type Settle = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What came of a turn.
pub struct Verdict {
    /// Keep what the transaction wrote, or undo it.
    pub(crate) commit: bool,
    pub(crate) settle: Settle,
}

/// What some transactions wrote so far, and who must be told.
#[derive(Default)]
pub(crate) struct Group {
    writes: Writes,
    bytes: usize,
    settles: Vec<Settle>,
}

impl Group {
    /// Runs a transaction on top of those before it, or tells it why not.
    pub(crate) fn run(&mut self, job: Job, view: Result<Arc<dyn View>, StoreError>) {
        let verdict = match view {
            Err(error) => (job.run)(Err(error)),
            Ok(view) => {
                let writes = mem::take(&mut self.writes);
                let mut transaction = Transaction::new(job.store, view, writes);
                let verdict = (job.run)(Ok(&mut transaction));
                self.bytes += transaction.size();
                self.writes = transaction.end(verdict.commit);
                verdict
            }
        };
        self.settles.push(verdict.settle);
    }

    /// Whether no more should join.
    pub(crate) fn is_full(&self) -> bool {
        self.settles.len() >= TRANSACTIONS || self.bytes >= BYTES
    }

    pub(crate) fn writes(&self) -> &Writes {
        &self.writes
    }

    /// Tells everyone. Those that wrote nothing too, for what they read may have been this group's.
    pub(crate) fn settle(self, result: &Result<(), StoreError>) {
        for settle in self.settles {
            settle(result.clone());
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdict").field("commit", &self.commit).finish_non_exhaustive()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("transactions", &self.settles.len()).finish_non_exhaustive()
    }
}
