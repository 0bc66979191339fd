//! How an actor is by its own word: asked on a thread of its own, for that is the service's code and
//! may do anything, and beside calls, which go first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::factory::Health;
use super::poll::panic_message;
use super::seat::{HostBox, Observer};

/// Asks the actor, and waits so long for its answer. `None` says nothing of it: it is at work, or calls
/// wait for it.
pub(super) async fn ask<A: Send + Sync + 'static>(
    inner: Arc<HostBox<A>>,
    patience: Duration,
) -> Option<Health> {
    if inner.cell.gate().is_observed() {
        return Some(bad("it still doesn't say how it is"));
    }
    if !inner.settings.home.has_thread() {
        // In a simulation all is on one.
        return observe(&inner, patience).await;
    }
    let (tell, told) = oneshot::channel();
    let runtime = inner.settings.home.runtime().clone();
    let asking = move || {
        // Its timers need the home, which may have ended.
        let asked = catch_unwind(AssertUnwindSafe(|| runtime.block_on(observe(&inner, patience))));
        let _ = tell.send(asked.unwrap_or(None));
    };
    if let Err(error) = std::thread::Builder::new().name("health".into()).spawn(asking) {
        tracing::warn!(%error, "a service can't be asked how it is");
        return None;
    }
    match timeout(patience, told).await {
        Ok(asked) => asked.unwrap_or(None),
        Err(_) => Some(late(patience)),
    }
}

/// Asks it as an observer, who waits for nobody, takes no call's room and leaves once a call wants the
/// actor alone.
async fn observe<A: Send + Sync + 'static>(
    inner: &HostBox<A>,
    patience: Duration,
) -> Option<Health> {
    let mut wanted = pin!(inner.signals.observed.notified());
    // Registered before it enters, so that it isn't missed.
    wanted.as_mut().enable();
    let observer = {
        let line = inner.line.lock();
        if line.queue.is_empty() { Observer::enter(inner)? } else { return None }
    };
    let health = AssertUnwindSafe(async { inner.kept.factory.health(observer.shared()).await });
    tokio::select! {
        biased;
        asked = timeout(patience, health.catch_unwind()) => Some(match asked {
            Ok(Ok(health)) => health,
            Ok(Err(panic)) => bad(panic_message(&*panic)),
            Err(_) => late(patience),
        }),
        () = wanted => None,
    }
}

fn bad(reason: &str) -> Health {
    Health::Bad { reason: reason.to_owned() }
}

fn late(patience: Duration) -> Health {
    Health::Bad { reason: format!("it doesn't say how it is within {patience:?}") }
}
