//! A unit that runs: how it starts, what it offers, and how it stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use seam_core::actor::{Clients, Extensions, Health};
use seam_core::call::{AnyClient, Client, Faults};
use seam_core::contract::{ClientOf, Contract};
use seam_core::home::Home;
use seam_core::name::ServiceId;
use seam_core::remote::{Caller, Inlet};
use seam_core::time::Clock;
use seam_core::turn::{HostSettings, Lane};

use super::clients::Routes;
use super::status::{MethodStatus, ServiceStatus, UnitStatus};
use super::{StartFailure, edge, links};
use crate::app::{App, HostPlan, Hosted, Opened, Registered, deadlines};
use crate::config::{self, Config, Resolution, ServiceConfig, UnitLayout};
use crate::tables::Database;

/// A unit inside this process: its clients, its addresses, and its end.
pub struct Running {
    parts: Arc<Parts>,
}

/// Everything that a unit is made of, and that ends with it.
pub(super) struct Parts {
    layout: UnitLayout,
    began: Instant,
    drain: Duration,
    homes: Vec<Home>,
    routes: Arc<Routes>,
    opened: Vec<(ServiceId, Box<dyn Opened>)>,
    hosted: Vec<Resident>,
    links: links::Links,
    edge: Mutex<Option<edge::Edge>>,
    listener: Mutex<Option<links::Listening>>,
}

/// A service that lives here.
struct Resident {
    id: ServiceId,
    lane: config::Lane,
    hosted: Hosted,
    database: Arc<Database>,
}

/// No client can be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this app has no service `{name}` with the contract `{contract}`")]
pub struct NoSuchClient {
    /// The service that was asked for.
    pub name: String,
    /// The contract of the client.
    pub contract: &'static str,
}

impl Running {
    pub(crate) async fn start(
        app: &App,
        config: &Config,
        layout: &UnitLayout,
    ) -> Result<Self, StartFailure> {
        if let Some((service, contract)) = app.graph().missing().first().copied() {
            return Err(StartFailure::Missing { service, contract });
        }
        let mut starting = Starting::new(app, config, layout)?;
        let started = starting.run().await;
        let parts = match started {
            Ok(parts) => Arc::new(parts),
            Err(failure) => {
                starting.undo().await;
                return Err(failure);
            }
        };
        if let Some(http) = &layout.http {
            match edge::Edge::bind(config, http, &parts.routes, Arc::downgrade(&parts)) {
                Ok(edge) => *parts.edge.lock() = Some(edge),
                Err(failure) => {
                    parts.stop(Duration::ZERO).await;
                    return Err(failure);
                }
            }
        }
        Ok(Self { parts })
    }

    /// A client on the service of its contract, wherever that is; calls are made by the program.
    ///
    /// # Errors
    /// If the app has no such service.
    pub fn client<K: ClientOf>(&self) -> Result<K, NoSuchClient> {
        let contract = K::Contract::NAME;
        self.typed(contract, self.parts.routes.contract(contract))
    }

    /// A client on the service of that name.
    ///
    /// # Errors
    /// If the app has no service of that name and contract.
    pub fn client_of<K: ClientOf>(&self, name: &str) -> Result<K, NoSuchClient> {
        self.typed(name, self.parts.routes.service(name))
    }

    fn typed<K: ClientOf>(
        &self,
        name: &str,
        client: Option<&Arc<dyn AnyClient>>,
    ) -> Result<K, NoSuchClient> {
        let typed = client.and_then(|client| {
            client.typed(Caller::Program).downcast::<Client<K::Contract>>().ok()
        });
        let missing = || NoSuchClient { name: name.to_owned(), contract: K::Contract::NAME };
        typed.map(|client| K::from(*client)).ok_or_else(missing)
    }

    /// A client on the service of that name that speaks JSON.
    pub fn any_client(&self, name: &str) -> Option<Arc<dyn AnyClient>> {
        self.parts.routes.service(name).cloned()
    }

    /// Calls a method of a service by their names, wherever the service is, with a JSON object of
    /// arguments.
    ///
    /// # Errors
    /// The problem that the edge would answer with.
    pub async fn call_json(
        &self,
        service: &str,
        method: &str,
        arguments: serde_json::Value,
        deadline: Option<Duration>,
    ) -> Result<serde_json::Value, serde_json::Value> {
        super::call::call_json(&self.parts.routes, service, method, arguments, deadline).await
    }

    /// Where the edge serves, with the real port.
    pub fn http(&self) -> Option<std::net::SocketAddr> {
        self.parts.edge.lock().as_ref().map(edge::Edge::address)
    }

    /// Where other units reach this one, with the real port.
    pub fn listen(&self) -> Option<String> {
        self.parts.listener.lock().as_ref().map(|listening| listening.address())
    }

    /// What the unit hosts and where the rest is.
    pub fn layout(&self) -> &UnitLayout {
        &self.parts.layout
    }

    /// Whether the unit can do its work: its services run, and every service that they need has
    /// answered once.
    ///
    /// # Errors
    /// What it waits for, for people.
    pub async fn ready(&self) -> Result<(), String> {
        self.parts.ready().await
    }

    /// How the unit is.
    pub async fn status(&self) -> UnitStatus {
        self.parts.status().await
    }

    /// Stops taking calls, finishes those in flight within `[app] drain`, and ends the unit.
    pub async fn stop(&self) {
        let drain = self.parts.drain;
        self.stop_within(drain).await;
    }

    /// As [`Running::stop`], with another time for what is in flight.
    pub async fn stop_within(&self, drain: Duration) {
        self.parts.stop(drain).await;
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("unit", &self.parts.layout.unit).finish_non_exhaustive()
    }
}

/// A unit on its way: what must be undone if the rest fails.
struct Starting<'a> {
    app: &'a App,
    config: &'a Config,
    layout: &'a UnitLayout,
    began: Instant,
    clock: Clock,
    homes: Vec<Home>,
    residents: Vec<Resident>,
}

impl<'a> Starting<'a> {
    fn new(app: &'a App, config: &'a Config, layout: &'a UnitLayout) -> Result<Self, StartFailure> {
        let mut starting = Self {
            app,
            config,
            layout,
            began: Instant::now(),
            clock: Clock::fast(),
            homes: Vec::new(),
            residents: Vec::new(),
        };
        for number in 0..config.app.threads {
            starting.homes.push(Home::start(&format!("seam-home-{number}"))?);
        }
        Ok(starting)
    }

    async fn run(&mut self) -> Result<Parts, StartFailure> {
        let opened: Vec<_> = self.app.services().iter().map(|s| self.open(&**s)).collect();
        let routes = Arc::new(Routes::new(opened.iter().map(|(_, open)| open.client()).collect()));
        let identity = links::identity(self.app, self.config, self.layout);
        let links = links::Links::start(self.app, &identity, self.layout, &opened, &self.homes)?;
        for name in &self.layout.services {
            let found = opened.iter().find(|(id, _)| id.name() == name);
            let service = self.config.service(name);
            let (Some((id, open)), Some(service)) = (found, service) else { continue };
            let resident = self.host(*id, &**open, service, &routes)?;
            self.residents.push(resident);
            self.first_start(self.residents.len() - 1).await?;
        }
        let inlets = self.residents.iter().map(|resident| Arc::clone(&resident.hosted.inlet));
        let inlets: Vec<Arc<dyn Inlet>> = inlets.collect();
        let listener = links::listen(&identity, self.layout, inlets, &self.homes).await?;
        let parts = Parts {
            layout: self.layout.clone(),
            began: self.began,
            drain: self.config.app.drain,
            homes: std::mem::take(&mut self.homes),
            routes,
            opened,
            hosted: std::mem::take(&mut self.residents),
            links,
            edge: Mutex::new(None),
            listener: Mutex::new(listener),
        };
        Ok(parts)
    }

    fn open(&self, service: &dyn Registered) -> (ServiceId, Box<dyn Opened>) {
        let id = service.id();
        let own = self.config.service(id.name()).and_then(|service| service.deadline);
        let deadlines = deadlines(own, self.config.calls.deadline);
        let open = service.open(deadlines, self.clock.clone());
        open.lead_nowhere(&format!("no unit of this topology offers `{id}`"));
        (id, open)
    }

    fn host(
        &self,
        id: ServiceId,
        open: &dyn Opened,
        service: &ServiceConfig,
        routes: &Arc<Routes>,
    ) -> Result<Resident, StartFailure> {
        let database =
            Arc::new(Database::new(self.config.app.data.join("services").join(id.name())));
        let mut extensions = Extensions::default();
        extensions.insert(Arc::clone(&database));
        let home = match service.lane {
            config::Lane::Inline => self.homes[self.residents.len() % self.homes.len()].clone(),
            config::Lane::Arbiter => Home::start(&format!("seam-{id}"))?,
        };
        let lane = match service.lane {
            config::Lane::Inline => Lane::Inline,
            config::Lane::Arbiter => Lane::Arbiter,
        };
        let settings = HostSettings {
            lane,
            mailbox: u32::try_from(service.mailbox).unwrap_or(u32::MAX),
            turn_limit: service.turn_limit,
            clock: self.clock.clone(),
            ..HostSettings::new(id, home)
        };
        let clients: Arc<dyn Clients> = routes.clone();
        let callers = self.app.graph().callers_of(id).collect();
        let faults = &self.config.rehearsal;
        let rehearsal = (self.config.calls.resolution == Resolution::Encoded).then_some(Faults {
            delay: faults.delay,
            lost: faults.lost,
            refused: faults.refused,
        });
        let config = service.settings.clone();
        let plan = HostPlan { settings, config, clients, extensions, callers, rehearsal };
        let hosted = open.host(plan);
        Ok(Resident { id, lane: service.lane, hosted, database })
    }

    /// Waits for a service's first start. That it fails isn't the end, for its dependencies may be
    /// on their way; that its database can't be opened is.
    async fn first_start(&self, index: usize) -> Result<(), StartFailure> {
        let resident = &self.residents[index];
        let Err(reason) = resident.hosted.keeping.started().await else { return Ok(()) };
        match resident.database.refused() {
            Some(refused) => {
                Err(StartFailure::Database { service: resident.id, reason: refused.to_string() })
            }
            None => {
                tracing::warn!(service = %resident.id, reason, "not started yet; it is tried again");
                Ok(())
            }
        }
    }

    async fn undo(self) {
        end(&self.residents, Duration::ZERO).await;
        stop_homes(self.homes).await;
    }
}

impl Parts {
    pub(super) async fn ready(&self) -> Result<(), String> {
        for resident in &self.hosted {
            if let Health::Bad { reason } = resident.hosted.keeping.health().await {
                return Err(format!("service `{}`: {reason}", resident.id));
            }
        }
        self.links.ready()
    }

    async fn status(&self) -> UnitStatus {
        UnitStatus {
            unit: self.layout.unit.clone(),
            topology: self.layout.topology.clone(),
            pid: std::process::id(),
            uptime_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ready: self.ready().await.is_ok(),
            http: self.edge.lock().as_ref().map(|edge| edge.address().to_string()),
            listen: self.listener.lock().as_ref().map(|listening| listening.address()),
            services: self.hosted.iter().map(Resident::status).collect(),
            methods: self.opened.iter().flat_map(|(id, open)| methods(*id, &**open)).collect(),
        }
    }

    /// Edge, listener, services, links, databases, homes: each needs those after it.
    async fn stop(&self, drain: Duration) {
        let began = Instant::now();
        let left = || drain.saturating_sub(began.elapsed());
        let edge = self.edge.lock().take();
        if let Some(edge) = edge {
            edge.stop(left()).await;
        }
        let listener = self.listener.lock().take();
        if let Some(listener) = listener {
            listener.stop(left()).await;
        }
        end(&self.hosted, left()).await;
        self.links.stop();
        stop_homes(self.homes.clone()).await;
    }
}

impl Resident {
    fn status(&self) -> ServiceStatus {
        let state = self.hosted.keeping.state();
        ServiceStatus {
            service: self.id.to_string(),
            lane: match self.lane {
                config::Lane::Inline => "inline".into(),
                config::Lane::Arbiter => "arbiter".into(),
            },
            state: state.phase.into(),
            reason: state.reason,
            restarts: state.restarts,
            in_flight: u64::from(state.running) + state.waiting as u64,
        }
    }
}

/// Stops services in the reverse of their order, callers before callees, and closes their
/// databases.
async fn end(residents: &[Resident], drain: Duration) {
    let began = Instant::now();
    for resident in residents.iter().rev() {
        resident.hosted.keeping.stop(drain.saturating_sub(began.elapsed())).await;
        resident.database.close().await;
    }
}

/// Ends the homes' threads, from a thread that may wait for them.
async fn stop_homes(homes: Vec<Home>) {
    let stopping = tokio::task::spawn_blocking(move || homes.iter().for_each(Home::stop));
    if let Err(error) = stopping.await {
        tracing::error!(%error, "a home didn't end");
    }
}

fn methods(id: ServiceId, open: &dyn Opened) -> impl Iterator<Item = MethodStatus> {
    let served = open.served().into_iter().map(|row| (row, false));
    let called = open.called().into_iter().map(|row| (row, true));
    served.chain(called).map(move |(row, remote)| MethodStatus {
        service: id.to_string(),
        method: row.method.into(),
        remote,
        calls: row.calls,
        answered: row.answered,
        service_errors: row.service_errors,
        not_executed: row.not_executed,
        unknown: row.unknown,
        p50_us: row.p50_us,
        p99_us: row.p99_us,
    })
}
