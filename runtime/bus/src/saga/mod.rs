//! Sagas: a method that calls others one after the other, and undoes what it has done where it can't go
//! on; whoever crashes meanwhile.
//!
//! A method marked `#[call(saga)]` is enqueued. It runs from its top after each crash, and must ask the
//! same of its [`Saga`] each time: what a step came to is kept, and a step that has ended isn't made
//! again.
//!
//! ```text
//! journal   what steps came to, in the service's store
//! run       one run: what is to be undone, and what a step has been kept waiting for
//! ```

mod journal;
mod run;

use std::fmt;
use std::sync::Arc;

use seam_core::call::{Call, Callable};
use seam_core::context;
use seam_core::outcome::{CallError, NotExecuted};
use seam_store::{StoreError, Transaction};

pub(crate) use self::run::{DEADLINE, Ending, Run};

/// The saga that runs in this turn. Outside of a method that was enqueued as one it refuses each step.
pub fn saga() -> Saga {
    let run = context::delivery().and_then(|delivery| delivery.by::<Run>());
    Saga { run }
}

/// What a saga does, and what undoes it: see [`saga()`].
#[derive(Clone)]
pub struct Saga {
    run: Option<Arc<Run>>,
}

impl Saga {
    /// Makes a call, once, whatever crashes; `undo` undoes it if the saga doesn't come to its
    /// [`commit`](Self::commit). It is undone as well where it fails in a way that may have had an effect,
    /// a service error included: undoing what never was must do nothing.
    ///
    /// A callee that is away or overloaded is waited for.
    ///
    /// # Errors
    /// The call's own; pass them on, and the saga undoes what it has done.
    pub async fn step<M: Callable, U: Callable>(
        &self,
        call: Call<M>,
        undo: Call<U>,
    ) -> Result<M::Answer, CallError<M::Error>> {
        self.run()?.step(call, Some(undo)).await
    }

    /// Makes a call, once, that nothing undoes.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn once<M: Callable>(&self, call: Call<M>) -> Result<M::Answer, CallError<M::Error>> {
        self.run()?.step::<M, M>(call, None).await
    }

    /// Has the call made if the saga doesn't come to its [`commit`](Self::commit): for what was done
    /// before it. What is named last is undone first.
    pub fn undo<U: Callable>(&self, call: Call<U>) {
        if let Some(run) = &self.run {
            run.undo(call);
        }
    }

    /// The same in a transaction of the service's own store.
    pub fn undo_here(
        &self,
        work: impl FnOnce(&mut Transaction) -> Result<(), StoreError> + Send + 'static,
    ) {
        if let Some(run) = &self.run {
            run.undo_here(work);
        }
    }

    /// Ends the saga by a transaction of the service's own store, once: nothing is undone from then on.
    ///
    /// # Errors
    /// What `work` returns; pass it on, and the saga undoes what it has done.
    pub async fn commit<E>(
        &self,
        work: impl FnOnce(&mut Transaction) -> Result<(), E> + Send + 'static,
    ) -> Result<(), E>
    where
        E: From<StoreError> + Send + 'static,
    {
        match &self.run {
            Some(run) => run.commit(work).await,
            None => Err(StoreError::Refused { cause: NO_SAGA.to_owned() }.into()),
        }
    }

    fn run<E>(&self) -> Result<&Run, CallError<E>> {
        let none = || NotExecuted::bad_request(NO_SAGA).into();
        self.run.as_deref().ok_or_else(none)
    }
}

const NO_SAGA: &str = "this isn't a saga's turn: mark the method `#[call(saga)]`, and enqueue it, by \
                       `tx.send(me.fulfil(id).enqueue(key))` say, instead of calling it";

impl fmt::Debug for Saga {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saga").field("run", &self.run).finish()
    }
}
