//! What a unit is made of, how that is doing, and the order in which it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use seam_core::actor::Health;
use seam_core::home::Home;
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::policy::{Balance, BreakerSettings};
use seam_gateway::Pushes;
use seam_store::Condition;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::broker::ServedQueue;
use super::edge::Edge;
use super::exporting::Exporting;
use super::health::Watched;
use super::hosting::Hosting;
use super::ledger::Ledger;
use super::links::Links;
use super::listening::Listening;
use super::membership::Registration;
use super::plug::Plug;
use super::push::{self, Hearing};
use super::recording::Recording;
use super::status::{MethodStatus, ServiceStatus, UnitStatus};
use crate::config::{Config, Lane, Settings, UnitLayout};
use crate::services::{Activity, CommandSender, Database, Hosted, Messaging, Opened};

/// Everything that a unit is made of, and that ends with it.
pub(super) struct Parts {
    pub(super) in_force: Mutex<InForce>,
    /// What it began with: what is read once stays as it was then.
    pub(super) started: Config,
    /// Held while another config is taken: one at a time.
    pub(super) taking: tokio::sync::Mutex<()>,
    pub(super) began: Instant,
    /// The same in microseconds since 1970: by it, processes of a unit are told apart.
    pub(super) began_us: u64,
    /// At least one.
    pub(super) homes: Vec<Home>,
    pub(super) spawned: AtomicUsize,
    pub(super) hosting: Hosting,
    /// The services that live here, or did: one that has moved away may come back.
    pub(super) hosted: Mutex<Vec<Arc<Resident>>>,
    /// The unit's own.
    pub(super) database: Arc<Database>,
    /// Sends the commands that it keeps.
    pub(super) sender: Arc<CommandSender>,
    pub(super) links: Arc<Links>,
    pub(super) registration: Registration,
    pub(super) plug: Plug,
    pub(super) recording: Recording,
    pub(super) exporting: Exporting,
    /// None in a simulation.
    pub(super) ledger: Option<Ledger>,
    pub(super) edge: Mutex<Option<Edge>>,
    pub(super) listener: Mutex<Option<Listening>>,
}

/// What the unit goes by, until another config is taken.
#[derive(Clone)]
pub(super) struct InForce {
    pub(super) config: Arc<Config>,
    pub(super) layout: Arc<UnitLayout>,
}

/// A service that lives here.
pub(super) struct Resident {
    pub(super) id: ServiceId,
    /// Its contract's version.
    pub(super) version: &'static str,
    pub(super) lane: Lane,
    /// The arbiter lane's thread, which is the service's alone.
    pub(super) arbiter: Option<Home>,
    pub(super) hosted: Hosted,
    pub(super) health: Watched,
    pub(super) database: Arc<Database>,
    /// Its own settings, as its actor reads them when it starts.
    pub(super) settings: Live<Settings>,
    /// Its part in the bus.
    pub(super) messaging: Arc<Messaging>,
    /// Who takes requests from its queue.
    pub(super) queue: Option<ServedQueue>,
}

impl Parts {
    pub(super) fn layout(&self) -> Arc<UnitLayout> {
        Arc::clone(&self.in_force.lock().layout)
    }

    /// The services that live here now.
    pub(super) fn residents(&self) -> Vec<Arc<Resident>> {
        let hosted = self.hosted.lock();
        hosted.iter().filter(|own| own.activity() != Activity::Away).cloned().collect()
    }

    pub(super) async fn ready(&self) -> Result<(), String> {
        self.waits_for().await.into_iter().next().map_or(Ok(()), Err)
    }

    /// What isn't ready: services that don't run, and then units that haven't answered.
    pub(super) async fn waits_for(&self) -> Vec<String> {
        let mut waits_for = Vec::new();
        for resident in &self.residents() {
            if resident.activity() == Activity::Standby {
                // That it waits is all that is asked of it.
                continue;
            }
            let store = resident.store();
            // Who waits for it says nothing else.
            let waits = store.is_some() && resident.activity() == Activity::Waiting;
            if !waits && let Err(reason) = resident.well().await {
                waits_for.push(format!("service `{}`: {reason}", resident.id));
            }
            waits_for.extend(store);
        }
        waits_for.extend(self.links.waits_for(&self.layout().unit));
        waits_for.extend(self.plug.waits_for());
        waits_for
    }

    pub(super) async fn status(&self) -> UnitStatus {
        let ready = self.ready().await;
        // Not while the status is put together, which looks at the edge once more.
        let (http, https) = self.edge.lock().as_ref().map_or((None, None), Edge::addresses);
        let [http, https] = [http, https].map(|at| at.map(|address| address.to_string()));
        let InForce { config, layout } = self.in_force.lock().clone();
        UnitStatus {
            unit: layout.unit.clone(),
            instance: layout.instance,
            topology: layout.topology.clone(),
            pid: std::process::id(),
            uptime_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ready: ready.is_ok(),
            reason: ready.err(),
            config_version: config.version().to_owned(),
            http,
            https,
            listen: self.listener.lock().as_ref().map(|listening| listening.address().to_string()),
            log_lines_dropped: 0,
            registry: self.registration.status(),
            services: self.residents().iter().map(|resident| resident.status()).collect(),
            methods: self
                .hosting
                .opened
                .iter()
                .flat_map(|(id, open)| methods(*id, &**open))
                .chain(self.own_routes())
                .chain(self.plug.methods())
                .collect(),
            endpoints: [self.links.endpoints(), self.plug.endpoints()].concat(),
            plugged: self.plug.status(),
        }
    }

    /// How calls to a service are spread, and when an endpoint gets none.
    pub(super) fn configured(&self, id: ServiceId) -> (Balance, BreakerSettings) {
        let config = Arc::clone(&self.in_force.lock().config);
        let own = config.service(id.name());
        own.map(|own| (own.balance, own.breaker)).unwrap_or_default()
    }

    /// What this unit's edge hears of all that is pushed.
    pub(super) fn hears(&self) -> Option<Arc<dyn Pushes>> {
        let Hosting { hub, clock, .. } = &self.hosting;
        let home = self.homes[0].runtime().clone();
        let hearing = Hearing::new(hub.clone(), push::service()?, &self.links, clock.clone(), home);
        Some(Arc::new(hearing))
    }

    /// The program's own routes at the edge, counted like a method.
    fn own_routes(&self) -> Option<MethodStatus> {
        let metrics = self.edge.lock().as_ref()?.own()?;
        let (service, method) = ("edge".to_owned(), "own".to_owned());
        Some(MethodStatus { service, method, metrics, ..MethodStatus::default() })
    }

    /// Registration, edge, listener, services, links, databases, homes: each needs those after it.
    pub(super) async fn stop(&self, drain: Duration) {
        let began = Instant::now();
        let left = || drain.saturating_sub(began.elapsed());
        let edge = self.edge.lock().take();
        let edge_stops = async {
            if let Some(edge) = edge {
                edge.stop(left()).await;
            }
        };
        // A registry that is away holds up nobody's requests.
        tokio::join!(self.registration.leave(), edge_stops);
        self.plug.stop();
        self.registration.close();
        let listener = self.listener.lock().take();
        self.hosting.desks.leave();
        self.hosting.hub.leave();
        let hosted = self.hosted.lock().clone();
        let queues = hosted.iter().filter_map(|resident| resident.queue.as_ref());
        join_all(queues.map(|queue| queue.stop(left()))).await;
        if let Some(listener) = listener {
            listener.stop(left()).await;
        }
        end(&hosted, left()).await;
        self.sender.stop().await;
        self.recording.stop();
        self.exporting.end().await;
        if let Some(ledger) = &self.ledger {
            ledger.stop();
        }
        self.database.close().await;
        self.hosting.brokers.close().await;
        self.links.stop();
        stop_homes(self.threads()).await;
    }

    /// The home of the next task that the program spawns.
    pub(super) fn next_home(&self) -> &Home {
        let number = self.spawned.fetch_add(1, Ordering::Relaxed);
        &self.homes[number % self.homes.len()]
    }

    /// All threads that drive turns.
    fn threads(&self) -> Vec<Home> {
        let hosted = self.hosted.lock();
        let arbiters = hosted.iter().filter_map(|resident| resident.arbiter.clone());
        arbiters.chain(self.homes.iter().cloned()).collect()
    }
}

/// A unit that is dropped without a stop ends at once: what is in flight is cut off.
impl Drop for Parts {
    fn drop(&mut self) {
        self.threads().iter().for_each(Home::end);
    }
}

impl Resident {
    /// Whether the service is at work here.
    pub(super) fn activity(&self) -> Activity {
        *self.hosted.activity.borrow()
    }

    /// Why its store can't be used, and what to do.
    pub(super) fn store(&self) -> Option<String> {
        let service = self.id;
        match self.database.condition()? {
            Condition::Poisoned { cause } => Some(format!(
                "service `{service}`: its store can't write ({cause}): mend the disk, then restart"
            )),
            Condition::Away { cause } => Some(format!(
                "service `{service}`: its database is away ({cause}): see that it runs and that `url` \
                 is right; nothing here has to be restarted"
            )),
            _ => None,
        }
    }

    /// Whether it runs, and is well.
    async fn well(&self) -> Result<(), String> {
        let state = self.hosted.keeping.state();
        if state.phase != "running" {
            return Err(state.reason.unwrap_or_else(|| state.phase.to_owned()));
        }
        match self.health.said().await {
            Health::Bad { reason } => Err(reason),
            _ => Ok(()),
        }
    }

    pub(super) fn status(&self) -> ServiceStatus {
        let state = self.hosted.keeping.state();
        let health = self.health.last().filter(|_| state.phase == "running");
        let (health, ailment) = match health {
            Some(Health::Bad { reason }) => (Some("bad".into()), Some(reason)),
            health => (health.map(|_| "good".into()), None),
        };
        ServiceStatus {
            service: self.id.bare().to_owned(),
            version: self.version.to_owned(),
            lane: match self.lane {
                Lane::Inline => "inline".into(),
                Lane::Arbiter => "arbiter".into(),
            },
            state: match (state.phase, self.activity().word()) {
                ("starting", Some(word)) => word.into(),
                (phase, _) => phase.into(),
            },
            health,
            reason: state.reason.or(ailment).or_else(|| match self.activity() {
                Activity::Waiting => self.store(),
                _ => None,
            }),
            store: self.database.condition().map(|condition| condition.word().into()),
            restarts: state.restarts,
            in_flight: u64::from(state.running) + state.waiting as u64,
        }
    }
}

/// Stops services in the reverse of their order, callers before callees, and closes their
/// databases.
pub(super) async fn end(residents: &[Arc<Resident>], drain: Duration) {
    let began = Instant::now();
    // Databases close while the next service stops: whoever takes over waits for each.
    let mut closing = Vec::with_capacity(residents.len());
    let mut before: Option<oneshot::Receiver<()>> = None;
    for resident in residents.iter().rev() {
        let (tell, stopped) = oneshot::channel();
        let before = before.replace(stopped);
        closing.push(async move {
            if let Some(before) = before {
                // It is told, or its service is gone.
                let _ = before.await;
            }
            resident.hosted.keeping.stop(drain.saturating_sub(began.elapsed())).await;
            // Nobody waits for the last one.
            let _ = tell.send(());
            resident.database.close().await;
        });
    }
    join_all(closing).await;
}

/// Ends the homes' threads, from a thread that may wait for them.
pub(super) async fn stop_homes(homes: Vec<Home>) {
    if !homes.iter().any(Home::has_thread) {
        return;
    }
    let stopping = tokio::task::spawn_blocking(move || homes.iter().for_each(Home::stop));
    if let Err(error) = stopping.await {
        tracing::error!(%error, "a home didn't end");
    }
}

fn methods(id: ServiceId, open: &dyn Opened) -> impl Iterator<Item = MethodStatus> {
    let meters = open.meters();
    let served = meters.iter().flat_map(|meters| meters.served()).map(|counted| (counted, false));
    let called = meters.iter().flat_map(|meters| meters.called()).map(|counted| (counted, true));
    let counted: Vec<_> = served.chain(called).collect();
    let client = open.client();
    let version = client.descriptor().version.as_str();
    counted.into_iter().map(move |((method, metrics), remote)| MethodStatus {
        service: id.bare().to_owned(),
        version: version.to_owned(),
        method: method.into(),
        remote,
        metrics,
    })
}
