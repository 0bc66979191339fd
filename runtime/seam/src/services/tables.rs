//! A service's tables, from its `start`.

use std::any::Any;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use seam_core::actor::{Actor, Setup, StartError};
use seam_store::{
    Condition, Index, Key, OpenError, Store, StoreError, StoreOptions, Table, Unique, Value,
};
use serde::Serialize;
use tokio::sync::watch;

use super::activity::Activity;
use super::place::Place;

/// How often it is tried to reach a database that is away.
const AGAIN: Duration = Duration::from_millis(500);

/// What `setup` offers to services with state of their own.
pub trait Tables {
    /// The table of that name in the service's own database, which is opened when it is first asked
    /// for: `receipts: setup.table("receipts")?`.
    ///
    /// # Errors
    /// If the database can't be opened: another process owns it, or it is damaged. The unit then
    /// says so and ends. One whose server is away is waited for.
    fn table<K: Key, V: Value>(&self, name: &str) -> Result<Table<K, V>, StartError>;

    /// An index of a table: see [`Table::index`].
    ///
    /// # Errors
    /// If it can't be built.
    fn index<I: Serialize + 'static, K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        name: &str,
        of: impl Fn(&K, &V) -> I + Send + Sync + 'static,
    ) -> Result<Index<I, K, V>, StartError> {
        Ok(table.index(name, of)?)
    }

    /// An index under several keys for a row, or none: see [`Table::index_each`].
    ///
    /// # Errors
    /// If it can't be built.
    fn index_each<I: Serialize + 'static, T: IntoIterator<Item = I>, K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        name: &str,
        of: impl Fn(&K, &V) -> T + Send + Sync + 'static,
    ) -> Result<Index<I, K, V>, StartError> {
        Ok(table.index_each(name, of)?)
    }

    /// An index under a key that no two rows share: see [`Table::unique`].
    ///
    /// # Errors
    /// If it can't be built: two rows share a key already, for instance.
    fn unique<I: Serialize + 'static, K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        name: &str,
        of: impl Fn(&K, &V) -> I + Send + Sync + 'static,
    ) -> Result<Unique<I, K, V>, StartError> {
        Ok(table.unique(name, of)?)
    }

    /// The service's own database, for transactions over several tables.
    ///
    /// # Errors
    /// As [`Tables::table`].
    fn store(&self) -> Result<Store, StartError>;

    /// The app's data folder, `[app] data`, for what isn't rows but files: those belong into a folder of
    /// the service's own there, `setup.data()?.join("mail")`. All units and instances on this machine
    /// share it; `services`, `units` and what stands beside them is the runtime's.
    ///
    /// # Errors
    /// If the service runs without one.
    fn data(&self) -> Result<PathBuf, StartError>;
}

/// `[app] data`, as a [`Setup`] has it.
#[derive(Debug)]
pub(crate) struct DataFolder(pub(crate) PathBuf);

impl<A: Actor> Tables for Setup<A> {
    fn table<K: Key, V: Value>(&self, name: &str) -> Result<Table<K, V>, StartError> {
        Ok(self.store()?.table(name)?)
    }

    fn store(&self) -> Result<Store, StartError> {
        let database = self.extension::<Database>();
        Ok(database.ok_or_else(no_folder)?.open()?)
    }

    fn data(&self) -> Result<PathBuf, StartError> {
        let folder = self.extension::<DataFolder>();
        folder.map(|folder| folder.0.clone()).ok_or_else(no_folder)
    }
}

fn no_folder() -> StartError {
    StartError::failed("this service runs without a data folder")
}

/// The database of a service or of a unit, opened when it is first asked for, and kept across
/// restarts of an actor.
#[derive(Debug)]
pub(crate) struct Database {
    place: Place,
    options: StoreOptions,
    /// Whether other processes may have it in turn: then it is waited for.
    shared: AtomicBool,
    /// Held while it is opened, which takes its time; `state` isn't.
    opening: Mutex<()>,
    state: Mutex<State>,
    activity: watch::Sender<Activity>,
    closed: watch::Sender<bool>,
    attach: Option<Attach>,
    before_close: OnceLock<BeforeClose>,
}

/// Makes what goes with an open store.
struct Attach(Box<MakeBeside>);

type MakeBeside = dyn Fn(&Store) -> Result<Beside, StoreError> + Send + Sync;

/// What goes with an open store.
type Beside = Arc<dyn Any + Send + Sync>;

impl fmt::Debug for Attach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attach")
    }
}

/// What is done before a database is closed.
struct BeforeClose(Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>);

impl fmt::Debug for BeforeClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeforeClose")
    }
}

#[derive(Debug, Default)]
struct State {
    store: Option<Store>,
    refused: Option<Arc<str>>,
    /// Another instance had it when it was last asked for.
    elsewhere: bool,
    /// What has been made for it while it is open: see [`Database::attached`].
    attached: Option<Beside>,
    /// Why its server couldn't be reached when it was last asked for.
    away: Option<String>,
}

impl Database {
    pub(crate) fn new(place: Place, options: StoreOptions) -> Self {
        Self {
            place,
            options,
            shared: AtomicBool::new(false),
            opening: Mutex::default(),
            state: Mutex::default(),
            activity: watch::Sender::new(Activity::Starting),
            closed: watch::Sender::new(false),
            attach: None,
            before_close: OnceLock::new(),
        }
    }

    /// One that several instances of a unit have in turn, if `shared`.
    pub(crate) fn shared(self, shared: bool) -> Self {
        Self { shared: shared.into(), ..self }
    }

    /// What its service does here.
    pub(crate) fn activity(&self) -> watch::Receiver<Activity> {
        self.activity.subscribe()
    }

    /// Notes what its service does here; once it is at work, or closed, it stays so.
    pub(super) fn tell(&self, now: Activity) {
        self.activity.send_if_modified(|activity| {
            let settled = *activity == Activity::Active || *self.closed.borrow();
            let changed = !settled && *activity != now;
            if changed {
                *activity = now;
            }
            changed
        });
    }

    /// Opens it. This waits for the disk, once: for a service, before its first turn.
    pub(crate) fn open(&self) -> Result<Store, OpenError> {
        let _opening = self.opening.lock();
        if let Some(store) = &self.state.lock().store {
            return Ok(store.clone());
        }
        if !self.is_shared() {
            self.tell(Activity::Recovering);
        }
        self.opened(self.place.open(self.options))
    }

    /// What goes with the store while it is open: see [`Database::attaching`].
    pub(crate) fn attached<T: Any + Send + Sync>(&self) -> Result<Arc<T>, StartError> {
        self.open()?;
        let attached = self.state.lock().attached.clone();
        let none = || StartError::failed("its store was closed just now");
        attached.and_then(|attached| attached.downcast().ok()).ok_or_else(none)
    }

    /// The same with `attach` done whenever the store is opened, before anybody uses it.
    pub(crate) fn attaching<T: Any + Send + Sync>(
        self,
        attach: impl Fn(&Store) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Self {
        let attach = move |store: &Store| Ok(Arc::new(attach(store)?) as Beside);
        Self { attach: Some(Attach(Box::new(attach))), ..self }
    }

    /// Has this done before it is closed, each time.
    pub(crate) fn before_close(
        &self,
        end: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        // A service has one bus.
        let _ = self.before_close.set(BeforeClose(Box::new(end)));
    }

    /// Whether it was closed, and nobody is to open it again for now.
    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Whether all instances have it at once.
    pub(crate) const fn is_shared(&self) -> bool {
        self.place.is_shared()
    }

    /// Whether it couldn't be opened because another instance of the unit has it, or its server is
    /// away: it can be opened some time.
    pub(super) fn is_awaited(&self) -> bool {
        let state = self.state.lock();
        state.elsewhere || state.away.is_some()
    }

    /// Opens it as soon as the instance that has it lets it go or is gone, or its server is back. Never
    /// done once it is closed.
    pub(super) async fn take_over(self: &Arc<Self>) -> Result<(), OpenError> {
        let database = Arc::clone(self);
        let owned = move || database.tell(Activity::Recovering);
        let opening = async {
            loop {
                let opened = self.place.open_when_free(owned.clone(), self.options).await;
                match opened {
                    Err(OpenError::Away { cause, .. }) => self.state.lock().away = Some(cause),
                    opened => return opened,
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        let mut closed = self.closed.subscribe();
        let closed = async {
            // The sender is `self`'s.
            let _ = closed.wait_for(|closed| *closed).await;
        };
        let opened = tokio::select! {
            biased;
            opened = opening => Some(opened),
            () = closed => None,
        };
        match opened {
            Some(opened) => self.opened(opened).map(drop),
            None => std::future::pending().await,
        }
    }

    fn opened(&self, opened: Result<Store, OpenError>) -> Result<Store, OpenError> {
        let mut state = self.state.lock();
        state.away = None;
        match opened {
            Ok(store) => {
                state.elsewhere = false;
                state.attached = self.attach.as_ref().and_then(|Attach(attach)| {
                    // Spaces have names that are none of anybody else's.
                    let attached = attach(&store);
                    attached
                        .inspect_err(|error| tracing::error!(%error, "a store without a bus"))
                        .ok()
                });
                Ok(state.store.insert(store).clone())
            }
            Err(OpenError::Away { database, cause }) => {
                state.away = Some(cause.clone());
                self.tell(Activity::Waiting);
                Err(OpenError::Away { database, cause })
            }
            Err(error)
                if self.shared.load(Ordering::Relaxed)
                    && matches!(error, OpenError::Locked { .. }) =>
            {
                state.elsewhere = true;
                self.tell(Activity::Standby);
                Err(error)
            }
            Err(error) => {
                state.elsewhere = false;
                state.refused = Some(error.to_string().into());
                Err(error)
            }
        }
    }

    /// Whether it can write; `None` if nobody has asked for it.
    pub(crate) fn condition(&self) -> Option<Condition> {
        let (store, away) = {
            let state = self.state.lock();
            (state.store.clone(), state.away.clone())
        };
        store.map(|store| store.condition()).or(away.map(|cause| Condition::Away { cause }))
    }

    /// Why it can't be opened: no later start of the actor would change that.
    pub(crate) fn refused(&self) -> Option<Arc<str>> {
        self.state.lock().refused.clone()
    }

    /// Its service moves away: as [`close`](Self::close), until it is back.
    pub(crate) async fn leave(&self) {
        self.closed.send_replace(true);
        self.activity.send_replace(Activity::Away);
        self.close().await;
    }

    /// Its service is back, and may open it again: as soon as another process lets go of it. Nobody is
    /// told that it is back before [`begin`](Self::begin).
    pub(crate) fn come_back(&self) {
        let _opening = self.opening.lock();
        self.shared.store(true, Ordering::Relaxed);
        *self.state.lock() = State::default();
        self.closed.send_replace(false);
    }

    /// Its service takes calls again, which wait until it is open.
    pub(crate) fn begin(&self) {
        self.activity.send_if_modified(|activity| {
            let away = *activity == Activity::Away;
            if away {
                *activity = Activity::Starting;
            }
            away
        });
    }

    /// Writes everything and lets others open it.
    pub(crate) async fn close(&self) {
        self.closed.send_replace(true);
        if let Some(BeforeClose(end)) = self.before_close.get() {
            end().await;
        }
        let store = {
            let mut state = self.state.lock();
            state.attached = None;
            state.store.take()
        };
        if let Some(store) = store
            && let Err(error) = store.close().await
        {
            tracing::error!(database = %self.place, %error, "not closed cleanly");
        }
    }
}
