//! A process's part in the registry: it renews its own entry, and follows those of the others.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::policy::{Advice, Lease};
use seam_core::time::{Clock, Moment};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::engine::{Engine, News, RegistryError};
use crate::entry::Entry;
use crate::settings::Settings;
use crate::view::{Changes, View};

/// How long the registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait before it is asked again that couldn't be.
const PAUSE: Duration = Duration::from_millis(250);
/// How often the clock is looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// A process's part in the registry. Dropping it leaves the entry to its lease.
pub struct Membership {
    shared: Arc<Shared>,
    runtime: Handle,
    watching: AbortHandle,
    /// Once it is registered.
    registered: Mutex<Option<Registered>>,
}

struct Registered {
    entry: Arc<Entry>,
    renewing: AbortHandle,
}

struct Shared {
    engine: Arc<dyn Engine>,
    settings: Settings,
    clock: Clock,
    fresh: AtomicBool,
    /// The registry is back: it may have forgotten who was registered.
    back: Notify,
}

impl Membership {
    /// Begins to watch on `runtime`, and tells `follow` of each change there, one after the other.
    pub fn start(
        engine: Arc<dyn Engine>,
        settings: Settings,
        clock: Clock,
        runtime: &Handle,
        follow: impl Fn(Changes) + Send + Sync + 'static,
    ) -> Self {
        let (fresh, back) = (AtomicBool::new(false), Notify::new());
        let shared = Arc::new(Shared { engine, settings, clock, fresh, back });
        let watching = runtime.spawn(watch(Arc::clone(&shared), follow)).abort_handle();
        Self { shared, runtime: runtime.clone(), watching, registered: Mutex::new(None) }
    }

    /// Registers this process, again and again until it is, and keeps it so.
    pub fn register(&self, entry: Entry) {
        let entry = Arc::new(entry);
        let renewing = self.runtime.spawn(renew(Arc::clone(&self.shared), Arc::clone(&entry)));
        let registered = Registered { entry, renewing: renewing.abort_handle() };
        if let Some(before) = self.registered.lock().replace(registered) {
            before.renewing.abort();
        }
    }

    /// Takes this process's entry out. Returns within a second: if the registry is away, the entry's
    /// lease runs out.
    pub async fn leave(&self) {
        let Some(Registered { entry, renewing }) = self.registered.lock().take() else { return };
        renewing.abort();
        if let Err(error) = in_time(self.shared.engine.leave(&entry)).await {
            tracing::info!(%error, "not taken out of the registry: the lease runs out by itself");
        }
    }

    /// What keeps the entries.
    pub fn engine(&self) -> &'static str {
        self.shared.engine.name()
    }

    /// Whether the registry tells of every change; while it doesn't, what was known last holds.
    pub fn is_fresh(&self) -> bool {
        self.shared.fresh.load(Ordering::Acquire)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.watching.abort();
        if let Some(registered) = self.registered.lock().take() {
            registered.renewing.abort();
        }
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Membership({}, fresh: {})", self.engine(), self.is_fresh())
    }
}

/// Follows the registry for ever, also through its absences.
async fn watch(shared: Arc<Shared>, follow: impl Fn(Changes) + Sync) {
    let Shared { engine, settings, clock, fresh, back } = &*shared;
    let view = Mutex::new(View::new(*settings, engine.expiry()));
    let tell = |changes: Changes| {
        if !changes.is_empty() {
            follow(changes);
        }
    };
    let ticking = async {
        loop {
            let next = clock.now().after(PERIOD).min(view.lock().next());
            clock.wait_until(next).await;
            let changes = view.lock().tick(clock.now());
            tell(changes);
        }
    };
    let watching = async {
        let mut said = false;
        loop {
            let mut told = |news: News| {
                let all = matches!(news, News::All(_));
                let changes = view.lock().told(clock.now(), news);
                tell(changes);
                if all && !fresh.swap(true, Ordering::AcqRel) {
                    if std::mem::take(&mut said) {
                        tracing::info!(engine = engine.name(), "the registry is back");
                    }
                    back.notify_one();
                }
            };
            let Err(error) = engine.watch(&mut told).await;
            view.lock().away();
            if fresh.swap(false, Ordering::AcqRel) || !said {
                tracing::warn!(engine = engine.name(), %error, "what is known of other instances holds");
            }
            said = true;
            clock.wait_until(clock.now().after(PAUSE)).await;
        }
    };
    tokio::join!(ticking, watching);
}

/// Registers an entry and renews it, for ever.
async fn renew(shared: Arc<Shared>, entry: Arc<Entry>) {
    let Shared { engine, settings, clock, back, .. } = &*shared;
    let lease = Lease::new((*settings).into());
    let mut registrations = 0;
    // Whether that it isn't registered was said.
    let mut said = false;
    loop {
        let asked = clock.now();
        let done = match lease.tick(asked) {
            Advice::Wait(until) => {
                let until = until.min(asked.after(PERIOD));
                tokio::select! {
                    () = clock.wait_until(until) => {}
                    () = back.notified() => {
                        // It is found out at once whether it is still registered.
                        let _ = renewed(engine, clock, &lease, &entry, registrations).await;
                    }
                }
                continue;
            }
            Advice::Lost => {
                tracing::debug!(place = %entry.place(), "not registered any more");
                continue;
            }
            Advice::Claim => {
                registrations += 1;
                let done = in_time(engine.register(&entry)).await;
                if done.is_ok() {
                    lease.granted(clock.now(), asked, registrations);
                }
                done
            }
            Advice::Renew | Advice::Recheck => {
                renewed(engine, clock, &lease, &entry, registrations).await
            }
        };
        match done {
            Ok(()) if std::mem::take(&mut said) || registrations == 1 => {
                tracing::debug!(place = %entry.place(), address = entry.address, "registered");
            }
            Ok(()) => {}
            Err(error) => {
                if !std::mem::replace(&mut said, true) {
                    tracing::warn!(%error, place = %entry.place(), "can't be registered now");
                }
                clock.wait_until(clock.now().after(PAUSE)).await;
            }
        }
    }
}

/// Gives the entry more time, or finds that it isn't registered any more.
async fn renewed(
    engine: &Arc<dyn Engine>,
    clock: &Clock,
    lease: &Lease,
    entry: &Entry,
    registration: u64,
) -> Result<(), RegistryError> {
    let asked: Moment = clock.now();
    match in_time(engine.renew(entry)).await {
        Ok(true) => {
            lease.renewed(clock.now(), asked, registration);
            Ok(())
        }
        Ok(false) => {
            lease.refused(clock.now());
            Ok(())
        }
        Err(error) => {
            lease.failed(clock.now());
            Err(error)
        }
    }
}

/// What the registry says, unless it takes too long.
async fn in_time<T>(
    asked: impl Future<Output = Result<T, RegistryError>>,
) -> Result<T, RegistryError> {
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    answered.unwrap_or(Err(RegistryError::Late(PATIENCE)))
}
