//! What the threads of an edge share, and what each has of its own.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use parking_lot::Mutex;
use seam_core::call::AnyClient;
use seam_core::contract::ContractDescriptor;
use seam_core::live::Live;
use seam_core::remote::Caller;
use seam_core::time::{Clock, Moment};

use crate::cache::Cache;
use crate::error::EdgeError;
use crate::http::{Connections, OwnService};
use crate::local::Local;
use crate::metered::{Counts, Metered};
use crate::openapi::Cached;
use crate::own::{Own, OwnMetrics};
use crate::probe::Probe;
use crate::routes::Routes;
use crate::settings::EdgeSettings;
use crate::stage::{Failures, InFlight};
use crate::together::Together;

/// What all threads of an edge share.
pub(crate) struct Shared {
    pub(crate) settings: Live<EdgeSettings>,
    pub(crate) table: Live<Table>,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) own: Own,
    pub(crate) own_metrics: OwnMetrics,
    pub(crate) metered: Metered,
    pub(crate) failures: Failures,
    pub(crate) in_flight: InFlight,
    pub(crate) together: Arc<dyn Together>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) document: Cached,
    pub(crate) connections: Arc<Connections>,
    /// The port at which HTTP is spoken by TLS, if there is one.
    pub(crate) https: Option<u16>,
}

/// What requests mean, and whom they call: swapped whole.
pub(crate) struct Table {
    pub(crate) routes: Routes,
    clients: Vec<Arc<dyn AnyClient>>,
}

/// One thread that answers.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    settings: Local<EdgeSettings, EdgeSettings>,
    table: Local<Table, Serving>,
    clock: Clock,
    /// What it counts of requests.
    pub(crate) counts: Arc<Mutex<Counts>>,
    /// The program's own routes, once they are made.
    own: OnceCell<OwnService>,
}

/// A table, as a thread serves it.
pub(crate) struct Serving {
    table: Arc<Table>,
    /// Clients of its own: threads that share one would share its counter at every call.
    clients: Vec<Arc<dyn AnyClient>>,
}

impl Table {
    /// # Errors
    /// Routes that can't be told apart.
    pub(crate) fn new(clients: Vec<Arc<dyn AnyClient>>) -> Result<Self, EdgeError> {
        Ok(Self { routes: Routes::new(&clients)?, clients })
    }

    /// The contracts that it serves, by their services' names.
    pub(crate) fn contracts(&self) -> Vec<(&str, &ContractDescriptor)> {
        let contracts =
            self.clients.iter().map(|client| (client.service().name(), client.descriptor()));
        contracts.collect()
    }
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            settings: Local::new(shared.settings.clone(), |settings| {
                EdgeSettings::clone(&settings)
            }),
            table: Local::new(shared.table.clone(), Serving::new),
            clock: shared.settings.load().clock.clone(),
            counts: shared.metered.join(),
            own: OnceCell::new(),
            shared,
        }
    }

    /// Makes the program's own routes. `false` if they can't be.
    pub(crate) async fn prepare(&self) -> bool {
        let Some(routes) = &self.shared.own.routes else { return true };
        match OwnService::new(routes).await {
            Some(own) => self.own.set(own).is_ok(),
            None => false,
        }
    }

    /// The program's own routes, if it has some.
    pub(crate) fn own(&self) -> Option<&OwnService> {
        self.own.get()
    }

    /// What is in force for a request that begins now.
    pub(crate) fn settings(&self) -> Rc<EdgeSettings> {
        self.settings.get()
    }

    /// What a request that begins now may mean.
    pub(crate) fn serving(&self) -> Rc<Serving> {
        self.table.get()
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }
}

impl Serving {
    fn new(table: Arc<Table>) -> Self {
        let clients = table.clients.iter().map(|client| client.for_caller(Caller::Edge)).collect();
        Self { table, clients }
    }

    /// What it serves.
    pub(crate) fn table(&self) -> &Arc<Table> {
        &self.table
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.table.routes
    }

    /// The client of that number in the table.
    pub(crate) fn client(&self, number: usize) -> &dyn AnyClient {
        &*self.clients[number]
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("routes", &self.routes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
