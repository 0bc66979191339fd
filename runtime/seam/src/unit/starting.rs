//! A unit on its way: in which order it starts, and what is undone if that fails.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use parking_lot::Mutex;
use seam_bus::AtWork;
use seam_core::call::Keeper;
use seam_core::home::Home;
use seam_core::live::Live;
use seam_core::memory;
use seam_core::name::ServiceId;
use seam_core::record::Recorder;
use seam_core::remote::Caller;
use seam_core::time::Clock;
use seam_store::StoreOptions;
use seam_telemetry::SecretNames;
use tokio::time::Instant;

use super::StartFailure;
use super::allowed;
use super::awaited::awaited;
use super::broker::Brokers;
use super::certificates;
use super::clients::Routes;
use super::commands::{RouteKeeper, UnitKeeper};
use super::counted::unix_micros;
use super::desks::Desks;
use super::edges::Edges;
use super::exporting::Exporting;
use super::health::Watcher;
use super::hosting::Hosting;
use super::ledger::Ledger;
use super::links::{self, Links};
use super::listening::Listening;
use super::membership::Registration;
use super::parts::{InForce, Parts, Resident, end, stop_homes};
use super::peers::Dialling;
use super::plug::{self, Plug};
use super::push::Hub;
use super::recording::Recording;
use super::tapping::Tapping;
use crate::config::{Config, UnitLayout, Via};
use crate::services::{
    Attached, CommandSender, Database, Graph, Opened, Place, Queued, Registered, Registry,
};

/// How long a unit that others call waits for its own peers; the limit is for peers that are away. It
/// waits before it listens (see [`awaited`]), and for the others, which wait for it, after that.
const PEERS: Duration = Duration::from_secs(2);

/// A unit on its way: what must be undone if the rest fails.
pub(super) struct Starting<'a> {
    registry: &'a Registry,
    config: &'a Config,
    layout: &'a UnitLayout,
    began: Instant,
    clock: Clock,
    homes: Vec<Home>,
    residents: Vec<Arc<Resident>>,
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
        let tls = certificates::open(self.config, self.layout)?;
        if let Some(tls) = &tls {
            tls.watch(self.homes[0].runtime());
        }
        let graph = self.registry.graph();
        let keeper = UnitKeeper::new();
        let own: Arc<dyn Keeper> = Arc::new(RouteKeeper(Arc::clone(&keeper)));
        let hub = Hub::new();
        self.homes.iter().for_each(|home| hub.take_from(home.runtime()));
        let brokers = Brokers::open(self.config, self.homes[0].runtime())?;
        let recorder = Arc::new(Recorder::new(&self.clock, self.config.trace.per_second));
        let contracts = self.registry.services().iter().map(|service| service.descriptor());
        let secrets = Arc::new(SecretNames::of(contracts));
        let ledger = match self.registry.simulation {
            None => {
                let (data, process) = (&self.config.app.data, self.layout.process());
                Some(Ledger::start(data, &process, &recorder, &secrets)?)
            }
            Some(_) => None,
        };
        let open =
            |service: &dyn Registered| self.open(service, &graph, (&own, &recorder), &brokers);
        let opened = self.registry.services().iter().map(|service| open(&**service));
        let opened: Vec<_> = opened.collect();
        let routes = Arc::new(Routes::new(
            opened.iter().map(|(_, open)| open.client()).collect(),
            &self.config.edge.errors,
        ));
        let (config, layout) = (self.config, self.layout);
        let desks = Desks::new(self.registry, self.clock.clone())?;
        let edges = Edges::open(config, layout, self.clock.clone())?;
        let hosting = Hosting {
            registry: self.registry.clone(),
            graph,
            identity: links::identity(self.registry, config, layout),
            clock: self.clock.clone(),
            homes: self.homes.clone(),
            routes,
            opened,
            offers: Arc::default(),
            tls: tls.clone(),
            authorities: Live::new(allowed::authorities(config, &layout.topology, &desks)),
            guests: Live::new(plug::guests(self.registry, config, &desks)),
            hosted: Live::new(layout.services.clone()),
            desks,
            edges,
            keeper,
            brokers,
            hub,
            recorder,
            secrets,
            results: Live::new(self.config.bus.results),
        };
        let placement = hosting.placement(config, layout);
        let home = self.homes[placement.listener()].clone();
        let dialling = Dialling {
            identity: hosting.identity.clone(),
            homes: self.homes.clone(),
            placement,
            clock: self.clock.clone(),
            simulation: self.registry.simulation.clone(),
            tls,
        };
        let links = Arc::new(Links::new(dialling));
        hosting.desks.reach_by(&links);
        if let Some(edges) = &hosting.edges {
            edges.reach_by(&links);
        }
        links.extend(&hosting, config, layout, false);
        if let Some(ledger) = &ledger {
            ledger.seek(self.homes[0].runtime(), &links, &self.clock);
        }
        for (id, _) in &hosting.opened {
            hosting.lead_away(*id, layout, &links);
        }
        let plug = Plug::default();
        let registration = Registration::start(config, layout, &links, plug.follower(), &home)?;
        let shared = layout.is_one_of_several().then_some(Duration::ZERO);
        for name in &layout.services {
            let hosted = hosting.host(name, config, layout, &links, shared)?;
            let Some((resident, watcher)) = hosted else { continue };
            self.residents.push(Arc::new(resident));
            self.watchers.push(watcher);
            self.first_start(self.residents.len() - 1).await?;
        }
        let patience = Instant::now() + PEERS;
        if layout.listen.is_some() {
            let awaited = awaited(&hosting.graph, config, layout);
            links.connected_within(PEERS, |unit| awaited.iter().any(|name| name == unit)).await;
        }
        let listener =
            Listening::open(&hosting, config, layout, &self.residents, &registration).await?;
        if listener.is_some() {
            let left = patience.saturating_duration_since(Instant::now());
            // Its own other instances stand in for it, and it doesn't need them.
            links.connected_within(left, |unit| unit != layout.unit).await;
        }
        for (resident, watcher) in self.residents.iter().zip(std::mem::take(&mut self.watchers)) {
            hosting.watch(resident, watcher);
        }
        let folder = config.app.data.join("units").join(layout.process());
        let kept = folder.exists();
        let database =
            Database::new(Place::Folder(folder), StoreOptions::default()).attaching(Attached::to);
        let database = Arc::new(database);
        let sender = CommandSender::new(Arc::clone(&database), self.homes[0].runtime().clone());
        let desk = hosting.desks.edge().clone();
        if !kept {
            // Nobody is told of anything that isn't there; its first command opens the store.
            desk.set(Some(AtWork { commands: None }));
        }
        let sender = Arc::new(sender.telling_at(desk));
        sender.call_by(Arc::new(hosting.calls(Caller::Edge)));
        hosting.keeper.keep_own(Arc::clone(&sender));
        if kept {
            // What was kept before is made now.
            let sender = Arc::clone(&sender);
            self.homes[0].runtime().spawn(async move {
                if let Err(error) = sender.begin().await {
                    tracing::error!(%error, "the unit's own commands wait for its next start");
                }
            });
        }
        let apart = self.registry.simulation.is_none();
        let (process, keep) = (layout.process(), config.trace.keep);
        let (exporting, recorder) = (Exporting::new(), &hosting.recorder);
        let tapping = Arc::new(Tapping::new(recorder, &hosting.secrets));
        let export = exporting.export();
        let recording = Recording::start(&process, recorder, keep, export, &tapping, apart)?;
        if apart {
            exporting.set(config, layout)?;
        }
        let parts = Parts {
            recording,
            exporting,
            ledger,
            in_force: Mutex::new(InForce {
                config: Arc::new(config.clone()),
                layout: Arc::new(layout.clone()),
            }),
            started: config.clone(),
            taking: tokio::sync::Mutex::default(),
            began: self.began,
            began_us: unix_micros().saturating_sub(self.began.elapsed().as_micros() as u64),
            homes: std::mem::take(&mut self.homes),
            spawned: AtomicUsize::new(0),
            hosting,
            hosted: Mutex::new(std::mem::take(&mut self.residents)),
            database,
            sender,
            links,
            registration,
            plug,
            edge: Mutex::new(None),
            listener: Mutex::new(listener),
        };
        Ok(parts)
    }

    fn open(
        &self,
        service: &dyn Registered,
        graph: &Graph,
        (keeper, recorder): (&Arc<dyn Keeper>, &Arc<Recorder>),
        brokers: &Brokers,
    ) -> (ServiceId, Arc<dyn Opened>) {
        let id = service.id();
        let hosted = &self.layout.services;
        let route = || {
            let plan = Hosting::route_plan(self.registry, graph, self.config, hosted, id);
            let (keeper, recorder) = (Some(Arc::clone(keeper)), Arc::clone(recorder));
            service.open(plan, self.clock.clone(), keeper, recorder)
        };
        let open = route();
        let by_queue = self.config.service(id.name()).is_some_and(|own| own.via == Via::Bus);
        match brokers.way_to(&*open.client(), &self.clock).filter(|_| by_queue) {
            Some(queue) => (id, Arc::new(Queued::new(open, route(), queue))),
            None => (id, open),
        }
    }

    /// Waits for a service's first start. That it fails isn't the end, for its dependencies may be
    /// on their way, and so may its database's server; that its database can't be opened is.
    async fn first_start(&self, index: usize) -> Result<(), StartFailure> {
        let resident = &self.residents[index];
        let mut activity = resident.hosted.activity.clone();
        let started = tokio::select! {
            biased;
            started = resident.hosted.keeping.started() => started,
            // For how long nobody knows. The sender is the service's.
            _ = activity.wait_for(|activity| activity.is_awaited()) => return Ok(()),
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
