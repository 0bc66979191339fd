//! A unit on its way: in which order it starts, and what is undone if that fails.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::actor::{Clients, Extensions};
use seam_core::home::Home;
use seam_core::memory;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_core::time::Clock;
use seam_core::turn::{HostSettings, Lane, Limits};
use seam_mesh::Pool;
use seam_store::StoreOptions;
use seam_wire::Offers;
use tokio::sync::watch;
use tokio::time::Instant;

use super::StartFailure;
use super::awaited::awaited;
use super::clients::Routes;
use super::health::Watcher;
use super::links::{self, Links, Listening};
use super::membership::Registration;
use super::parts::{Parts, Resident, end, stop_homes};
use super::peers::Dialling;
use super::placement::Placement;
use crate::config::{self, Config, Peer, Resolution, ServiceConfig, UnitLayout};
use crate::services::{
    Activity, Database, Graph, HostPlan, Opened, Registered, Registry, RehearsalPlan, RoutePlan,
    deadlines,
};

/// How long a unit that others call waits for its own peers; the limit is for peers that are away. It
/// waits before it listens (see [`awaited`]), and for the others, which wait for it, after that.
const PEERS: Duration = Duration::from_secs(2);

/// A unit on its way: what must be undone if the rest fails.
pub(super) struct Starting<'a> {
    registry: &'a Registry,
    graph: Graph,
    config: &'a Config,
    layout: &'a UnitLayout,
    began: Instant,
    clock: Clock,
    homes: Vec<Home>,
    residents: Vec<Resident>,
    /// Who asks the residents how they are, each once there is somebody to tell.
    watchers: Vec<Watcher>,
}

impl<'a> Starting<'a> {
    pub(super) fn new(
        registry: &'a Registry,
        config: &'a Config,
        layout: &'a UnitLayout,
    ) -> Result<Self, StartFailure> {
        memory::keep_freed();
        let mut starting = Self {
            registry,
            graph: registry.graph(),
            config,
            layout,
            began: Instant::now(),
            clock: registry.clock(),
            homes: Vec::new(),
            residents: Vec::new(),
            watchers: Vec::new(),
        };
        if registry.simulation.is_some() {
            starting.homes.push(Home::here());
            return Ok(starting);
        }
        for number in 0..config.app.threads {
            let name = format!("seam-home-{number}");
            let home = match starting.homes.first() {
                Some(first) => first.start_beside(&name),
                None => Home::start(&name),
            };
            starting.homes.push(home?);
        }
        Ok(starting)
    }

    pub(super) async fn run(&mut self) -> Result<Parts, StartFailure> {
        let opened: Vec<_> = self.registry.services().iter().map(|s| self.open(&**s)).collect();
        let routes = Arc::new(Routes::new(
            opened.iter().map(|(_, open)| open.client()).collect(),
            &self.config.edge.errors,
        ));
        let identity = links::identity(self.registry, self.config, self.layout);
        let (config, layout) = (self.config, self.layout);
        let shares =
            |name: &str| config.service(name).is_some_and(|s| s.lane == config::Lane::Inline);
        let graph = self.graph.clone();
        let placement = Placement::new(&graph, layout, self.homes.len(), shares);
        let listener = placement.listener();
        let dialling = Dialling {
            identity: identity.clone(),
            homes: self.homes.clone(),
            placement,
            clock: self.clock.clone(),
            simulation: self.registry.simulation.clone(),
        };
        let links = Arc::new(Links::start(&graph, config, layout, dialling, &opened));
        let home = &self.homes[listener];
        let registration = Registration::start(config, layout, links.dialling(), &links, home)?;
        let home = home.clone();
        for name in &self.layout.services {
            let found = opened.iter().find(|(id, _)| id.name() == name);
            let service = self.config.service(name);
            let (Some((id, open)), Some(service)) = (found, service) else { continue };
            let (resident, watcher) = self.host(*id, open, service, &routes, &links)?;
            self.residents.push(resident);
            self.watchers.push(watcher);
            self.first_start(self.residents.len() - 1).await?;
        }
        let inlets = self.residents.iter().map(|resident| Arc::clone(&resident.hosted.inlet));
        let inlets: Vec<Arc<dyn Inlet>> = inlets.chain(registration.inlet()).collect();
        let patience = Instant::now() + PEERS;
        if self.layout.listen.is_some() {
            let awaited = awaited(&self.graph, config, layout);
            links.connected_within(PEERS, |unit| awaited.iter().any(|name| name == unit)).await;
        }
        let watchers = std::mem::take(&mut self.watchers);
        let several = self.layout.is_one_of_several();
        let waits = |resident: &&Resident| {
            several && *resident.hosted.activity.borrow() != Activity::Active
        };
        let inactive = self.residents.iter().filter(waits).map(|resident| resident.id).collect();
        let simulation = self.registry.simulation.as_ref();
        let listener =
            links::listen(&identity, self.layout, inlets, inactive, &home, simulation).await?;
        if let Some(listening) = &listener {
            registration.register(config, layout, &identity, listening.address());
            for resident in self.residents.iter().filter(|_| several) {
                let activity = resident.hosted.activity.clone();
                home.runtime().spawn(offer(listening.offers(), resident.id, activity));
            }
            let left = patience.saturating_duration_since(Instant::now());
            // Its own other instances stand in for it, and it doesn't need them.
            links.connected_within(left, |unit| unit != layout.unit).await;
        }
        let offers = listener.as_ref().map(Listening::offers);
        for (resident, watcher) in self.residents.iter().zip(watchers) {
            let keeping = Arc::downgrade(&resident.hosted.keeping);
            home.runtime().spawn(watcher.watch(keeping, offers.clone()));
        }
        let parts = Parts {
            layout: self.layout.clone(),
            config_version: self.config.version().to_owned(),
            began: self.began,
            drain: self.config.app.drain,
            homes: std::mem::take(&mut self.homes),
            spawned: AtomicUsize::new(0),
            routes,
            opened,
            hosted: std::mem::take(&mut self.residents),
            database: Database::new(
                self.config.app.data.join("units").join(self.layout.process()),
                StoreOptions::default(),
            ),
            links,
            registration,
            edge: Mutex::new(None),
            listener: Mutex::new(listener),
        };
        Ok(parts)
    }

    fn open(&self, service: &dyn Registered) -> (ServiceId, Arc<dyn Opened>) {
        let id = service.id();
        let configured = self.config.service(id.name());
        let own = configured.and_then(|service| service.deadline);
        let policy = configured.map_or(self.config.calls.policy, |service| service.policy);
        let plan = RoutePlan {
            deadlines: deadlines(own, self.config.calls.deadline),
            policy: self.registry.policies.then_some(policy),
        };
        let open = service.open(plan, self.clock.clone());
        if !self.layout.services.iter().any(|name| name == id.name()) {
            open.lead_nowhere(&self.nowhere(id));
        }
        (id, open)
    }

    /// Why a service that isn't here can't be called, unless a link leads to it.
    fn nowhere(&self, id: ServiceId) -> String {
        let unit = &self.layout.unit;
        let hosts = |peer: &&Peer| peer.services.iter().any(|name| name == id.name());
        match self.layout.peers.iter().find(hosts) {
            Some(peer) => format!(
                "`{id}` is in unit `{}`, and nothing in unit `{unit}` says that it calls it: \
                 add `program = true` to [units.{unit}]",
                peer.unit
            ),
            None => format!("no unit of this topology offers `{id}`"),
        }
    }

    fn host(
        &self,
        id: ServiceId,
        open: &Arc<dyn Opened>,
        service: &ServiceConfig,
        routes: &Arc<Routes>,
        links: &Links,
    ) -> Result<(Resident, Watcher), StartFailure> {
        let options = StoreOptions::default().cache(service.cache);
        let folder = self.config.app.data.join("services").join(id.name());
        let several = self.layout.is_one_of_several();
        let database = Database::new(folder, options).on(self.registry.memory(id.name()));
        let database = Arc::new(database.shared(several));
        let extensions = Extensions::default();
        let (lane, arbiter) = match service.lane {
            config::Lane::Inline => (Lane::Inline, None),
            config::Lane::Arbiter => (Lane::Arbiter, Some(Home::start(&format!("seam-{id}"))?)),
        };
        let shared = || self.homes[links.dialling().placement.service(id.name())].clone();
        let home = arbiter.clone().unwrap_or_else(shared);
        let runtime = home.runtime().clone();
        let mailbox = u32::try_from(service.mailbox).unwrap_or(u32::MAX);
        let limits = Limits { mailbox, turn_limit: service.turn_limit };
        let settings = HostSettings {
            lane,
            limits: limits.into(),
            clock: self.clock.clone(),
            ..HostSettings::new(id, home)
        };
        let clients: Arc<dyn Clients> = routes.clone();
        let callers = self.graph.callers_of(id).collect();
        let encoded = self.config.calls.resolution == Resolution::Encoded;
        let (faults, seed) = (service.rehearsal, self.config.rehearsal.seed);
        let rehearsal = encoded.then_some(RehearsalPlan { faults, seed });
        let config = service.settings.clone();
        let own = Arc::clone(&database);
        let plan =
            HostPlan { settings, config, clients, extensions, callers, database: own, rehearsal };
        let hosted = open.host(plan);
        if several {
            let why = format!("`{id}` stands by here: another instance of this unit runs it");
            let elsewhere = links.pool(id).cloned();
            runtime.spawn(follow(Arc::clone(open), hosted.activity.clone(), elsewhere, why));
        }
        let (watcher, health) = Watcher::new(id, self.config.health);
        let resident = Resident { id, lane: service.lane, arbiter, hosted, health, database };
        Ok((resident, watcher))
    }

    /// Waits for a service's first start. That it fails isn't the end, for its dependencies may be
    /// on their way; that its database can't be opened is.
    async fn first_start(&self, index: usize) -> Result<(), StartFailure> {
        let resident = &self.residents[index];
        let mut activity = resident.hosted.activity.clone();
        let started = tokio::select! {
            biased;
            started = resident.hosted.keeping.started() => started,
            // For how long nobody knows. The sender is the service's.
            _ = activity.wait_for(|activity| *activity == Activity::Standby) => return Ok(()),
        };
        let Err(reason) = started else { return Ok(()) };
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

    pub(super) async fn undo(self) {
        end(&self.residents, Duration::ZERO).await;
        let arbiters = self.residents.iter().filter_map(|resident| resident.arbiter.clone());
        stop_homes(arbiters.chain(self.homes.iter().cloned()).collect()).await;
    }
}

/// Leads a service's route to the other instances while one of them has the service's database, and
/// back once it is at work here.
async fn follow(
    open: Arc<dyn Opened>,
    mut activity: watch::Receiver<Activity>,
    elsewhere: Option<Arc<Pool>>,
    why: String,
) {
    loop {
        let now = *activity.borrow_and_update();
        match now {
            Activity::Standby => match &elsewhere {
                Some(pool) => open.lead_to(Arc::clone(pool) as _),
                None => open.lead_nowhere(&why),
            },
            Activity::Active => open.lead_here(),
            Activity::Starting | Activity::Recovering => {}
        }
        if now == Activity::Active || activity.changed().await.is_err() {
            return;
        }
    }
}

/// Tells other units whether a service is at work here.
async fn offer(offers: Offers, service: ServiceId, mut activity: watch::Receiver<Activity>) {
    loop {
        let now = *activity.borrow_and_update();
        offers.set(service, now == Activity::Active);
        if activity.changed().await.is_err() {
            return;
        }
    }
}
