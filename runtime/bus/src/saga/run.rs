//! One run of a saga.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use seam_core::call::{Call, Callable, KeepError, Repeatable, TicketId};
use seam_core::contract::ServiceFailure;
use seam_core::outcome::{CallError, NotExecuted, Unknown};
use seam_store::{Store, StoreError, Transaction, TransactionError};
use tokio::time::{Instant, sleep};

use super::journal::{At, Journal, Step};
use crate::command::FailureRow;
use crate::subscription::passes;

/// After so long a step is tried again whose callee is away, and twice as long each further time.
const PAUSE: Duration = Duration::from_millis(50);
/// Up to so long.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// For so long a step is tried in one turn; then the saga rests, and runs again from its top.
const PATIENCE: Duration = Duration::from_secs(3);
/// After so long a run begins no further step, and rests as well: two runs of a saga are never at work
/// side by side, for the longest step ends before the [deadline](DEADLINE) of the turn.
const LONGEST: Duration = Duration::from_secs(10);
/// The deadline of a saga's turn.
pub(crate) const DEADLINE: Duration = Duration::from_secs(28);
/// So often something that refuses is undone at most, for each run.
const UNDO_ATTEMPTS: u32 = 8;

/// One run of a saga, from its top.
pub(crate) struct Run {
    journal: Journal,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of the next step.
    next: u32,
    undos: Vec<Undo>,
    /// Why the run is to be taken up again later, if so: nothing more is done in it.
    rests: Option<String>,
}

/// What undoes something.
enum Undo {
    Call(Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>),
    Here(Work),
}

type Work = Box<dyn FnOnce(&mut Transaction) -> Result<(), StoreError> + Send>;
type Came = Result<Vec<u8>, CallError<ServiceFailure>>;

/// What a run comes to.
pub(crate) enum Ending {
    /// The saga is over.
    Ended(Came),
    /// It is to run again, later.
    Again,
}

impl Run {
    pub(crate) fn new(store: Store, id: TicketId) -> Self {
        let (journal, state) = (Journal::new(store, id), Mutex::default());
        Self { journal, began: Instant::now(), state }
    }

    pub(super) async fn step<M: Callable, U: Callable>(
        &self,
        call: Call<M>,
        undo: Option<Call<U>>,
    ) -> Result<M::Answer, CallError<M::Error>> {
        let call = call.repeatable()?;
        let undo = undo.map(Call::repeatable).transpose()?;
        let number = {
            let mut state = self.state.lock();
            if self.began.elapsed() > LONGEST {
                state.rests.get_or_insert_with(|| "its turn takes its time".to_owned());
            }
            if let Some(why) = &state.rests {
                return Err(NotExecuted::unavailable(why.as_str()).into());
            }
            state.next += 1;
            state.next - 1
        };
        let undoes = undo.map(|undo| self.undoes(undo)).is_some();
        let came = self.journal.step(number).await.map_err(|error| self.rests(&error))?;
        let came = match came {
            Some(Step::Answered(json)) => return read(&json),
            Some(Step::Failed(failure)) => {
                Err(failure.into_error().map_or_else(|error| unreadable(&error), CallError::typed))
            }
            Some(Step::Begun) => {
                let reason = "the process ended while the call ran".into();
                Err(Unknown::ConnectionLost { reason }.into())
            }
            None => self.make(number, &call).await,
        };
        if undoes && came.as_ref().is_err_and(CallError::not_executed) {
            // There is nothing to undo.
            self.state.lock().undos.pop();
        }
        came
    }

    /// Makes the call until it has an outcome, and notes that.
    async fn make<M: Callable>(
        &self,
        number: u32,
        call: &Repeatable<M>,
    ) -> Result<M::Answer, CallError<M::Error>> {
        let idempotent = M::SPEC.idempotent;
        if !idempotent {
            let begun = self.journal.note(number, &Step::Begun).await;
            begun.map_err(|error| self.rests(&error))?;
        }
        let (began, mut pause) = (Instant::now(), PAUSE);
        loop {
            let came = call.call()?.await;
            let again = match &came {
                Err(CallError::NotExecuted(why)) => passes(why),
                Err(CallError::Unknown(_)) => idempotent,
                _ => false,
            };
            if again {
                if began.elapsed() + pause < PATIENCE {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                    continue;
                }
                if !idempotent {
                    // It certainly didn't run, and may be made by another run.
                    self.journal.unbegin(number).await.map_err(|error| self.rests(&error))?;
                }
                let why = came.err().map(|error| error.to_string()).unwrap_or_default();
                return Err(self.rests(&format!("`{}` can't be had: {why}", M::SPEC.name)));
            }
            let step = match &came {
                Ok(answer) => {
                    Step::Answered(serde_json::to_vec(answer).map_err(|error| unreadable(&error))?)
                }
                Err(CallError::Service(error)) => {
                    failed(CallError::Service(ServiceFailure::whole_of(error)))
                }
                Err(CallError::NotExecuted(why)) => failed(why.clone()),
                Err(CallError::Unknown(why)) => failed(why.clone()),
            };
            self.journal.note(number, &step).await.map_err(|error| self.rests(&error))?;
            return came;
        }
    }

    /// The run is to be taken up again later.
    fn rests<E>(&self, why: &impl fmt::Display) -> CallError<E> {
        let why = why.to_string();
        let error = NotExecuted::unavailable(why.as_str()).into();
        self.state.lock().rests.get_or_insert(why);
        error
    }

    pub(super) fn undo<U: Callable>(&self, call: Call<U>) {
        match call.repeatable() {
            Ok(call) => self.undoes(call),
            Err(error) => {
                self.state.lock().rests.get_or_insert(error.to_string());
            }
        }
    }

    fn undoes<U: Callable>(&self, call: Repeatable<U>) {
        let undo = move || -> BoxFuture<'static, Result<(), String>> {
            let call = call.call();
            Box::pin(async move {
                let call = call.map_err(|error: KeepError| error.to_string())?;
                call.await.map(drop).map_err(|error| error.to_string())
            })
        };
        self.state.lock().undos.push(Undo::Call(Box::new(undo)));
    }

    pub(super) fn undo_here(
        &self,
        work: impl FnOnce(&mut Transaction) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.state.lock().undos.push(Undo::Here(Box::new(work)));
    }

    pub(super) async fn commit<E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Transaction) -> Result<(), E> + Send + 'static,
    ) -> Result<(), E> {
        if let Some(cause) = self.state.lock().rests.clone() {
            return Err(StoreError::Refused { cause }.into());
        }
        let journal = self.journal.clone();
        let committed = self.journal.store().transaction(move |tx| {
            if journal.mark(tx, At::Committed)? { work(tx) } else { Ok(()) }
        });
        match committed.await {
            Ok(()) => {
                self.state.lock().undos.clear();
                Ok(())
            }
            Err(TransactionError::Aborted(error)) => Err(error),
            Err(TransactionError::Store(error)) => {
                let _: CallError<()> = self.rests(&error);
                Err(error.into())
            }
        }
    }

    /// The method has returned: undoes what is to be undone, and says whether the saga is over.
    pub(crate) async fn end(&self, came: Came) -> Ending {
        if self.state.lock().rests.is_some() {
            return Ending::Again;
        }
        match &came {
            Ok(_) => return Ending::Ended(came),
            Err(CallError::NotExecuted(why)) if passes(why) => return Ending::Again,
            // It was cut off: what it would have come to is found out by another run.
            Err(CallError::Unknown(why)) if !matches!(why, Unknown::Inner(_)) => {
                return Ending::Again;
            }
            Err(_) => {}
        }
        let undos = std::mem::take(&mut self.state.lock().undos);
        for (number, undo) in undos.into_iter().enumerate().rev() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            if let Err(why) = self.undo_one(number, undo).await {
                tracing::warn!(saga = %self.journal.id(), why, "a saga isn't undone yet");
                return Ending::Again;
            }
        }
        Ending::Ended(came)
    }

    async fn undo_one(&self, number: u32, undo: Undo) -> Result<(), String> {
        let at = At::Undone(number);
        if self.journal.has(at).await.map_err(|error| error.to_string())? {
            return Ok(());
        }
        let work: Work = match undo {
            Undo::Here(work) => work,
            Undo::Call(call) => {
                let mut pause = PAUSE;
                for attempt in 1.. {
                    match call().await {
                        Ok(()) => break,
                        Err(why) if attempt >= UNDO_ATTEMPTS => return Err(why),
                        Err(_) => sleep(pause).await,
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Box::new(|_| Ok(()))
            }
        };
        let journal = self.journal.clone();
        let undone = self.journal.store().transaction(move |tx| {
            if journal.mark(tx, at)? { work(tx) } else { Ok::<_, StoreError>(()) }
        });
        undone.await.map_err(|error| error.to_string())
    }

    /// Forgets what the saga has kept, as it ends.
    pub(crate) fn forget(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        self.journal.forget(tx)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Run({})", self.journal.id())
    }
}

fn read<T: serde::de::DeserializeOwned, E>(json: &[u8]) -> Result<T, CallError<E>> {
    serde_json::from_slice(json).map_err(|error| unreadable(&error))
}

fn unreadable<E>(error: &serde_json::Error) -> CallError<E> {
    Unknown::Unreadable { why: error.to_string().into() }.into()
}

fn failed(why: impl Into<CallError<ServiceFailure>>) -> Step {
    Step::Failed(FailureRow::of(why.into()))
}
