//! Lives and deaths of a service's actor: the actix actor that keeps it.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext};
use futures_util::FutureExt;
use tokio::sync::Notify;

use super::ending::{Then, say_goodbye, stop, turn_away};
use super::factory::{Boxed, Factory, Health, StartError};
use super::host::{Host, HostSettings, HostState, Inner, Lane};
use super::limits::Limits;
use super::line::Phase;
use super::poll::{drop_quietly, panic_message};
use super::renewal::Renewal;
use super::seat::HostBox;
use super::slot::Discard;
use super::{health, pump, sweeper};
use crate::live::Live;
use crate::supervise::{RestartPolicy, Supervisor};
use crate::time::Moment;

/// A host whose actor's type doesn't matter: what a unit holds of its services.
pub trait Keeping: Send + Sync + 'static {
    /// How the host is doing.
    fn state(&self) -> HostState;

    /// How much the host takes: what is set there holds for the next call.
    fn limits(&self) -> &Live<Limits>;

    /// Waits for the first start to succeed or fail; says why it failed. A failed start is tried
    /// again, whatever this says.
    fn started(&self) -> Boxed<'static, Result<(), String>>;

    /// Asks the actor how it is, and waits so long for what it says. `None` says nothing of it: it is at
    /// work, or was to say it when a call came, which goes first.
    fn health(&self, patience: Duration) -> Boxed<'static, Option<Health>>;

    /// Takes no new calls, waits up to `grace` for those that are in, and stops the actor.
    fn stop(&self, grace: Duration) -> Boxed<'_, ()>;

    /// The same, but the host stays: calls are refused as unavailable until [`renew`](Self::renew).
    fn rest(&self, grace: Duration) -> Boxed<'_, ()>;

    /// Has the actor built anew: turns that run come to their end with the old one, which is stopped
    /// then, and calls wait in line for the new one. Done once that has started, or couldn't, which
    /// says why: then it is tried again, as after any start that fails. It is asked for by the call
    /// itself, however long what that returns is waited for.
    fn renew(&self) -> Boxed<'static, Result<(), String>>;
}

/// What the host and its keeper tell each other.
pub(super) struct Kept<A> {
    pub(super) factory: Arc<dyn Factory<A>>,
    pub(super) first_start: FirstStart,
    pub(super) renewal: Renewal,
}

/// How the first start went, once it is over.
#[derive(Default)]
pub(super) struct FirstStart {
    result: OnceLock<Result<(), String>>,
    over: Notify,
}

impl FirstStart {
    /// It is over. Later starts have no say.
    fn set(&self, result: Result<(), String>) {
        if self.result.set(result).is_ok() {
            self.over.notify_waiters();
        }
    }

    async fn wait(&self) -> Result<(), String> {
        loop {
            let mut over = pin!(self.over.notified());
            // Registered before the look, so that it isn't missed.
            over.as_mut().enable();
            if let Some(result) = self.result.get() {
                return result.clone();
            }
            over.await;
        }
    }
}

impl<A: Send + Sync + 'static> Host<A> {
    /// Starts a host: its keeper, its pump and its sweeper live on the home.
    pub fn start(settings: HostSettings, factory: Arc<dyn Factory<A>>) -> Arc<Self> {
        let home = settings.home.clone();
        let kept =
            Kept { factory, first_start: FirstStart::default(), renewal: Renewal::default() };
        let host = Self::new(settings, kept);
        let inner = Arc::clone(&host.inner);
        let spawned = home.spawn_fn(move || {
            actix::Actor::start(Keeper { inner });
        });
        if !spawned {
            tracing::error!(service = %host.inner.settings.service, "the home has ended");
        }
        Arc::new(host)
    }
}

/// The actix actor behind a host: it owns the loops that outlive every call, and ends with them.
struct Keeper<A: Send + Sync + 'static> {
    inner: Arc<HostBox<A>>,
}

impl<A: Send + Sync + 'static> actix::Actor for Keeper<A> {
    type Context = actix::Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let end = |(), _: &mut Self, context: &mut Self::Context| {
            actix::ActorContext::stop(context);
        };
        context.spawn(actix::fut::wrap_future(pump::pump(Arc::clone(&self.inner))));
        context.spawn(actix::fut::wrap_future(sweeper::sweep(Arc::clone(&self.inner))));
        context.spawn(actix::fut::wrap_future::<_, Self>(keep(Arc::clone(&self.inner))).map(end));
    }
}

/// Builds the actor, and builds it again, until the host ends.
async fn keep<A: Send + Sync + 'static>(inner: Arc<HostBox<A>>) {
    let clock = inner.settings.clock.clone();
    let service = inner.settings.service.name();
    let mut supervisor = Supervisor::new(RestartPolicy::default());
    let (mut due, mut tried) = (Moment::default(), 0);
    loop {
        // In a box: from its start on, the actor needs no timer, and one takes room.
        if !Box::pin(wait_until(&inner, due, tried)).await {
            break;
        }
        tried = inner.kept.renewal.wanted();
        let built = tokio::select! {
            biased;
            built = build(&inner) => built,
            // Whoever stands by for another's database, say, isn't to begin any more.
            () = unwanted(&inner) => continue,
        };
        match built {
            Ok(actor) => {
                supervisor.started();
                if !install(&inner, actor) {
                    break;
                }
                tracing::info!(service, "started");
                inner.kept.first_start.set(Ok(()));
                inner.kept.renewal.built(tried, Ok(()));
                match wait_for_end(&inner, tried).await {
                    End::OfHost => break,
                    End::Discarded => {
                        let proved = inner.proved.load(Ordering::Relaxed);
                        due = supervisor.discarded(clock.now(), proved, fastrand::f64());
                        inner.restarts.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(service, "the actor is discarded, and built again");
                    }
                    End::Renewed => {
                        due = Moment::default();
                        tracing::info!(service, "the actor is built anew, as was asked");
                    }
                    End::Rested => {
                        due = Moment::default();
                        tracing::info!(service, "the actor rests, as was asked");
                    }
                }
            }
            Err(error) => {
                let reason = error.to_string();
                let after = supervisor.start_failed(clock.now(), fastrand::f64());
                let again = after.again.since(clock.now());
                tracing::error!(
                    service,
                    reason,
                    ?again,
                    down = after.down,
                    "the actor can't start"
                );
                due = after.again;
                if after.down {
                    go_down(&inner, &reason);
                }
                inner.kept.first_start.set(Err(reason.clone()));
                inner.kept.renewal.built(tried, Err(reason));
            }
        }
    }
    end(&inner);
}

async fn build<A: Send + Sync + 'static>(inner: &Inner<A>) -> Result<A, StartError> {
    // The call of `build` itself may panic as well.
    let building = AssertUnwindSafe(async { inner.kept.factory.build().await });
    match building.catch_unwind().await {
        Ok(built) => built,
        Err(panic) => Err(StartError::Panicked(panic_message(&*panic).to_owned())),
    }
}

/// Lets calls at the new actor; `false` if the host has ended meanwhile.
fn install<A: Send + Sync>(inner: &Inner<A>, actor: A) -> bool {
    if inner.cell.replace(Some(actor)).is_err() {
        // Not while the keeper builds: the gate is shut, and nobody is in.
        tracing::error!(service = inner.settings.service.name(), "the service's place is taken");
        return false;
    }
    inner.proved.store(false, Ordering::Relaxed);
    let mut line = inner.line.lock();
    match line.phase {
        Phase::Stopped => return false,
        // Its gate stays shut: it isn't wanted any more.
        Phase::Resting => return true,
        Phase::Draining => {}
        _ => line.phase = Phase::Open,
    }
    line.life += 1;
    let direct = inner.settings.lane == Lane::Inline && matches!(line.phase, Phase::Open);
    inner.cell.gate().open(!direct || !line.queue.is_empty());
    drop(line);
    inner.signals.pump.notify_one();
    true
}

/// Why there is no actor any more.
enum End {
    /// The host has ended.
    OfHost,
    /// A turn has left it in the middle of something.
    Discarded,
    /// Another one is wanted.
    Renewed,
    /// None is wanted for now.
    Rested,
}

/// Waits until the actor is to end and everybody has left it. It began when there were so many wishes
/// for a new one.
async fn wait_for_end<A: Send + Sync>(inner: &Inner<A>, wanted: u64) -> End {
    loop {
        {
            let line = inner.line.lock();
            if matches!(line.phase, Phase::Stopped) {
                return End::OfHost;
            }
            if inner.kept.renewal.wanted() > wanted {
                // Calls in line wait for the next one.
                inner.cell.gate().shut_down();
            }
        }
        if let Ok(actor) = inner.cell.replace(None) {
            let broken = inner.broken.swap(false, Ordering::Relaxed);
            let end = match inner.line.lock().phase {
                Phase::Resting => End::Rested,
                _ if inner.kept.renewal.wanted() > wanted => End::Renewed,
                _ => End::Discarded,
            };
            match actor {
                Some(actor) if !broken && !matches!(end, End::Discarded) => {
                    say_goodbye(inner, actor).await;
                }
                actor => drop_quietly(actor),
            }
            return end;
        }
        inner.signals.observed.notify_waiters();
        inner.signals.keeper.notified().await;
    }
}

impl<A: Send + Sync + 'static> Discard for HostBox<A> {
    fn discard(&self, life: u64) {
        // Under the lock that counts lives: a later one isn't the turn's to discard.
        let line = self.line.lock();
        if line.life == life && self.cell.gate().shut_down() {
            self.signals.keeper.notify_one();
        }
    }

    fn taken_back(&self) {
        self.signals.pump.notify_one();
    }
}

/// Waits for `due`, or for a wish after those `tried`, and until an actor is wanted at all; `false` if
/// the host has ended.
async fn wait_until<A: Send + Sync>(inner: &Inner<A>, due: Moment, tried: u64) -> bool {
    loop {
        let resting = match inner.line.lock().phase {
            Phase::Stopped => return false,
            Phase::Resting => true,
            _ if inner.kept.renewal.wanted() > tried => return true,
            _ => false,
        };
        tokio::select! {
            biased;
            () = inner.settings.clock.wait_until(due), if !resting => return true,
            () = inner.signals.keeper.notified() => {}
        }
    }
}

/// Until no actor is wanted.
async fn unwanted<A: Send + Sync>(inner: &Inner<A>) {
    while !matches!(inner.line.lock().phase, Phase::Stopped | Phase::Resting) {
        inner.signals.keeper.notified().await;
    }
}

/// Refuses calls until a start succeeds.
fn go_down<A: Send + Sync>(inner: &Inner<A>, reason: &str) {
    let mut line = inner.line.lock();
    if matches!(line.phase, Phase::Starting | Phase::Open) {
        line.phase = Phase::Down(format!("its actor can't start: {reason}").into());
    }
    let why = line.closed();
    let queue = std::mem::take(&mut line.queue);
    let watched: Vec<_> = queue.iter().map(|call| line.unwatch(call.key())).collect();
    drop(line);
    let Some(why) = why else { return };
    for call in queue {
        call.refuse(why.clone());
    }
    // They may hold what their callers no longer wait for.
    watched.into_iter().for_each(drop_quietly);
}

/// Ends the host: nobody is left waiting.
fn end<A: Send + Sync>(inner: &Inner<A>) {
    {
        let mut line = inner.line.lock();
        line.phase = Phase::Stopped;
        inner.cell.gate().shut_down();
    }
    turn_away(inner);
    let ended = || Err("the service has ended".to_owned());
    inner.kept.first_start.set(ended());
    inner.kept.renewal.built(u64::MAX, ended());
    if let Ok(actor) = inner.cell.replace(None) {
        // If a turn is still in, the actor goes with the last of them.
        drop_quietly(actor);
    }
    inner.signals.pump.notify_one();
    inner.signals.sweep.notify_one();
    tracing::debug!(service = inner.settings.service.name(), "stopped");
}

impl<A: Send + Sync + 'static> Keeping for Host<A> {
    fn state(&self) -> HostState {
        Self::state(self)
    }

    fn limits(&self) -> &Live<Limits> {
        &self.inner.settings.limits
    }

    fn started(&self) -> Boxed<'static, Result<(), String>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { inner.kept.first_start.wait().await })
    }

    fn health(&self, patience: Duration) -> Boxed<'static, Option<Health>> {
        let inner = Arc::clone(&self.inner);
        let state = self.state();
        Box::pin(async move {
            if state.phase != "running" {
                let reason = state.reason.unwrap_or_else(|| state.phase.to_owned());
                return Some(Health::Bad { reason });
            }
            health::ask(inner, patience).await
        })
    }

    fn stop(&self, grace: Duration) -> Boxed<'_, ()> {
        let inner = Arc::clone(&self.inner);
        let home = inner.settings.home.runtime().clone();
        Box::pin(async move {
            // On the home, for `Actor::stop` is the service's own code.
            let _ = home.spawn(stop(inner, grace, Then::Ends)).await;
        })
    }

    fn rest(&self, grace: Duration) -> Boxed<'_, ()> {
        let inner = Arc::clone(&self.inner);
        let home = inner.settings.home.runtime().clone();
        Box::pin(async move {
            let _ = home.spawn(stop(inner, grace, Then::Rests)).await;
        })
    }

    fn renew(&self) -> Boxed<'static, Result<(), String>> {
        let inner = Arc::clone(&self.inner);
        let wish = inner.kept.renewal.want();
        {
            let mut line = inner.line.lock();
            if matches!(line.phase, Phase::Resting) {
                line.phase = Phase::Starting;
            }
        }
        inner.signals.keeper.notify_one();
        Box::pin(inner.kept.renewal.met(wish))
    }
}
