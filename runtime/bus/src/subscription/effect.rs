//! One effect of each delivery: that it was handled commits with what the handler writes.

use std::fmt;
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
/// One was refused, for an earlier delivery of the same had written.
const MET: u8 = 3;

/// Marks a delivery as handled, in a transaction of its handler; false if it was before.
type Mark = Box<dyn Fn(&mut Transaction) -> Result<bool, StoreError> + Send + Sync>;

/// What a delivery's handler writes, in the turn that it begins.
pub(crate) struct Effect {
    mark: Mark,
    /// Whether its first transaction that writes must be its only one.
    only: bool,
    state: AtomicU8,
}

impl Effect {
    /// That of an event, whose handler has one transaction.
    pub(crate) fn of_event(kept: Kept, position: Position, waits: bool) -> Self {
        let mark = move |tx: &mut Transaction| kept.mark(tx, position, waits);
        Self { mark: Box::new(mark), only: true, state: AtomicU8::new(NONE) }
    }

    /// That of something which is marked by the first transaction, and may have others.
    pub(crate) fn first(
        mark: impl Fn(&mut Transaction) -> Result<bool, StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self { mark: Box::new(mark), only: false, state: AtomicU8::new(NONE) }
    }

    /// Whether the handler has written something, or met what an earlier delivery had, as far as anybody
    /// knows.
    pub(crate) fn is_written(&self) -> bool {
        self.state.load(Ordering::Acquire) != NONE
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effect").field("state", &self.state).finish_non_exhaustive()
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
        if first.is_err() && !effect.only {
            return Ok(());
        }
        if first.is_err() {
            return Err(refused(
                "a delivery has one transaction that writes, for that it was handled commits with \
                 that one: write all of it in one `store.transaction(…)`",
            ));
        }
        let marked = (effect.mark)(transaction);
        if !matches!(marked, Ok(true)) {
            let met = effect.only && matches!(marked, Ok(false));
            effect.state.store(if met { MET } else { NONE }, Ordering::Release);
        }
        match marked? {
            true => Ok(()),
            // An earlier delivery's turn went on after its deadline.
            false => Err(refused("an earlier delivery of the same was handled meanwhile")),
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
