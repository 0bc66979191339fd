//! A service's tables, from its `start`.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use seam_core::actor::{Actor, Setup, StartError};
use seam_store::{Key, Store, Table, Value};

/// What `setup` offers to services with state of their own.
pub trait Tables {
    /// The table of that name in the service's own database, which is opened when it is first asked
    /// for: `receipts: setup.table("receipts")?`.
    ///
    /// # Errors
    /// If the database can't be opened: another process owns it, or it is damaged. The unit then
    /// says so and ends.
    fn table<K: Key, V: Value>(&self, name: &str) -> Result<Table<K, V>, StartError>;

    /// The service's own database, for transactions over several tables.
    ///
    /// # Errors
    /// As [`Tables::table`].
    fn store(&self) -> Result<Store, StartError>;
}

impl<A: Actor> Tables for Setup<A> {
    fn table<K: Key, V: Value>(&self, name: &str) -> Result<Table<K, V>, StartError> {
        self.store()?.table(name).map_err(StartError::failed)
    }

    fn store(&self) -> Result<Store, StartError> {
        let database = self.extension::<Database>();
        let none = || StartError::failed("this service runs without a data folder");
        database.ok_or_else(none)?.open()
    }
}

/// A service's database, opened once and kept across restarts of its actor.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    store: Option<Store>,
    refused: Option<Arc<str>>,
}

impl Database {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, state: Mutex::default() }
    }

    /// Opens it. This waits for the disk, once, before the service's first turn.
    fn open(&self) -> Result<Store, StartError> {
        let mut state = self.state.lock();
        if let Some(store) = &state.store {
            return Ok(store.clone());
        }
        match Store::open(&self.path) {
            Ok(store) => Ok(state.store.insert(store).clone()),
            Err(error) => {
                state.refused = Some(error.to_string().into());
                Err(StartError::failed(error))
            }
        }
    }

    /// Why it can't be opened: no later start of the actor would change that.
    pub(crate) fn refused(&self) -> Option<Arc<str>> {
        self.state.lock().refused.clone()
    }

    /// Writes everything and lets others open it.
    pub(crate) async fn close(&self) {
        let store = self.state.lock().store.take();
        if let Some(store) = store
            && let Err(error) = store.close().await
        {
            tracing::error!(database = %self.path.display(), %error, "not closed cleanly");
        }
    }
}
