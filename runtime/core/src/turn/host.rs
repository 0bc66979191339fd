//! A service's host: takes calls in, and begins their turns.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::counted::Counted;
use super::gate::{Left, Refused};
use super::held::Held;
use super::keeper::Kept;
use super::limits::{InForce, Limits};
use super::line::{Gone, Line, Phase};
use super::poll::Driver;
use super::queued::{Promoted, Waiting};
use super::seat::{ActorCell, HostBox, Seat};
use super::slot::{Outcome, Outstanding, Reply, Slot, failed};
use super::turn_box::TurnBox;
use crate::context::TurnContext;
use crate::contract::Method;
use crate::home::Home;
use crate::live::Live;
use crate::metrics::Meter;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::policy::{QueueTime, TooLong};
use crate::time::{Clock, Moment};

/// How long an overloaded callee asks its callers to stay away.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Where a service's turns run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lane {
    /// On the caller's task while they don't wait, then on the service's home.
    #[default]
    Inline,
    /// On an arbiter of the service's own: for what blocks or burns CPU.
    Arbiter,
}

/// How a host is set up.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The service's name.
    pub service: ServiceId,
    /// Where turns run.
    pub lane: Lane,
    /// How much it takes; may be changed while it runs.
    pub limits: Live<Limits>,
    /// Where turns go that nobody else drives.
    pub home: Home,
    /// What time it is.
    pub clock: Clock,
}

impl HostSettings {
    /// The defaults: inline, 1,024 calls, 30 s.
    pub fn new(service: ServiceId, home: Home) -> Self {
        Self { service, lane: Lane::default(), limits: Live::default(), home, clock: Clock::fast() }
    }
}

/// A service as its unit hosts it.
pub struct Host<A: Send + Sync + 'static> {
    pub(super) inner: Arc<HostBox<A>>,
}

// What every turn writes to stands first, on one cache line of its own: callers on several threads
// take it from each other once per turn, and nothing else with it.
#[repr(C, align(64))]
pub(super) struct Inner<A: Send + Sync + 'static> {
    pub(super) cell: ActorCell<A>,
    /// Whether a turn has ended well: an actor that panics at once is rebuilt with backoff.
    pub(super) proved: AtomicBool,
    /// Whether nobody enters the actor any more, be it to say goodbye: an exclusive turn has left it in
    /// the middle of something, or it was stopped.
    pub(super) broken: AtomicBool,
    pub(super) limits: InForce,
    pub(super) settings: HostSettings,
    pub(super) line: Mutex<Line<A>>,
    /// What calls in line wait for each of those ahead of them.
    pub(super) waits: QueueTime,
    pub(super) signals: Arc<Signals>,
    pub(super) restarts: AtomicU64,
    pub(super) kept: Kept<A>,
}

/// Whom a host's loops wait for.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// The head of the line may be able to enter.
    pub(super) pump: Notify,
    /// An earlier moment is to be waited for.
    pub(super) sweep: Notify,
    /// The gate is shut, or the host is to end.
    pub(super) keeper: Notify,
    /// The line may have run empty while the host drains.
    pub(super) idle: Notify,
    /// Who looks at the actor is to leave it: somebody wants it alone.
    pub(super) observed: Notify,
}

/// What a call brings to its turn, and where its outcome goes. All of it stays with the caller until
/// it is wanted: what is moved on the way would be read in other pieces than it was just written in,
/// and the processor would wait for that.
#[derive(Debug)]
pub struct TurnStart<'a, M: Method> {
    /// The message; taken when the turn begins, or gets in line.
    pub message: &'a mut Held<M>,
    /// The turn's context; `None` if it has none of its own, but its caller's. Taken if the call
    /// isn't over at once.
    pub context: &'a mut Option<TurnContext>,
    /// Where the outcome goes, if there is one at once; holds none yet.
    pub outcome: &'a mut Poll<Outcome<M::Answer, M::Error>>,
    /// When the call was admitted.
    pub now: Moment,
    /// Where it is counted if it isn't over at once: who begins it counts it otherwise. Without a context
    /// nothing is counted.
    pub meter: &'a Arc<Meter>,
}

impl<M: Method> TurnStart<'_, M> {
    fn deadline(&self) -> Moment {
        self.context.as_ref().map_or(Moment::NEVER, TurnContext::deadline)
    }

    /// How it is counted from now on.
    fn counted(&mut self) -> Option<Counted> {
        let context = self.context.as_mut()?;
        Some(Counted::new(self.meter, M::SPEC, context, self.now))
    }

    /// Ends the call before its turn begins.
    #[cold]
    pub(crate) fn refuse(self, why: NotExecuted) -> Begun<M> {
        *self.outcome = Poll::Ready(failed(why));
        Begun::Done(self.now)
    }
}

/// A call that was let in, or not.
#[derive(Debug)]
pub enum Begun<M: Method> {
    /// It is over, since that moment; its outcome is where the call wanted it.
    Done(Moment),
    /// It runs or waits; the home sees to it.
    Pending(Reply<M>),
}

/// How a host is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostState {
    /// `starting`, `running`, `down`, `draining`, `resting` or `stopped`.
    pub phase: &'static str,
    /// Why it is down.
    pub reason: Option<String>,
    /// How many times the actor was built again.
    pub restarts: u64,
    /// Turns that run now.
    pub running: u32,
    /// Calls that wait now.
    pub waiting: usize,
}

impl<A: Send + Sync + 'static> Host<A> {
    pub(super) fn new(settings: HostSettings, kept: Kept<A>) -> Self {
        let inner = Inner {
            cell: ActorCell::shut(),
            proved: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            limits: InForce::default(),
            settings,
            line: Mutex::new(Line::new()),
            waits: QueueTime::new(),
            signals: Arc::default(),
            restarts: AtomicU64::new(0),
            kept,
        };
        let inner = Arc::new(HostBox::new(inner));
        let host = Arc::downgrade(&inner);
        inner
            .settings
            .limits
            .follow(move |limits| host.upgrade().map(|host| host.limit(limits)).is_some());
        Self { inner }
    }

    /// Lets a call in and begins its turn, or puts it in line. Called by generated code.
    pub fn turn<M, F, R>(&self, start: TurnStart<'_, M>, run: F) -> Begun<M>
    where
        M: Method,
        F: FnOnce(Seat<A>, M) -> R + Send + 'static,
        R: Future<Output = Result<M::Answer, M::Error>> + Send + 'static,
    {
        let exclusive = M::SPEC.turn.is_exclusive();
        // In the arbiter lane the gate always has a line.
        let mut crowded = false;
        loop {
            // A seat from one place only: one of several would have to lie in memory, and be moved.
            match Seat::enter(&self.inner, exclusive) {
                Ok(seat) => return self.run_inline(start, seat, run),
                Err(Refused::Crowded) if !crowded => {
                    crowded = true;
                    self.see_to_readers(exclusive);
                }
                Err(Refused::Full) => return start.refuse(overloaded()),
                Err(Refused::Busy | Refused::Crowded) => return self.get_in_line(start, run),
            }
        }
    }

    #[inline]
    fn run_inline<M, F, R>(&self, mut start: TurnStart<'_, M>, seat: Seat<A>, run: F) -> Begun<M>
    where
        M: Method,
        F: FnOnce(Seat<A>, M) -> R,
        R: Future<Output = Result<M::Answer, M::Error>> + Send + 'static,
    {
        let inner = &self.inner;
        let mut turn = TurnBox::new(|| run(seat, start.message.take()));
        let driver = inner.driver(M::SPEC.name);
        let at = driver.poll_first(turn.as_mut(), start.context, start.now, start.outcome);
        if start.outcome.is_ready() {
            return Begun::Done(at);
        }
        let slot = Slot::<M>::running(start.deadline(), start.now, start.counted());
        let slot = Arc::new(slot);
        let key = inner.watch(slot.clone());
        let context = start.context.take();
        Promoted::spawn(inner, turn, context, slot.clone(), key);
        Begun::Pending(Reply::running(slot))
    }

    /// Opens the gate's reader counters for a shared turn, closes them for an exclusive one.
    #[cold]
    fn see_to_readers(&self, exclusive: bool) {
        let (gate, _line) = (self.inner.cell.gate(), self.inner.line.lock());
        if exclusive {
            gate.close_readers();
        } else {
            gate.open_readers(self.inner.limits.mailbox());
        }
    }

    #[inline(never)] // the way past the line stays small
    fn get_in_line<M, F, R>(&self, mut start: TurnStart<'_, M>, run: F) -> Begun<M>
    where
        M: Method,
        F: FnOnce(Seat<A>, M) -> R + Send + 'static,
        R: Future<Output = Result<M::Answer, M::Error>> + Send + 'static,
    {
        let inner = &self.inner;
        let settings = &inner.settings;
        let deadline = start.deadline();
        let mut gone = Gone::nothing();
        let mut line = inner.line.lock();
        if let Some(why) = line.closed() {
            return start.refuse(why);
        }
        let ahead = match inner.find_place(&mut line, start.now, deadline, &mut gone) {
            Ok(ahead) => ahead,
            Err(why) => {
                if line.queue.is_empty() && settings.lane == Lane::Inline {
                    inner.cell.gate().end_line();
                }
                return start.refuse(why);
            }
        };
        let counted = start.counted();
        let slot = Arc::new(Slot::<M>::waiting(deadline, start.message.take(), counted));
        let due = slot.due(start.now, inner.limits.turn());
        let (key, sooner) = line.watch(slot.clone(), due);
        let context = start.context.take();
        let (slot_here, since) = (slot.clone(), start.now);
        let waiting = Waiting { run, context, slot: slot_here, key, since, ahead };
        line.queue.push_back(Box::new(waiting));
        drop(line);
        inner.signals.pump.notify_one();
        if sooner {
            inner.signals.sweep.notify_one();
        }
        Begun::Pending(Reply::in_line(slot, Arc::clone(inner) as _))
    }

    /// How the host is doing.
    pub fn state(&self) -> HostState {
        let line = self.inner.line.lock();
        let (phase, reason) = match &line.phase {
            Phase::Starting => ("starting", None),
            Phase::Open => ("running", None),
            Phase::Down(reason) => ("down", Some(reason.to_string())),
            Phase::Draining => ("draining", None),
            Phase::Resting => ("resting", None),
            Phase::Stopped => ("stopped", None),
        };
        let running = self.inner.cell.gate().count();
        // Calls that were taken back are in line until somebody stumbles over them.
        let waiting = line.queue.iter().filter(|call| !call.cancelled()).count();
        let restarts = self.inner.restarts.load(Ordering::Relaxed);
        HostState { phase, reason, restarts, running, waiting }
    }
}

impl<A: Send + Sync + 'static> Drop for Host<A> {
    fn drop(&mut self) {
        // Nobody can call any more: the keeper ends, and with it the instance.
        self.inner.line.lock().phase = Phase::Stopped;
        self.inner.signals.keeper.notify_one();
    }
}

impl<A: Send + Sync + 'static> fmt::Debug for Host<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(&self.inner.settings.service).finish()
    }
}

impl Signals {
    /// Tells who may wait for a turn to leave.
    pub(super) fn turn_left(&self, left: Left) {
        if left.line {
            self.pump.notify_one();
        }
        if left.shut {
            self.keeper.notify_one();
        }
    }
}

impl<A: Send + Sync> Inner<A> {
    /// What turns of this service are polled with.
    #[inline]
    pub(super) fn driver(&self, method: &'static str) -> Driver<'_> {
        Driver { settings: &self.settings, method }
    }

    /// Sends everybody to the line, and finds out whether there is room for one more, and whether its
    /// turn would come before its deadline; how many are ahead of it, if that is so.
    fn find_place(
        &self,
        line: &mut Line<A>,
        now: Moment,
        deadline: Moment,
        gone: &mut Gone<A>,
    ) -> Result<u32, NotExecuted> {
        let running = self.cell.gate().form_line();
        if !line.has_room(running, self.limits.mailbox(), gone) {
            return Err(overloaded());
        }
        // Who waits for the actor to be there says nothing of how long turns take.
        let ahead = match line.phase {
            Phase::Open => running.saturating_add(line.queue.len() as u32),
            _ => 0,
        };
        match self.waits.admit(now, ahead, deadline.since(now)) {
            Ok(()) => Ok(ahead),
            Err(TooLong { retry_after, .. }) => Err(NotExecuted::Overloaded { retry_after }),
        }
    }

    /// Puts other limits in force.
    fn limit(&self, limits: &Limits) {
        let mut line = self.line.lock();
        if self.limits.set(limits) {
            // They have a share each of what the mailbox held.
            self.cell.gate().close_readers();
        }
        if !line.outstanding.is_empty() {
            line.next_sweep = Moment::default();
            drop(line);
            self.signals.sweep.notify_one();
        }
    }

    /// Has the sweeper watch a call that runs.
    fn watch(&self, call: Arc<dyn Outstanding>) -> usize {
        let due = call.due(self.settings.clock.now(), self.limits.turn());
        let (key, sooner) = self.line.lock().watch(call, due);
        if sooner {
            self.signals.sweep.notify_one();
        }
        key
    }
}

fn overloaded() -> NotExecuted {
    NotExecuted::Overloaded { retry_after: RETRY_AFTER }
}
