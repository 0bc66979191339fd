//! What a layer above adds to transactions.

use std::any::Any;
use std::sync::Arc;

use crate::{StoreError, Transaction};

/// What a hook has found where a transaction was handed over.
pub type Begun = Arc<dyn Any + Send + Sync>;

/// Takes part in every transaction of a store that writes: see [`Store::hook`](crate::Store::hook).
pub trait Hook: Send + Sync + 'static {
    /// A transaction is handed over, on its caller's thread, before it waits for its turn: what is
    /// ambient there can be taken along, and is given back below.
    fn begin(&self) -> Option<Begun> {
        None
    }

    /// A transaction is about to commit: what is written here commits with it, and an error aborts
    /// it. Runs where the transaction does, so it holds up all writers.
    ///
    /// # Errors
    /// What the transaction is to fail with.
    fn before(
        &self,
        begun: Option<&Begun>,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError>;

    /// What became of a transaction that got past [`before`](Self::before), before its caller is told.
    fn after(&self, begun: Option<&Begun>, result: &Result<(), StoreError>);
}
