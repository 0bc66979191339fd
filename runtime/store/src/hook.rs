//! What a layer above adds to transactions.

use crate::{StoreError, Transaction};

/// Takes part in every transaction of a store that writes: see [`Store::hook`](crate::Store::hook).
pub trait Hook: Send + Sync + 'static {
    /// A transaction is about to commit: what is written here commits with it, and an error aborts
    /// it. Runs where the transaction does, so it holds up all writers.
    ///
    /// # Errors
    /// What the transaction is to fail with.
    fn before(&self, transaction: &mut Transaction) -> Result<(), StoreError>;

    /// What became of it, before its caller is told.
    fn after(&self, result: &Result<(), StoreError>);
}
