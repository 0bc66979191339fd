//! What it takes to bring a service to life in this unit, when it starts or later.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use seam_bus::Desk;
use seam_bus::schedule::Scheduled;
use seam_core::actor::{Clients, Extensions};
use seam_core::call::{Authority, CallPolicy, Deadlines, Guests};
use seam_core::contract::ContractDescriptor;
use seam_core::home::Home;
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::record::Recorder;
use seam_core::remote::{Caller, Inlet};
use seam_core::time::Clock;
use seam_core::turn::{HostSettings, Keeping, Lane, Limits};
use seam_mesh::Pool;
use seam_store::StoreOptions;
use seam_telemetry::SecretNames;
use seam_wire::{Identity, Offers, Tls};
use tokio::sync::watch;

use super::StartFailure;
use super::allowed;
use super::broker::Brokers;
use super::clients::Routes;
use super::commands::{RouteKeeper, UnitCalls, UnitKeeper};
use super::desks::Desks;
use super::edges::Edges;
use super::health::Watcher;
use super::links::Links;
use super::parts::Resident;
use super::placement::Placement;
use super::plug::{Contracts, asked};
use super::push::Hub;
use crate::config::{self, Config, Peer, Resolution, ServiceConfig, UnitLayout};
use crate::services::{
    Activity, Attached, CommandSender, DataFolder, Database, Graph, HostPlan, KeptBy, Messaging,
    MessagingPlan, Opened, Place, Rebuilt, Registry, RehearsalPlan, RoutePlan, deadlines,
};

/// How long a process that a service has left may take until its database can be opened elsewhere.
pub(super) const LETS_GO: Duration = Duration::from_secs(1);

/// A unit's own, for as long as it runs.
pub(super) struct Hosting {
    pub(super) registry: Registry,
    pub(super) graph: Graph,
    /// Who this process is to its peers.
    pub(super) identity: Identity,
    pub(super) clock: Clock,
    /// At least one.
    pub(super) homes: Vec<Home>,
    pub(super) routes: Arc<Routes>,
    /// Every service of the app.
    pub(super) opened: Vec<(ServiceId, Arc<dyn Opened>)>,
    /// How other units get to know what is active here, once the unit listens.
    pub(super) offers: Arc<OnceLock<Offers>>,
    /// What proves who is who, over TCP.
    pub(super) tls: Option<Tls>,
    /// For whom each unit may call.
    pub(super) authorities: Live<Vec<Authority>>,
    /// Which services that the app doesn't know may have a part in it.
    pub(super) guests: Live<Guests>,
    /// The logs of those who publish events.
    pub(super) desks: Desks,
    /// The other edges, if this unit has one.
    pub(super) edges: Option<Edges>,
    /// Who keeps the commands of whom.
    pub(super) keeper: Arc<UnitKeeper>,
    /// The broker of the bus.
    pub(super) brokers: Brokers,
    /// The services that are hosted here now, for who asks for their contracts.
    pub(super) hosted: Live<Vec<String>>,
    /// What services here push to clients.
    pub(super) hub: Hub,
    /// What finished calls are written to.
    pub(super) recorder: Arc<Recorder>,
    /// What isn't shown of messages.
    pub(super) secrets: Arc<SecretNames>,
    /// `[bus] results`: how long results of commands are kept.
    pub(super) results: Live<Duration>,
}

impl Hosting {
    /// What calls to a service go by, in a unit that hosts these.
    pub(super) fn route_plan(
        registry: &Registry,
        graph: &Graph,
        config: &Config,
        hosted: &[String],
        id: ServiceId,
    ) -> RoutePlan {
        let configured = config.service(id.name());
        let own = configured.and_then(|service| service.deadline);
        let policy = configured.map_or(config.calls.policy, |service| service.policy);
        let most = in_flight(graph, config, hosted, id);
        let policy = CallPolicy { in_flight: policy.in_flight.min(most), ..policy };
        let deadlines: Deadlines = deadlines(own, config.calls.deadline);
        let faults = configured.map(|service| service.rehearsal).unwrap_or_default();
        let seed = config.rehearsal.seed;
        RoutePlan {
            deadlines,
            policy: registry.policies.then_some(policy),
            allow: allowed::rules(registry, config, id),
            rehearsal: (config.calls.resolution == Resolution::Encoded)
                .then_some(RehearsalPlan { faults, seed }),
        }
    }

    /// How much a service takes.
    pub(super) fn limits(service: &ServiceConfig) -> Limits {
        let mailbox = u32::try_from(service.mailbox).unwrap_or(u32::MAX);
        Limits { mailbox, turn_limit: service.turn_limit }
    }

    /// The route of a service.
    pub(super) fn opened(&self, name: &str) -> Option<(ServiceId, &Arc<dyn Opened>)> {
        let found = self.opened.iter().find(|(id, _)| id.name() == name);
        found.map(|(id, open)| (*id, open))
    }

    /// The way in for who asks for the contracts of what is hosted here.
    pub(super) fn contracts(&self) -> Option<Arc<dyn Inlet>> {
        let known = self.registry.services().iter().map(|service| {
            let needs = self.graph.needs_of(service.id()).map(|need| need.to_string());
            (service.id(), service.descriptor(), needs.collect())
        });
        Some(Arc::new(Contracts::new(asked()?, known, self.hosted.clone())))
    }

    /// The routes of services that this program has no actor for.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = (ServiceId, &Arc<dyn Opened>)> {
        let elsewhere: Vec<ServiceId> =
            self.registry.elsewhere().into_iter().map(|(_, needed)| needed).collect();
        let opened = self.opened.iter().map(|(id, open)| (*id, open));
        opened.filter(move |(id, _)| elsewhere.contains(id))
    }

    /// Which of the homes a unit's parts live on.
    pub(super) fn placement(&self, config: &Config, layout: &UnitLayout) -> Placement {
        let shares =
            |name: &str| config.service(name).is_some_and(|s| s.lane == config::Lane::Inline);
        Placement::new(&self.graph, layout, self.homes.len(), shares)
    }

    /// Leads a service's route to where it is called elsewhere, if that can be.
    pub(super) fn lead_away(&self, id: ServiceId, layout: &UnitLayout, links: &Links) {
        let Some((_, open)) = self.opened(id.name()) else { return };
        match links.pool(id) {
            Some(pool) => open.lead_to(pool as _),
            None => open.lead_nowhere(&nowhere(id, layout)),
        }
    }

    /// Brings a service to life. If its database may be another process's for now, it is waited for: calls
    /// wait so long in line, and are refused from then on.
    pub(super) fn host(
        &self,
        name: &str,
        config: &Config,
        layout: &UnitLayout,
        links: &Arc<Links>,
        shared: Option<Duration>,
    ) -> Result<Option<(Resident, Watcher)>, StartFailure> {
        let (Some((id, open)), Some(service)) = (self.opened(name), config.service(name)) else {
            return Ok(None);
        };
        let options = StoreOptions::default().cache(service.cache);
        let log = config.app.data.join("services").join(name).join("log");
        let memory = self.registry.memory(name).map(Place::Memory);
        let place = memory.unwrap_or_else(|| Place::of(config, service));
        let database = Database::new(place, options).attaching(Attached::to);
        let database = Arc::new(database.shared(shared.is_some()));
        let (lane, arbiter) = match service.lane {
            config::Lane::Inline => (Lane::Inline, None),
            config::Lane::Arbiter => (Lane::Arbiter, Some(Home::start(&format!("seam-{id}"))?)),
        };
        if let Some(arbiter) = &arbiter {
            self.hub.take_from(arbiter.runtime());
        }
        let placed = || self.homes[self.placement(config, layout).service(name)].clone();
        let home = arbiter.clone().unwrap_or_else(placed);
        let runtime = home.runtime().clone();
        let settings = HostSettings {
            lane,
            limits: Self::limits(service).into(),
            clock: self.clock.clone(),
            ..HostSettings::new(id, home)
        };
        let clients: Arc<dyn Clients> = self.routes.clone();
        let sender = CommandSender::new(Arc::clone(&database), runtime.clone());
        sender.call_by(Arc::new(self.calls(Caller::Service(id))));
        let contract = open.client().descriptor();
        let messaging = Messaging::start(MessagingPlan {
            service: id,
            publishes: !contract.events.is_empty(),
            streams: self.desks.streams(&self.graph, id),
            broker: self.brokers.events(),
            schedules: schedules(contract),
            desk: self.desks.desk(id).unwrap_or_else(|| Desk::new(id, contract)),
            sender: Arc::new(sender),
            folder: log,
            options: config.bus.log.into(),
            settings: service.on.into(),
            database: Arc::clone(&database),
            client: open.own_client(),
            home: runtime.clone(),
        });
        self.keeper.keep_for(id, &messaging);
        let mut extensions = Extensions::default();
        extensions.insert(Arc::clone(&messaging));
        extensions.insert(Arc::new(DataFolder(config.app.data.clone())));
        let keeper = RouteKeeper(Arc::clone(&self.keeper));
        extensions.insert(Arc::new(KeptBy(Arc::new(keeper))));
        let own = Live::new(service.settings.clone());
        let plan = HostPlan {
            settings,
            config: own.clone(),
            clients,
            extensions,
            callers: self.graph.callers_of(id).collect(),
            guests: self.guests.clone(),
            database: Arc::clone(&database),
        };
        let Some(hosted) = open.host(plan) else { return Ok(None) };
        if let Some(patience) = shared.or(database.is_shared().then_some(Duration::ZERO)) {
            let (activity, elsewhere) = (hosted.activity.clone(), links.pool(id));
            runtime.spawn(follow(Arc::clone(open), id, activity, elsewhere, patience));
        }
        if database.is_shared() {
            runtime.spawn(renew_rebuilt(messaging.rebuilt(), Arc::downgrade(&hosted.keeping)));
        }
        let queue = self.brokers.serve(&hosted, open.client().transcode(), self, config, &runtime);
        let (watcher, health) = Watcher::new(id, config.health);
        let (lane, settings) = (service.lane, own);
        let version = contract.version.as_str();
        let resident = Resident {
            id,
            version,
            lane,
            arbiter,
            hosted,
            health,
            database,
            settings,
            messaging,
            queue,
        };
        Ok(Some((resident, watcher)))
    }

    /// How the commands of a caller are made.
    pub(super) fn calls(&self, owner: Caller) -> UnitCalls {
        let (routes, desks) = (Arc::clone(&self.routes), self.desks.clone());
        UnitCalls {
            routes,
            desks,
            owner,
            results: self.results.clone(),
            brokers: self.brokers.clone(),
        }
    }

    /// Has a service asked how it is, from now on.
    pub(super) fn watch(&self, resident: &Resident, watcher: Watcher) {
        let keeping = Arc::downgrade(&resident.hosted.keeping);
        self.homes[0].runtime().spawn(watcher.watch(keeping, Arc::clone(&self.offers)));
    }
}

/// Has an actor built anew whenever its store was emptied, by whichever of the instances that share it.
async fn renew_rebuilt(mut rebuilt: Rebuilt, keeping: Weak<dyn Keeping>) {
    while rebuilt.again().await {
        let Some(keeping) = keeping.upgrade() else { return };
        if let Err(reason) = keeping.renew().await {
            tracing::warn!(reason, "it can't start on its empty store; it is tried again");
        }
    }
}

/// How many calls to a service may be under way, so that one that hangs doesn't fill the mailbox of a
/// caller here: a quarter of it is left to the caller's other methods.
fn in_flight(graph: &Graph, config: &Config, hosted: &[String], id: ServiceId) -> u32 {
    let here = |caller: &ServiceId| hosted.iter().any(|name| name == caller.name());
    let mailboxes = graph.callers_of(id).filter(here).filter_map(|caller| {
        let mailbox = config.service(caller.name())?.mailbox;
        Some(u32::try_from(mailbox - mailbox / 4).unwrap_or(u32::MAX))
    });
    mailboxes.min().unwrap_or(u32::MAX)
}

/// What of a contract runs by itself.
fn schedules(contract: &ContractDescriptor) -> Vec<Scheduled> {
    let scheduled = contract.methods.iter().filter_map(|method| {
        // A cron was read when the contract was compiled.
        let described = method.schedule.as_ref()?;
        let (schedule, text) = (described.schedule().ok()?, described.to_string());
        Some(Scheduled { method: method.index, name: method.name.clone(), schedule, text })
    });
    scheduled.collect()
}

/// Why a service that isn't here can't be called, unless a link leads to it.
fn nowhere(id: ServiceId, layout: &UnitLayout) -> String {
    let unit = &layout.unit;
    let hosts = |peer: &&Peer| peer.services.iter().any(|name| name == id.name());
    match layout.peers.iter().find(hosts) {
        Some(peer) => format!(
            "`{id}` is in unit `{}`, and nothing in unit `{unit}` says that it calls it: \
             add `program = true` to [units.{unit}]",
            peer.unit
        ),
        None => format!("no unit of this topology offers `{id}`"),
    }
}

/// Leads a service's route to other processes while one of them has the service's database or this one
/// doesn't reach it, and back once it is at work here. Where no other process is called, calls wait in
/// line for it with some `patience`.
pub(super) async fn follow(
    open: Arc<dyn Opened>,
    id: ServiceId,
    mut activity: watch::Receiver<Activity>,
    elsewhere: Option<Arc<Pool>>,
    patience: Duration,
) {
    loop {
        let now = *activity.borrow_and_update();
        match now {
            Activity::Standby | Activity::Waiting => match &elsewhere {
                Some(pool) => open.lead_to(Arc::clone(pool) as _),
                // Whoever had it is about to let go of it, if the service has moved here.
                None => {
                    let another = activity.wait_for(|activity| *activity != now);
                    match tokio::time::timeout(patience, another).await {
                        Ok(Ok(_)) => continue,
                        Ok(Err(_)) => return,
                        Err(_) if now == Activity::Waiting => {
                            open.lead_nowhere(&format!("`{id}` waits here: its database is away"));
                        }
                        Err(_) => open.lead_nowhere(&format!(
                            "`{id}` stands by here: another process has its database"
                        )),
                    }
                }
            },
            Activity::Active => open.lead_here(),
            Activity::Starting | Activity::Recovering | Activity::Away => {}
        }
        if matches!(now, Activity::Active | Activity::Away) || activity.changed().await.is_err() {
            return;
        }
    }
}
