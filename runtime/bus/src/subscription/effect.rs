//! One effect of each delivery: that it was handled commits with what the handler writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use seam_core::context;
use seam_store::{Begun, Hook, StoreError, Transaction};

use super::kept::Kept;
use crate::intake::Position;

/// Nothing was written yet.
const NONE: u8 = 0;
/// A transaction is about to commit.
const UNDER_WAY: u8 = 1;
/// One has committed, or it isn't known whether it has.
const WRITTEN: u8 = 2;

/// What a delivery's handler writes, in the turn that it begins.
#[derive(Debug)]
pub(crate) struct Effect {
    kept: Kept,
    position: Position,
    /// Whether the event is among those that wait.
    waits: bool,
    state: AtomicU8,
}

impl Effect {
    pub(crate) const fn new(kept: Kept, position: Position, waits: bool) -> Self {
        Self { kept, position, waits, state: AtomicU8::new(NONE) }
    }

    /// Whether the handler has written something, as far as anybody knows.
    pub(crate) fn is_written(&self) -> bool {
        self.state.load(Ordering::Acquire) != NONE
    }
}

/// Takes part in the transactions of handlers, each of which has one.
#[derive(Debug)]
pub struct OneEffect;

impl Hook for OneEffect {
    fn begin(&self) -> Option<Begun> {
        context::delivery()?.by::<Effect>().map(|effect| effect as Begun)
    }

    fn before(
        &self,
        begun: Option<&Begun>,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError> {
        let Some(effect) = effect(begun) else { return Ok(()) };
        let first =
            effect.state.compare_exchange(NONE, UNDER_WAY, Ordering::AcqRel, Ordering::Acquire);
        if first.is_err() {
            return Err(refused(
                "a delivery has one transaction that writes, for that it was handled commits with \
                 that one: write all of it in one `store.transaction(…)`",
            ));
        }
        let marked = effect.kept.mark(transaction, effect.position, effect.waits);
        if !matches!(marked, Ok(true)) {
            effect.state.store(NONE, Ordering::Release);
        }
        match marked? {
            true => Ok(()),
            // An earlier delivery's turn went on after its deadline.
            false => Err(refused("an earlier delivery of this event was handled meanwhile")),
        }
    }

    fn after(&self, begun: Option<&Begun>, result: &Result<(), StoreError>) {
        let Some(effect) = effect(begun) else { return };
        let without_effect = result.as_ref().is_err_and(|error| !error.is_unknown());
        let state = if without_effect { NONE } else { WRITTEN };
        effect.state.store(state, Ordering::Release);
    }
}

fn effect(begun: Option<&Begun>) -> Option<Arc<Effect>> {
    Arc::clone(begun?).downcast().ok()
}

fn refused(cause: &str) -> StoreError {
    StoreError::Refused { cause: cause.to_owned() }
}
