//! Lives and deaths of a service's actor: the actix actor that keeps it.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext};
use futures_util::FutureExt;
use tokio::sync::Notify;

use super::factory::{Boxed, Factory, Health, StartError};
use super::host::{Host, HostSettings, HostState, Inner, Lane};
use super::limits::Limits;
use super::line::Phase;
use super::poll::{drop_quietly, panic_message};
use super::seat::{HostBox, Seat};
use super::slot::Discard;
use super::{health, pump, sweeper};
use crate::live::Live;
use crate::outcome::NotExecuted;
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
}

/// What the host and its keeper tell each other.
pub(super) struct Kept<A> {
    pub(super) factory: Arc<dyn Factory<A>>,
    pub(super) first_start: FirstStart,
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
        let kept = Kept { factory, first_start: FirstStart::default() };
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
    let mut due = Moment::default();
    loop {
        // In a box: from its start on, the actor needs no timer, and one takes room.
        if !Box::pin(wait_until(&inner, due)).await {
            break;
        }
        match build(&inner).await {
            Ok(actor) => {
                supervisor.started();
                if !install(&inner, actor) {
                    break;
                }
                tracing::info!(service, "started");
                inner.kept.first_start.set(Ok(()));
                if !wait_for_end(&inner).await {
                    break;
                }
                let proved = inner.proved.load(Ordering::Relaxed);
                due = supervisor.discarded(clock.now(), proved, fastrand::f64());
                inner.restarts.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(service, "the actor is discarded, and built again");
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
                inner.kept.first_start.set(Err(reason));
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

/// Waits until the actor is discarded and everybody has left it; `false` if the host has ended.
async fn wait_for_end<A: Send + Sync>(inner: &Inner<A>) -> bool {
    loop {
        if matches!(inner.line.lock().phase, Phase::Stopped) {
            return false;
        }
        if let Ok(actor) = inner.cell.replace(None) {
            drop_quietly(actor);
            return true;
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

/// Waits for `due`; `false` if the host has ended.
async fn wait_until<A: Send + Sync>(inner: &Inner<A>, due: Moment) -> bool {
    loop {
        if matches!(inner.line.lock().phase, Phase::Stopped) {
            return false;
        }
        tokio::select! {
            biased;
            () = inner.settings.clock.wait_until(due) => return true,
            () = inner.signals.keeper.notified() => {}
        }
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
    let (queue, outstanding) = {
        let mut line = inner.line.lock();
        line.phase = Phase::Stopped;
        inner.cell.gate().shut_down();
        (std::mem::take(&mut line.queue), std::mem::take(&mut line.outstanding))
    };
    for call in queue {
        call.refuse(NotExecuted::unavailable("the service has stopped"));
    }
    for (_, call) in outstanding {
        call.abandon();
        drop_quietly(call);
    }
    inner.kept.first_start.set(Err("the service has ended".to_owned()));
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
            let _ = home.spawn(stop(inner, grace)).await;
        })
    }
}

async fn stop<A: Send + Sync + 'static>(inner: Arc<HostBox<A>>, grace: Duration) {
    let clock = inner.settings.clock.clone();
    {
        let mut line = inner.line.lock();
        if matches!(line.phase, Phase::Stopped) {
            return;
        }
        line.phase = Phase::Draining;
        inner.cell.gate().form_line();
    }
    inner.signals.pump.notify_one();
    let end_of_grace = clock.now().after(grace);
    let idle = async {
        loop {
            // Registered before the look, so that no change is missed.
            let changed = inner.signals.idle.notified();
            match alone(&inner) {
                Some(Last::Turn(seat)) => return Some(seat),
                Some(Last::Nobody) => return None,
                None => changed.await,
            }
        }
    };
    let seat = tokio::select! {
        biased;
        seat = idle => seat,
        () = clock.wait_until(end_of_grace) => {
            tracing::warn!(service = %inner.settings.service, ?grace, "turns still run at the end");
            None
        }
    };
    if let Some(mut seat) = seat {
        let stopping = AssertUnwindSafe(async {
            inner.kept.factory.stop(seat.exclusive()).await;
        });
        if let Err(panic) = stopping.catch_unwind().await {
            let message = panic_message(&*panic);
            tracing::error!(service = %inner.settings.service, message, "`stop` panicked");
        }
        seat.leave_unused();
    }
    inner.line.lock().phase = Phase::Stopped;
    inner.signals.keeper.notify_one();
}

/// What is left to do once nobody waits and nobody is in.
enum Last<A: Send + Sync + 'static> {
    /// A turn alone, the last.
    Turn(Seat<A>),
    /// There is no actor to say goodbye to.
    Nobody,
}

fn alone<A: Send + Sync>(inner: &Arc<HostBox<A>>) -> Option<Last<A>> {
    let line = inner.line.lock();
    if !line.queue.is_empty() {
        return None;
    }
    if inner.cell.gate().is_deserted() {
        return Some(Last::Nobody);
    }
    Seat::enter_from_line(inner, true).map(Last::Turn)
}
