//! What a saga's steps came to, in its service's store: rows of the space `saga`.

use seam_core::call::TicketId;
use seam_store::{Space, Store, StoreError, Transaction};
use serde::{Deserialize, Serialize};

use crate::command::FailureRow;
use crate::rows;

/// What is known of a step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Step {
    /// Its call may have been made, and mustn't be made again.
    Begun,
    /// It was answered, by this JSON.
    Answered(#[serde(with = "serde_bytes")] Vec<u8>),
    /// It has failed for good.
    Failed(FailureRow),
}

/// Rows of a saga.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    /// What the step of that number came to.
    Step(u32),
    /// That what undoes number so and so was done.
    Undone(u32),
    /// That the saga is committed.
    Committed,
}

/// A saga's rows.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    store: Store,
    id: TicketId,
}

impl Journal {
    pub(super) const fn new(store: Store, id: TicketId) -> Self {
        Self { store, id }
    }

    pub(super) const fn id(&self) -> TicketId {
        self.id
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    fn space(&self) -> Result<Space, StoreError> {
        self.store.space("saga")
    }

    fn key(&self, at: At) -> Vec<u8> {
        let (kind, number) = match at {
            At::Step(number) => (0_u8, number),
            At::Undone(number) => (1, number),
            At::Committed => (2, 0),
        };
        [&self.id.get().to_be_bytes()[..], &[kind], &number.to_be_bytes()].concat()
    }

    pub(super) async fn step(&self, number: u32) -> Result<Option<Step>, StoreError> {
        let row = self.space()?.get(&self.key(At::Step(number))).await?;
        row.map(|row| rows::read(&row)).transpose()
    }

    pub(super) async fn has(&self, at: At) -> Result<bool, StoreError> {
        Ok(self.space()?.get(&self.key(at)).await?.is_some())
    }

    /// Notes what a step came to.
    pub(super) async fn note(&self, number: u32, step: &Step) -> Result<(), StoreError> {
        self.write(number, Some(rows::write(step)?)).await
    }

    /// A step has not [begun](Step::Begun), after all.
    pub(super) async fn unbegin(&self, number: u32) -> Result<(), StoreError> {
        self.write(number, None).await
    }

    async fn write(&self, number: u32, row: Option<Vec<u8>>) -> Result<(), StoreError> {
        let (space, key) = (self.space()?, self.key(At::Step(number)));
        let written = self.store.transaction(move |tx| tx.write_raw(&space, &key, row));
        Ok(written.await?)
    }

    /// Marks something as done; false if it was.
    pub(super) fn mark(&self, tx: &mut Transaction, at: At) -> Result<bool, StoreError> {
        let (space, key) = (self.space()?, self.key(at));
        let new = tx.read_raw(&space, &key)?.is_none();
        if new {
            tx.write_raw(&space, &key, Some(Vec::new()))?;
        }
        Ok(new)
    }

    /// Forgets the saga.
    pub(super) fn forget(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        let space = self.space()?;
        let first = self.id.get().to_be_bytes();
        let end = self.id.get().saturating_add(1).to_be_bytes();
        for (key, _) in tx.scan_raw(&space, &first[..]..&end[..], false, usize::MAX)? {
            tx.write_raw(&space, &key, None)?;
        }
        Ok(())
    }
}
