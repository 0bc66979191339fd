//! Where the outcome of a call that isn't over at once is waited for.

use std::future::Future;
use std::mem::{replace, swap};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::counted::Counted;
use super::held::Held;
use super::poll::drop_quietly;
use crate::context::{Spot, TurnContext};
use crate::contract::Method;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::record::Ended;
use crate::time::Moment;

/// The outcome of a call, typed.
pub type Outcome<T, E> = Result<T, CallError<E>>;

/// The call waits in line; it can still be told that it never ran.
const WAITING: u8 = 0;
/// The turn has begun.
const RUNNING: u8 = 1;
/// The call was taken back before its turn: it never runs.
const CANCELLED: u8 = 2;

/// The state of one call, shared by who waits for it, who runs it and who watches the time.
pub(super) struct Slot<M: Method> {
    state: AtomicU8,
    /// Whether a fallback has part in the outcome.
    degraded: AtomicBool,
    /// Whether whoever waited has left while the turn ran.
    forsaken: AtomicBool,
    /// Whether the call came from another process.
    elsewhere: AtomicBool,
    deadline: Moment,
    /// When the turn began, in nanoseconds of the clock.
    began: AtomicU64,
    counted: Option<Counted>,
    cell: Mutex<Cell<M>>,
    drive: Mutex<Drive>,
}

/// Who drives a turn that has begun.
enum Drive {
    /// Whoever polls it for the first time.
    First,
    /// Its home.
    Home(Running),
    /// Nobody, once its first poll is over.
    Ended,
}

/// What it takes to end a running turn.
struct Running {
    task: AbortHandle,
    host: Arc<dyn Discard>,
    /// Which life of the actor the turn is part of.
    life: u64,
}

/// A host whose actor's type doesn't matter.
pub(super) trait Discard: Send + Sync {
    /// Lets nobody enter that life of the actor again, and has another begin.
    fn discard(&self, life: u64);

    /// A call in line was taken back: the one behind it may be able to enter.
    fn taken_back(&self);
}

struct Cell<M: Method> {
    /// Until the turn begins; if it doesn't, whoever waits has it back with the outcome.
    message: Held<M>,
    outcome: Came<M>,
}

enum Came<M: Method> {
    Not(Option<Waker>),
    Here(Outcome<M::Answer, M::Error>),
    Fetched,
}

impl<M: Method> Slot<M> {
    /// A call that waits in line.
    pub(super) fn waiting(deadline: Moment, message: M, counted: Option<Counted>) -> Self {
        Self::new(WAITING, deadline, Moment::default(), Held::Here(message), counted)
    }

    /// A call whose turn began at `now`.
    pub(super) fn running(deadline: Moment, now: Moment, counted: Option<Counted>) -> Self {
        Self::new(RUNNING, deadline, now, Held::Taken, counted)
    }

    fn new(
        state: u8,
        deadline: Moment,
        began: Moment,
        message: Held<M>,
        counted: Option<Counted>,
    ) -> Self {
        Self {
            state: AtomicU8::new(state),
            degraded: AtomicBool::new(false),
            forsaken: AtomicBool::new(false),
            elsewhere: AtomicBool::new(false),
            deadline,
            began: AtomicU64::new(began.as_nanos()),
            counted,
            cell: Mutex::new(Cell { message, outcome: Came::Not(None) }),
            drive: Mutex::new(Drive::First),
        }
    }

    /// Waiting → running, if the call was not taken back and its deadline hasn't passed: then the turn
    /// has the message.
    pub(super) fn begin(&self, now: Moment) -> Option<M> {
        if now >= self.deadline {
            self.expire_waiting();
            return None;
        }
        self.began.store(now.as_nanos(), Ordering::Relaxed);
        self.turn_to(RUNNING).then(|| self.cell.lock().message.take())
    }

    /// Waiting → cancelled, for that reason, or because it is taken back; `true` if that won.
    pub(super) fn cancel(&self, why: Option<&NotExecuted>) -> bool {
        let won = self.turn_to(CANCELLED);
        if won && let Some(counted) = &self.counted {
            counted.refused(why);
            self.unheard(Ended::NotExecuted);
        }
        won
    }

    fn turn_to(&self, to: u8) -> bool {
        self.state.compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn expire_waiting(&self) -> bool {
        let why = NotExecuted::DeadlineExceeded;
        let won = self.cancel(Some(&why));
        if won {
            self.fill(Err(why.into()));
        }
        won
    }

    /// Says how the running turn can be ended.
    pub(super) fn runs_as(&self, task: AbortHandle, host: Arc<dyn Discard>, life: u64) {
        let mut drive = self.drive.lock();
        match &*drive {
            // Its caller left, or its deadline passed, during the first poll.
            Drive::Ended => task.abort(),
            _ => *drive = Drive::Home(Running { task, host, life }),
        }
    }

    /// The turn is over that ran in `context`: it is counted, and its outcome told, unless its caller
    /// was told another one.
    pub(super) fn ended(
        &self,
        context: Option<&TurnContext>,
        outcome: Outcome<M::Answer, M::Error>,
        now: Moment,
    ) {
        if let Some(counted) = &self.counted {
            counted.ended(&outcome, self.began(), now);
        }
        if context.is_some_and(TurnContext::is_degraded) {
            // Read by whoever has fetched the outcome, which is filled in after this.
            self.degraded.store(true, Ordering::Release);
        }
        let ended = Ended::of(&outcome);
        let heard = self.fill(outcome) && !self.forsaken.load(Ordering::Relaxed);
        if !heard || ended == Ended::Unknown {
            self.unheard(ended);
        }
    }

    /// How the call ended isn't told to whoever made it, or is no answer.
    #[cold]
    fn unheard(&self, ended: Ended) {
        if let Some(counted) = &self.counted {
            counted.unheard(ended, self.elsewhere.load(Ordering::Relaxed));
        }
    }

    /// The turn was ended before its end.
    pub(super) fn aborted(&self) {
        if let Some(counted) = &self.counted {
            let why = if self.forsaken.load(Ordering::Relaxed) {
                None
            } else if counted.is_late(self.deadline) {
                Some(Unknown::DeadlineExceeded)
            } else {
                Some(Unknown::Abandoned)
            };
            counted.aborted(why, self.began());
            self.unheard(Ended::Unknown);
        }
        self.fill(failed(Unknown::Abandoned));
    }

    fn began(&self) -> Moment {
        Moment::from_nanos(self.began.load(Ordering::Relaxed))
    }

    /// The outcome, unless there is one already; whether there was none.
    pub(super) fn fill(&self, outcome: Outcome<M::Answer, M::Error>) -> bool {
        let mut cell = self.cell.lock();
        let Came::Not(waker) = &mut cell.outcome else { return false };
        let waker = waker.take();
        cell.outcome = Came::Here(outcome);
        drop(cell);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// The outcome; with it `message` comes back, if the turn never began.
    fn poll(
        &self,
        cx: &mut Context<'_>,
        message: &mut Held<M>,
    ) -> Poll<Outcome<M::Answer, M::Error>> {
        let mut cell = self.cell.lock();
        match &mut cell.outcome {
            Came::Not(Some(waker)) => waker.clone_from(cx.waker()),
            Came::Not(none) => *none = Some(cx.waker().clone()),
            Came::Here(_) => {
                if let Came::Here(outcome) = replace(&mut cell.outcome, Came::Fetched) {
                    // What was there is `Taken`: nothing is dropped under the lock.
                    swap(message, &mut cell.message);
                    return Poll::Ready(outcome);
                }
            }
            Came::Fetched => {}
        }
        Poll::Pending
    }

    /// Whoever waited is gone; `true` if the call was still in line.
    fn forsake(&self) -> bool {
        let taken_back = self.cancel(None);
        if !taken_back {
            self.forsaken.store(true, Ordering::Relaxed);
            // Either this is seen by who fills the outcome in, or that is there already.
            let ended = match &self.cell.lock().outcome {
                Came::Here(outcome) => Some(Ended::of(outcome)),
                Came::Not(_) | Came::Fetched => None,
            };
            if let Some(ended) = ended {
                self.unheard(ended);
            }
        }
        if !taken_back && !M::SPEC.turn.runs_to_end() {
            self.abort();
        }
        taken_back
    }

    fn abort(&self) {
        if let Drive::Home(running) = replace(&mut *self.drive.lock(), Drive::Ended) {
            running.task.abort();
        }
    }
}

/// What the sweeper found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing to do before that moment.
    Later(Moment),
    /// The call was taken out of the line by its deadline.
    TakenBack,
}

/// A call that isn't over, whatever its types.
pub(super) trait Outstanding: Send + Sync {
    /// Acts on what has become due at `now`.
    fn sweep(&self, now: Moment, turn_limit: Duration) -> Look;

    /// Tells who waits for a running turn that nobody watches it any more.
    fn abandon(&self);

    /// Whether the call was taken back while it waited.
    fn is_cancelled(&self) -> bool;

    /// When it is to be looked at next, as seen from `now`.
    fn due(&self, now: Moment, turn_limit: Duration) -> Moment;
}

impl<M: Method> Outstanding for Slot<M> {
    fn sweep(&self, now: Moment, turn_limit: Duration) -> Look {
        if self.is_cancelled() {
            return Look::Later(Moment::NEVER);
        }
        if now >= self.deadline {
            if self.expire_waiting() {
                return Look::TakenBack;
            }
            if self.state.load(Ordering::Acquire) == RUNNING {
                self.fill(Err(Unknown::DeadlineExceeded.into()));
                if !M::SPEC.turn.runs_to_end() {
                    self.abort();
                    return Look::Later(Moment::NEVER);
                }
            }
        }
        if !M::SPEC.turn.runs_to_end() {
            return Look::Later(self.deadline);
        }
        if self.state.load(Ordering::Acquire) != RUNNING {
            return Look::Later(self.due(now, turn_limit));
        }
        let end = self.began().after(turn_limit);
        if now < end {
            return Look::Later(if now < self.deadline { self.deadline.min(end) } else { end });
        }
        self.fill(Err(Unknown::Abandoned.into()));
        let mut drive = self.drive.lock();
        if let Drive::First = *drive {
            // Its first poll holds a thread, and can't be ended.
            return Look::Later(now);
        }
        let drive = replace(&mut *drive, Drive::Ended);
        if let Drive::Home(running) = drive {
            running.host.discard(running.life);
            running.task.abort();
        }
        Look::Later(Moment::NEVER)
    }

    fn abandon(&self) {
        if self.state.load(Ordering::Acquire) == RUNNING {
            self.fill(Err(Unknown::Abandoned.into()));
        }
    }

    fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Acquire) == CANCELLED
    }

    fn due(&self, now: Moment, turn_limit: Duration) -> Moment {
        if M::SPEC.turn.runs_to_end() {
            // It may begin at once, and then has its limit.
            return self.deadline.min(now.after(turn_limit));
        }
        self.deadline
    }
}

/// The wait for the outcome of a local call. Dropping it is the caller going away: a waiting call
/// never runs, a shared turn ends, the others run on.
pub struct Reply<M: Method> {
    slot: Option<Arc<Slot<M>>>,
    degraded: bool,
    /// In whose line the call may be.
    host: Option<Arc<dyn Discard>>,
}

impl<M: Method> Reply<M> {
    /// The wait for a turn that runs.
    pub(super) const fn running(slot: Arc<Slot<M>>) -> Self {
        Self { slot: Some(slot), degraded: false, host: None }
    }

    /// The wait for a call in line.
    pub(super) const fn in_line(slot: Arc<Slot<M>>, host: Arc<dyn Discard>) -> Self {
        Self { slot: Some(slot), degraded: false, host: Some(host) }
    }

    /// Where the call stands in its trace, if it is counted.
    pub(crate) fn spot(&self) -> Option<Spot> {
        self.slot.as_ref()?.counted.as_ref().map(Counted::spot)
    }

    /// The call came from another process.
    pub(crate) fn mark_elsewhere(&self) {
        if let Some(slot) = &self.slot {
            slot.elsewhere.store(true, Ordering::Relaxed);
        }
    }

    /// Whoever waited goes away. Whether the call was still in line, and never runs.
    pub(crate) fn leave(&mut self) -> bool {
        let Some(slot) = self.slot.take() else { return false };
        let taken_back = slot.forsake();
        if taken_back && let Some(host) = &self.host {
            host.taken_back();
        }
        // With it goes a message that never ran, if nobody else has the slot by now.
        drop_quietly(slot);
        taken_back
    }

    /// Whether a fallback has part in the outcome that was fetched.
    pub(crate) const fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// The outcome, once it is there. `message`, which was taken when the call began to wait, is then
    /// what has become of it: here again if the turn never began.
    pub(crate) fn poll_or_return(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Held<M>,
    ) -> Poll<Outcome<M::Answer, M::Error>> {
        let Some(slot) = &self.slot else { return Poll::Pending };
        let outcome = slot.poll(cx, message);
        if outcome.is_ready() {
            self.degraded = slot.degraded.load(Ordering::Acquire);
            // A shared turn past its deadline was ended by the sweeper; nothing is left to forsake.
            self.slot = None;
        }
        outcome
    }
}

impl<M: Method> Future for Reply<M> {
    type Output = Outcome<M::Answer, M::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_or_return(cx, &mut Held::Taken)
    }
}

impl<M: Method> Drop for Reply<M> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<M: Method> std::fmt::Debug for Reply<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

/// How a failure outside the turn reaches the caller.
pub(super) fn failed<T, E>(failure: impl Into<Failure>) -> Outcome<T, E> {
    Err(failure.into().into())
}
