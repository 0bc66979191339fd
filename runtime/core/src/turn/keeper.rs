//! Lives and deaths of a service's actor: the actix actor that keeps it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext};
use futures_util::FutureExt;
use tokio::sync::watch;

use super::host::{Host, HostSettings, HostState, Inner, Lane};
use super::instance::Instance;
use super::line::Phase;
use super::poll::{drop_quietly, panic_message};
use super::{pump, sweeper};
use crate::actor::{Health, StartError};
use crate::outcome::NotExecuted;
use crate::supervise::{RestartPolicy, Supervisor};
use crate::time::Moment;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How an actor is made, asked and ended.
pub trait Factory<A>: Send + Sync + 'static {
    /// Makes the actor.
    fn build(&self) -> Boxed<'_, Result<A, StartError>>;

    /// Ends it, alone.
    fn stop<'a>(&'a self, actor: &'a mut A) -> Boxed<'a, ()>;

    /// Asks how it is.
    fn health<'a>(&'a self, actor: &'a A) -> Boxed<'a, Health>;
}

/// A host whose actor's type doesn't matter: what a unit holds of its services.
pub trait Keeping: Send + Sync + 'static {
    /// How the host is doing.
    fn state(&self) -> HostState;

    /// Waits for the first start to succeed or fail; says why it failed. A failed start is tried
    /// again, whatever this says.
    fn started(&self) -> Boxed<'static, Result<(), String>>;

    /// Asks the actor how it is.
    fn health(&self) -> Boxed<'_, Health>;

    /// Takes no new calls, waits up to `grace` for those that are in, and stops the actor.
    fn stop(&self, grace: Duration) -> Boxed<'_, ()>;
}

/// What the host and its keeper tell each other.
pub(super) struct Kept<A> {
    pub(super) factory: Arc<dyn Factory<A>>,
    /// `None` until the first start is over.
    pub(super) first_start: watch::Sender<Option<Result<(), String>>>,
}

impl<A: Send + Sync + 'static> Host<A> {
    /// Starts a host: its keeper, its pump and its sweeper live on the home.
    pub fn start(settings: HostSettings, factory: Arc<dyn Factory<A>>) -> Arc<Self> {
        let arbiter = settings.home.arbiter().clone();
        let kept = Kept { factory, first_start: watch::Sender::new(None) };
        let host = Self::new(settings, kept);
        let inner = Arc::clone(&host.inner);
        let spawned = arbiter.spawn_fn(move || {
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
    inner: Arc<Inner<A>>,
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
async fn keep<A: Send + Sync + 'static>(inner: Arc<Inner<A>>) {
    let clock = inner.settings.clock.clone();
    let service = inner.settings.service.name();
    let mut supervisor = Supervisor::new(RestartPolicy::default());
    let mut due = Moment::default();
    loop {
        if !wait_until(&inner, due).await {
            break;
        }
        match build(&inner).await {
            Ok(actor) => {
                supervisor.started();
                let Some(instance) = install(&inner, actor) else { break };
                tracing::info!(service, "started");
                inner.kept.first_start.send_replace(Some(Ok(())));
                if !wait_for_end(&inner, &instance).await {
                    break;
                }
                due = supervisor.discarded(clock.now(), instance.proved(), fastrand::f64());
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
                inner.kept.first_start.send_if_modified(|first| {
                    let none = first.is_none();
                    first.get_or_insert(Err(reason));
                    none
                });
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

/// Lets calls at the new instance; `None` if the host has ended meanwhile.
fn install<A: Send + Sync>(inner: &Inner<A>, actor: A) -> Option<Arc<Instance<A>>> {
    let mut line = inner.line.lock();
    let waiting = inner.settings.lane == Lane::Arbiter || !line.queue.is_empty();
    match line.phase {
        Phase::Stopped => return None,
        Phase::Draining => {}
        _ => line.phase = Phase::Open,
    }
    let closed = waiting || matches!(line.phase, Phase::Draining);
    let instance = Arc::new(Instance::new(actor, closed, Arc::clone(&inner.signals)));
    inner.current.store(Some(Arc::clone(&instance)));
    drop(line);
    inner.signals.pump.notify_one();
    Some(instance)
}

/// Waits until the instance is broken; `false` if the host has ended.
async fn wait_for_end<A: Send + Sync>(inner: &Inner<A>, instance: &Arc<Instance<A>>) -> bool {
    loop {
        if matches!(inner.line.lock().phase, Phase::Stopped) {
            return false;
        }
        if instance.gate.is_broken() {
            // Turns that still run in it keep it; nobody else gets it.
            inner.current.store(None);
            return true;
        }
        inner.signals.keeper.notified().await;
    }
}

/// Waits for `due`; `false` if the host has ended.
async fn wait_until<A: Send + Sync>(inner: &Inner<A>, due: Moment) -> bool {
    loop {
        if matches!(inner.line.lock().phase, Phase::Stopped) {
            return false;
        }
        tokio::select! {
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
    for call in &queue {
        line.unwatch(call.key());
    }
    drop(line);
    let Some(why) = why else { return };
    for call in queue {
        call.refuse(why.clone());
    }
}

/// Ends the host: nobody is left waiting.
fn end<A: Send + Sync>(inner: &Inner<A>) {
    let queue = {
        let mut line = inner.line.lock();
        line.phase = Phase::Stopped;
        line.outstanding.clear();
        std::mem::take(&mut line.queue)
    };
    for call in queue {
        call.refuse(NotExecuted::unavailable("the service has stopped"));
    }
    if let Some(instance) = inner.current.swap(None) {
        instance.gate.break_down();
        drop_quietly(instance);
    }
    inner.signals.pump.notify_one();
    inner.signals.sweep.notify_one();
    tracing::debug!(service = inner.settings.service.name(), "stopped");
}

impl<A: Send + Sync + 'static> Keeping for Host<A> {
    fn state(&self) -> HostState {
        Self::state(self)
    }

    fn started(&self) -> Boxed<'static, Result<(), String>> {
        let mut first = self.inner.kept.first_start.subscribe();
        Box::pin(async move {
            let first = first.wait_for(Option::is_some).await;
            first.map_or_else(
                |_| Err("the service has ended".to_owned()),
                |first| first.clone().unwrap_or(Ok(())),
            )
        })
    }

    fn health(&self) -> Boxed<'_, Health> {
        let down = |reason: &str| Health::Bad { reason: reason.to_owned() };
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let state = self.state();
            if state.phase != "running" {
                return down(state.reason.as_deref().unwrap_or(state.phase));
            }
            let Some(instance) = inner.current.load_full() else { return down("starting") };
            if instance.gate.enter(false, u32::MAX).is_err() {
                // It is at work, which is as good an answer.
                return Health::Good;
            }
            let seat = super::Seat::new(instance, false);
            let asked = async {
                let actor = seat.shared();
                inner.kept.factory.health(&actor).await
            };
            let health = AssertUnwindSafe(asked).catch_unwind().await;
            seat.leave_unused();
            health.unwrap_or_else(|panic| down(panic_message(&*panic)))
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

async fn stop<A: Send + Sync + 'static>(inner: Arc<Inner<A>>, grace: Duration) {
    let clock = inner.settings.clock.clone();
    {
        let mut line = inner.line.lock();
        if matches!(line.phase, Phase::Stopped) {
            return;
        }
        line.phase = Phase::Draining;
        if let Some(instance) = &*inner.current.load() {
            instance.gate.form_line();
        }
    }
    inner.signals.pump.notify_one();
    let end_of_grace = clock.now().after(grace);
    let idle = async {
        loop {
            // Registered before the look, so that no change is missed.
            let changed = inner.idle.notified();
            if let Some(alone) = alone(&inner) {
                return alone;
            }
            changed.await;
        }
    };
    let alone = tokio::select! {
        alone = idle => alone,
        () = clock.wait_until(end_of_grace) => None,
    };
    if let Some(instance) = alone {
        let mut actor = instance.alone();
        let stopping = AssertUnwindSafe(inner.kept.factory.stop(&mut actor)).catch_unwind();
        if let Err(panic) = stopping.await {
            let message = panic_message(&*panic);
            tracing::error!(service = %inner.settings.service, message, "`stop` panicked");
        }
    } else {
        tracing::warn!(service = %inner.settings.service, ?grace, "stopped with turns still running");
    }
    inner.line.lock().phase = Phase::Stopped;
    inner.signals.keeper.notify_one();
}

/// The instance, once nobody waits and nobody is in; `Some(None)` if there is none.
#[allow(clippy::option_option)] // "not yet" and "nothing there" are two answers
fn alone<A: Send + Sync>(inner: &Inner<A>) -> Option<Option<Arc<Instance<A>>>> {
    let line = inner.line.lock();
    if !line.queue.is_empty() {
        return None;
    }
    let Some(instance) = inner.current.load_full() else { return Some(None) };
    // Entered for good: this is the last that happens in it.
    instance.gate.enter_from_line(true).then_some(Some(instance))
}
