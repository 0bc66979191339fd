//! The commands that a service's or a unit's store keeps, and their sending.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use seam_bus::command::{Calls, send};
use seam_bus::subscription::OneEffect;
use seam_bus::{AtWork, Commands, Desk, Outbox};
use seam_core::actor::StartError;
use seam_store::{Store, StoreError};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::tables::Database;

/// What of the bus goes with an open store.
pub(crate) struct Attached {
    /// Where its transactions put their events.
    pub(crate) outbox: Outbox,
    pub(crate) commands: Commands,
}

impl Attached {
    /// Takes part in the store's transactions from then on.
    pub(crate) fn to(store: &Store) -> Result<Self, StoreError> {
        store.hook(OneEffect);
        Ok(Self { outbox: Outbox::open(store)?, commands: Commands::open(store)? })
    }
}

/// Sends the commands of a store, once that is asked for, while it is open.
pub(crate) struct CommandSender {
    database: Arc<Database>,
    /// The way to those whom they are for.
    calls: OnceLock<Arc<dyn Calls>>,
    home: Handle,
    running: Mutex<Option<Running>>,
    /// Whether this instance is the one that sends, where several share the store.
    leads: AtomicBool,
    /// Where others ask for what is kept, if that is nobody else's to tell.
    desk: Option<Desk>,
}

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl CommandSender {
    pub(crate) fn new(database: Arc<Database>, home: Handle) -> Self {
        let (calls, running) = (OnceLock::new(), Mutex::default());
        let leads = AtomicBool::new(false);
        Self { database, calls, home, running, leads, desk: None }
    }

    /// Has others told at `desk` what is kept, once the store is open.
    pub(crate) fn telling_at(self, desk: Desk) -> Self {
        Self { desk: Some(desk), ..self }
    }

    /// The way to those whom commands are for.
    pub(crate) fn call_by(&self, calls: Arc<dyn Calls>) {
        // A unit has one for each of those who give commands.
        let _ = self.calls.set(calls);
    }

    /// The store's commands, which are sent from now on. This opens the store, if it isn't.
    pub(crate) async fn begin(&self) -> Result<Commands, StartError> {
        if self.database.condition().is_none() {
            let database = Arc::clone(&self.database);
            let opened = self.home.spawn_blocking(move || database.open().map(drop));
            let stopped = |_| StartError::failed("the unit stops");
            opened.await.map_err(stopped)??;
        }
        let commands = self.database.attached::<Attached>()?.commands.clone();
        if let Some(desk) = &self.desk {
            desk.set(Some(AtWork { commands: Some(commands.clone()) }));
        }
        let Some(calls) = self.calls.get() else { return Ok(commands) };
        let mut running = self.running.lock();
        let sends = !self.database.is_shared() || self.leads.load(Ordering::Acquire);
        if running.is_none() && sends && !self.database.is_closed() {
            let (stop, stopped) = watch::channel(false);
            let task = self.home.spawn(send(commands.clone(), Arc::clone(calls), stopped));
            *running = Some(Running { stop, task });
        }
        Ok(commands)
    }

    /// Whether this instance is the one that sends from now on, where several share the store.
    pub(crate) async fn lead(&self, leads: bool) -> Result<(), StartError> {
        self.leads.store(leads, Ordering::Release);
        if leads {
            return self.begin().await.map(drop);
        }
        self.stop().await;
        Ok(())
    }

    /// Sends nothing more. What is under way is found to be so at the next start.
    pub(crate) async fn stop(&self) {
        let running = self.running.lock().take();
        if let Some(Running { stop, task }) = running {
            stop.send_replace(true);
            // It ends by itself, or with its home.
            let _ = task.await;
        }
    }
}
