//! A service of an app, its types hidden: what can be asked of it, and how it is brought to life.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use seam_core::actor::{Actor, Clients, Extensions, Health, Needs, Setup, StartError};
use seam_core::call::{
    Allow, AnyClient, CallPolicy, Client, Guests, Hosts, Inbox, Keeper, Rehearsal, Route, Target,
};
use seam_core::call::{Deadlines, Faults};
use seam_core::contract::{Contract, ContractDescriptor};
use seam_core::live::Live;
use seam_core::metrics::Meters;
use seam_core::name::ServiceId;
use seam_core::record::{Recorder, Watch};
use seam_core::remote::{Caller, Inlet, Remote};
use seam_core::time::Clock;
use seam_core::turn::{Factory, Host, HostSettings, Keeping};
use seam_store::Condition;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::activity::Activity;
use super::messaging::Messaging;
use super::tables::Database;
use crate::config::{KnownService, Settings};

/// A service that an app has registered.
pub(crate) trait Registered: Send + Sync + 'static {
    fn id(&self) -> ServiceId;

    fn descriptor(&self) -> &'static ContractDescriptor;

    /// The contracts that its `Needs` lists.
    fn needs(&self) -> Vec<&'static ContractDescriptor>;

    /// Whether this program has no actor for it.
    fn is_elsewhere(&self) -> bool {
        false
    }

    /// Adds the type of its config.
    fn known(&self, known: KnownService) -> KnownService;

    /// Makes its route in a unit, which leads nowhere yet.
    fn open(
        &self,
        plan: RoutePlan,
        clock: Clock,
        keeper: Option<Arc<dyn Keeper>>,
        recorder: Arc<Recorder>,
    ) -> Arc<dyn Opened>;
}

/// What a unit's calls to a service go by.
#[derive(Clone, Debug)]
pub(crate) struct RoutePlan {
    pub(crate) deadlines: Deadlines,
    /// What guards them; `None` takes all policies away.
    pub(crate) policy: Option<CallPolicy>,
    /// Who may call which method, where that is less than what is declared.
    pub(crate) allow: Allow,
    /// `[calls] resolution = "encoded"`: how calls fare that stay here.
    pub(crate) rehearsal: Option<RehearsalPlan>,
}

/// What the calls to a service meet that are encoded within the unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RehearsalPlan {
    pub(crate) faults: Faults,
    /// From which they follow, if they do.
    pub(crate) seed: Option<u64>,
}

/// A service's route in a unit.
pub(crate) trait Opened: Send + Sync {
    fn client(&self) -> Arc<dyn AnyClient>;

    /// The client of what the service is handed by its own unit, wherever its calls go otherwise.
    fn own_client(&self) -> Arc<dyn AnyClient> {
        self.client()
    }

    /// Has calls go by another plan from now on. Policies that are taken away stay so.
    fn tune(&self, plan: &RoutePlan);

    /// Brings the service to life in this unit, and leads the route there; `None` if this program has
    /// no actor for it.
    fn host(&self, plan: HostPlan) -> Option<Hosted>;

    /// Leads the route back to the service in this unit, if it was brought to life here.
    fn lead_here(&self);

    /// Leads the route to another process.
    fn lead_to(&self, remote: Arc<dyn Remote>);

    /// Leads the route nowhere.
    fn lead_nowhere(&self, why: &str);

    /// What counts its calls; the service's own first.
    fn meters(&self) -> Vec<Arc<Meters>>;

    /// Has each of its calls be looked at so closely, from the next one on.
    fn watch(&self, watch: Watch);
}

/// What a unit gives a service that it hosts.
pub(crate) struct HostPlan {
    pub(crate) settings: HostSettings,
    /// Its own settings, read by each start of its actor.
    pub(crate) config: Live<Settings>,
    pub(crate) clients: Arc<dyn Clients>,
    pub(crate) extensions: Extensions,
    pub(crate) callers: Vec<ServiceId>,
    /// Which services that the app doesn't know may call it, too.
    pub(crate) guests: Live<Guests>,
    /// The service's own.
    pub(crate) database: Arc<Database>,
}

/// A service that a unit hosts.
pub(crate) struct Hosted {
    pub(crate) keeping: Arc<dyn Keeping>,
    pub(crate) inlet: Arc<dyn Inlet>,
    /// Whether it is at work here, or another instance of the unit does that.
    pub(crate) activity: watch::Receiver<Activity>,
}

/// The service whose actor is `A`.
pub(super) struct Entry<A> {
    id: ServiceId,
    actor: PhantomData<fn() -> A>,
}

impl<A> Entry<A> {
    pub(super) const fn new(id: ServiceId) -> Self {
        Self { id, actor: PhantomData }
    }
}

impl<A: Actor> Registered for Entry<A> {
    fn id(&self) -> ServiceId {
        self.id
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        A::Contract::descriptor()
    }

    fn needs(&self) -> Vec<&'static ContractDescriptor> {
        A::Needs::contracts()
    }

    fn known(&self, known: KnownService) -> KnownService {
        known.config::<A::Config>()
    }

    fn open(
        &self,
        plan: RoutePlan,
        clock: Clock,
        keeper: Option<Arc<dyn Keeper>>,
        recorder: Arc<Recorder>,
    ) -> Arc<dyn Opened> {
        let route = route(self.id, &plan, clock.clone(), keeper, recorder);
        let faults = Live::new(plan.rehearsal.map(|plan| plan.faults).unwrap_or_default());
        let leads = Leads { way: Way::Away, rehearsal: plan.rehearsal, wire: None };
        let (here, leads) = (OnceLock::new(), Mutex::new(leads));
        Arc::new(Open::<A> { route, here, leads, faults, clock, actor: PhantomData })
    }
}

/// A route by a plan, which leads nowhere yet.
pub(super) fn route<C: Contract>(
    id: ServiceId,
    plan: &RoutePlan,
    clock: Clock,
    keeper: Option<Arc<dyn Keeper>>,
    recorder: Arc<Recorder>,
) -> Arc<Route<C>> {
    let route = Route::recorded(id, plan.deadlines, clock, recorder);

    let route = match &plan.policy {
        Some(policy) => route.guarded(policy).allowing(plan.allow.clone()),
        None => route.without_policies(),
    };
    if let Some(keeper) = keeper {
        route.keep_by(keeper);
    }
    Arc::new(route)
}

/// Has a route go by another plan from now on.
pub(super) fn tune<C: Contract>(route: &Route<C>, plan: &RoutePlan) {
    route.deadlines().set(plan.deadlines);

    if let Some(policy) = &plan.policy {
        route.set_policy(policy);
    }
    route.set_allow(plan.allow.clone());
}

struct Open<A: Actor> {
    route: Arc<Route<A::Contract>>,
    /// Where calls go that stay here, once the service lives here.
    here: OnceLock<Here<A::Contract>>,
    /// Held while the route is led elsewhere.
    leads: Mutex<Leads>,
    /// What a rehearsed wire does to calls.
    faults: Live<Faults>,
    clock: Clock,
    actor: PhantomData<fn() -> A>,
}

/// Where the route leads.
struct Leads {
    way: Way,
    /// Whether calls that stay here are encoded and decoded, and how they fare then.
    rehearsal: Option<RehearsalPlan>,
    /// The wire that they pass then.
    wire: Option<Arc<dyn Remote>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Here,
    Away,
}

/// The ways to a service of this unit.
struct Here<C: Contract> {
    host: Arc<C::Host>,
    inlet: Arc<dyn Inlet>,
}

impl<A: Actor> Open<A> {
    fn enter(&self, leads: &mut Leads) {
        let Some(here) = self.here.get() else { return };
        let target = match leads.rehearsal {
            None => Target::Local(Arc::clone(&here.host)),
            Some(RehearsalPlan { seed, .. }) => {
                let wire = leads.wire.get_or_insert_with(|| {
                    let inlet = Arc::clone(&here.inlet);
                    let wire = Rehearsal::new(inlet, self.faults.clone(), self.clock.clone());
                    Arc::new(match seed {
                        Some(seed) => wire.seeded(seed),
                        None => wire,
                    })
                });
                Target::Remote(Arc::clone(wire))
            }
        };
        self.route.set(target);
    }
}

impl<A: Actor> Opened for Open<A> {
    fn client(&self) -> Arc<dyn AnyClient> {
        Arc::new(Client::new(Arc::clone(&self.route), Caller::Program))
    }

    fn tune(&self, plan: &RoutePlan) {
        tune(&self.route, plan);
        self.faults.set(plan.rehearsal.map(|plan| plan.faults).unwrap_or_default());
        let mut leads = self.leads.lock();
        let before = std::mem::replace(&mut leads.rehearsal, plan.rehearsal);
        let seed = |plan: Option<RehearsalPlan>| plan.map(|plan| plan.seed);
        if seed(before) != seed(plan.rehearsal) {
            leads.wire = None;
            if leads.way == Way::Here {
                self.enter(&mut leads);
            }
        }
    }

    fn host(&self, plan: HostPlan) -> Option<Hosted> {
        let HostPlan { settings, config, clients, mut extensions, callers, guests, database } =
            plan;
        extensions.insert(Arc::clone(&database));
        let activity = database.activity();
        let (service, clock) = (settings.service, settings.clock.clone());
        let maker = Maker::<A> {
            service,
            config,
            clients,
            extensions,
            database,
            clock: clock.clone(),
            actor: PhantomData,
        };
        let host = Host::start(settings, Arc::new(maker));
        let keeping: Arc<dyn Keeping> = host.clone();
        let host = <A::Contract as Hosts<A>>::erase(host);
        let meters = Arc::clone(self.route.meters());
        let inbox = Inbox::<A::Contract>::new(service, host.clone(), callers, meters);
        let inbox = inbox.permitting(self.route.permits()).welcoming(guests);
        let inlet: Arc<dyn Inlet> = Arc::new(inbox);
        // A service is brought to life once.
        let _ = self.here.set(Here { host, inlet: Arc::clone(&inlet) });
        self.lead_here();
        Some(Hosted { keeping, inlet, activity })
    }

    fn lead_here(&self) {
        let mut leads = self.leads.lock();
        leads.way = Way::Here;
        self.enter(&mut leads);
    }

    fn lead_to(&self, remote: Arc<dyn Remote>) {
        self.leads.lock().way = Way::Away;
        self.route.set(Target::Remote(remote));
    }

    fn lead_nowhere(&self, why: &str) {
        self.leads.lock().way = Way::Away;
        self.route.set(Target::Away(why.into()));
    }

    fn meters(&self) -> Vec<Arc<Meters>> {
        vec![Arc::clone(self.route.meters())]
    }

    fn watch(&self, watch: Watch) {
        self.route.watch(watch);
    }
}

/// Makes the actor `A`, each time it is to live.
struct Maker<A> {
    service: ServiceId,
    config: Live<Settings>,
    clients: Arc<dyn Clients>,
    extensions: Extensions,
    database: Arc<Database>,
    clock: Clock,
    actor: PhantomData<fn() -> A>,
}

impl<A: Actor> Factory<A> for Maker<A> {
    fn build(&self) -> Pin<Box<dyn Future<Output = Result<A, StartError>> + Send + '_>> {
        Box::pin(async {
            loop {
                let config = self
                    .config
                    .get()
                    .read()
                    .map_err(|problem| StartError::failed(problem.to_string()))?;
                // That somebody else has the store is told before anything is done with it.
                if self.has_part_in_bus()
                    && let Err(error) = self.database.open()
                {
                    match self.database.is_awaited() {
                        true => self.stand_by().await?,
                        false => return Err(error.into()),
                    }
                }
                let (clients, extensions) = (Arc::clone(&self.clients), self.extensions.clone());
                let clock = self.clock.clone();
                let mut setup = Setup::<A>::new(self.service, config, clients, extensions, clock);
                match A::start(&mut setup).await {
                    Ok(actor) => {
                        self.database.tell(Activity::Active);
                        return Ok(actor);
                    }
                    // Whatever `start` makes of that.
                    Err(_) if self.database.is_awaited() => self.stand_by().await?,
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn stop<'a>(&'a self, actor: &'a mut A) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(actor.stop())
    }

    fn health<'a>(&'a self, actor: &'a A) -> Pin<Box<dyn Future<Output = Health> + Send + 'a>> {
        Box::pin(actor.health())
    }
}

impl<A> Maker<A> {
    fn has_part_in_bus(&self) -> bool {
        self.extensions.get::<Messaging>().is_some_and(|messaging| messaging.has_part())
    }

    /// Waits until the instance that has the database is gone, or its server is back, and opens it.
    async fn stand_by(&self) -> Result<(), StartError> {
        let service = self.service.name();
        match self.database.condition() {
            Some(Condition::Away { cause }) => {
                tracing::warn!(service, cause, "its database is away: it is tried again");
            }
            _ => tracing::info!(
                service,
                "another instance of the unit has its database: standing by"
            ),
        }
        self.database.take_over().await.map_err(StartError::failed)?;
        tracing::info!(service, "has its database");
        Ok(())
    }
}

/// How long a unit gives its services' calls by default, kept here so that both halves agree.
pub(crate) const fn deadlines(service: Option<Duration>, otherwise: Duration) -> Deadlines {
    Deadlines { service, otherwise }
}
