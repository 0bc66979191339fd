//! What is plugged in while the unit runs: processes of the app that config doesn't name, found by the
//! data folder, by the registry, or where config says that one listens. What they host is served at this
//! unit's edge, and what services here need of them is called there.

mod announced;
mod contracts;
mod guests;
mod heard;
mod patience;
mod served;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::Mutex;
use seam_core::call::{AnyClient, Guests};
use seam_core::contract::FetchedContract;
use seam_core::metrics::Meters;
use seam_core::name::ServiceId;
use seam_core::record::Recorder;
use seam_mesh::{EndpointStatus, Pool};
use seam_registry::Entry;
use seam_wire::Address;
use tokio::task::AbortHandle;
use tokio::time::Instant;

pub(super) use self::announced::Announcement;
pub(super) use self::contracts::{Contracts, service as asked};
use self::guests::{Answered, Found, Guest, joined};
use self::heard::{Asked, heard};
use self::served::{Served, Settings};
use super::desks::Desks;
use super::parts::Parts;
use super::status::{MethodStatus, PluggedStatus};
use crate::config::{Config, UnitLayout};
use crate::services::{Registry, deadlines};

/// How often it is looked who is there.
const PERIOD: Duration = Duration::from_millis(500);

/// What is plugged in.
#[derive(Default)]
pub(super) struct Plug {
    /// Whom the registry knows.
    registered: Arc<Mutex<BTreeMap<(String, u16), Entry>>>,
    state: Mutex<State>,
    following: Mutex<Option<AbortHandle>>,
}

#[derive(Default)]
struct State {
    guests: Vec<Guest>,
    served: Vec<Served>,
    /// Services that services here need, which are elsewhere.
    needed: Vec<Needed>,
    /// Services that weren't let in, and why: each is said once.
    refused: BTreeMap<ServiceId, PluggedStatus>,
}

/// A service that is needed here.
struct Needed {
    id: ServiceId,
    pool: Arc<Pool>,
}

/// Which services that the app doesn't know may have a part in it.
pub(super) fn guests(registry: &Registry, config: &Config, desks: &Desks) -> Guests {
    let here = registry.services().iter().filter(|service| !service.is_elsewhere());
    let known = |name: &str| here.clone().any(|service| service.id().name() == name);
    let named = config.services.iter().filter(|service| service.remote && !known(&service.name));
    let mut plug = config.edge.plug.clone();
    // Whom config names may come, whatever else may.
    plug.extend(named.map(|service| service.name.clone()));
    let asked = asked().into_iter().chain(desks.companions());
    let plugins = registry.plugins().iter().map(|plugin| plugin.id());
    let own = here.clone().map(|service| service.id()).chain(plugins);
    let guests = Guests::new(own, &plug, asked);
    // Where there is no gateway, the gateways are other processes.
    let gateways = config.units.iter().any(|unit| unit.has_edge());
    if gateways { guests } else { guests.calling_for_edges() }
}

/// Where a unit listens that says nothing of it: in the data folder, so that others can be plugged in
/// beside it. `None` if nobody may be, or there is no such socket.
pub(super) fn socket(config: &Config, layout: &UnitLayout) -> Option<Address> {
    if config.edge.plug.is_empty() {
        return None;
    }
    let path = config.app.data.join("links").join(format!("{}.sock", layout.process()));
    format!("unix:{}", path.display()).parse().ok()
}

impl Plug {
    /// Takes note of what the registry says.
    pub(super) fn follower(&self) -> impl Fn(&seam_registry::Changes) + Send + Sync + use<> {
        let registered = Arc::clone(&self.registered);
        move |changes| {
            let mut registered = registered.lock();
            let place = |entry: &Entry| (entry.unit.clone(), entry.instance);
            for entry in changes.added.iter().chain(&changes.updated) {
                registered.insert(place(entry), entry.clone());
            }
            for entry in &changes.removed {
                registered.remove(&place(entry));
            }
        }
    }

    /// Begins to look who is there, for as long as the unit runs.
    pub(super) fn start(parts: &Arc<Parts>) {
        if parts.hosting.registry.simulation.is_some() {
            return;
        }
        let Some(service) = asked() else { return };
        for (id, open) in parts.hosting.elsewhere() {
            let (balance, breaker) = parts.configured(id);
            let pool = Arc::new(Pool::new(id, balance, breaker, parts.hosting.clock.clone()));
            open.lead_to(Arc::clone(&pool) as _);
            parts.plug.state.lock().needed.push(Needed { id, pool });
        }
        let unit = Arc::downgrade(parts);
        let following = parts.homes[0].runtime().spawn(follow(unit, service));
        *parts.plug.following.lock() = Some(following.abort_handle());
    }

    /// Looks for nobody any more, and ends all connections.
    pub(super) fn stop(&self) {
        if let Some(following) = self.following.lock().take() {
            following.abort();
        }
        self.state.lock().guests.clear();
    }

    /// Has calls go by another config, by which others may be let in, too.
    pub(super) fn tune(&self, config: &Config) {
        let mut state = self.state.lock();
        for served in &state.served {
            served.tune(&settings(config, served.id));
        }
        state.guests.iter_mut().for_each(Guest::ask_again);
    }

    pub(super) fn status(&self) -> Vec<PluggedStatus> {
        let state = self.state.lock();
        let served = state.served.iter().map(|served| served.status(&state.guests));
        served.chain(state.refused.values().cloned()).collect()
    }

    pub(super) fn endpoints(&self) -> Vec<EndpointStatus> {
        let state = self.state.lock();
        let needed = state.needed.iter().flat_map(|needed| needed.pool.status());
        state.served.iter().flat_map(Served::endpoints).chain(needed).collect()
    }

    /// Looks at what counts the calls that went there.
    pub(super) fn each_meters(&self, mut each: impl FnMut(ServiceId, &Meters)) {
        self.state.lock().served.iter().for_each(|served| each(served.id, served.meters()));
    }

    /// Calls that went there, by method.
    pub(super) fn methods(&self) -> Vec<MethodStatus> {
        let state = self.state.lock();
        let methods = state.served.iter().flat_map(|served| {
            let contract = served.contract();
            served.called().into_iter().map(move |(method, metrics)| MethodStatus {
                service: contract.name.clone(),
                version: contract.version.clone(),
                method: method.into(),
                remote: true,
                metrics,
            })
        });
        methods.collect()
    }

    /// The services that are needed here and that nobody has hosted yet.
    pub(super) fn waits_for(&self) -> Vec<String> {
        let state = self.state.lock();
        let is_alone = |needed: &&Needed| joined(&state.guests, needed.id).next().is_none();
        let alone = state.needed.iter().filter(is_alone);
        let waits = |needed: &Needed| format!("no process hosts `{}` yet", needed.id);
        alone.map(waits).collect()
    }
}

fn settings(config: &Config, id: ServiceId) -> Settings {
    let own = config.service(id.name()).or_else(|| config.service(id.bare()));
    Settings {
        deadlines: deadlines(own.and_then(|own| own.deadline), config.calls.deadline),
        policy: own.map_or(config.calls.policy, |own| own.policy),
        balance: own.map(|own| own.balance).unwrap_or_default(),
        breaker: own.map(|own| own.breaker).unwrap_or_default(),
    }
}

async fn follow(unit: Weak<Parts>, service: ServiceId) {
    let (mut asked, mut answered) = (Asked::new(), Vec::new());
    loop {
        let Some(parts) = unit.upgrade() else { return };
        asked.extend(look(&parts, service, answered).await);
        drop(parts);
        answered = heard(&mut asked, PERIOD).await;
    }
}

/// Looks once who is there, and takes what they have answered; gives the asking of those that are to be
/// asked now.
async fn look(
    parts: &Arc<Parts>,
    service: ServiceId,
    answered: Vec<Answered>,
) -> Vec<BoxFuture<'static, Answered>> {
    let (config, layout) = {
        let in_force = parts.in_force.lock();
        (Arc::clone(&in_force.config), Arc::clone(&in_force.layout))
    };
    let found = found(parts, &config, &layout).await;
    // Contracts are for edges; what services here need they were built with.
    let edge = layout.has_edge();
    let now = Instant::now();
    let mut state = parts.plug.state.lock();
    let State { guests, served, needed, refused } = &mut *state;
    guests::take(guests, answered, now);
    guests::meet(guests, found, (parts.links.dialling(), service));
    let due = guests::due(guests, now, |id| edge && comes_in(parts, id));
    let asked = due.into_iter().map(|due| {
        let unit = Arc::downgrade(parts);
        let wanted = move |id| edge && unit.upgrade().is_some_and(|parts| comes_in(&parts, id));
        guests::ask(due, wanted).boxed()
    });
    let asked = asked.collect();
    needed_by(guests, needed, parts);
    if edge {
        not_let_in(guests, refused, parts);
    }
    let comes_in = |id| comes_in(parts, id);
    let by = (&*config, &parts.hosting.recorder);
    let changed = host(guests, served, by, &comes_in)
        | forget(guests, served, (config.edge.forget, &comes_in));
    if changed {
        let contracts = served.iter().map(Served::contract);
        contracts.for_each(|contract| parts.hosting.secrets.learn(contract));
        serve(served, parts);
    }
    asked
}

/// Whether a service is none that is known here, and let in.
fn comes_in(parts: &Parts, id: ServiceId) -> bool {
    is_strange(parts, id) && parts.hosting.guests.get().lets_in(id)
}

/// Whether a service is none that is known here.
fn is_strange(parts: &Parts, id: ServiceId) -> bool {
    parts.hosting.opened(id.name()).is_none()
}

/// The processes of the app that are none of the layout.
async fn found(parts: &Parts, config: &Config, layout: &UnitLayout) -> Vec<Found> {
    let (data, app) = (config.app.data.clone(), config.app.name.clone());
    let announced = tokio::task::spawn_blocking(move || announced::announced(&data, &app)).await;
    let announced = announced.unwrap_or_default().into_iter().map(|(announced, address)| Found {
        unit: announced.unit,
        instance: announced.instance,
        address,
    });
    let registered: Vec<Entry> = parts.plug.registered.lock().values().cloned().collect();
    let registered =
        registered.into_iter().filter(|entry| entry.app == config.app.name && entry.is_reachable());
    let registered = registered.filter_map(|entry| {
        let address = entry.address.parse().ok()?;
        Some(Found { unit: entry.unit, instance: entry.instance, address })
    });
    let listed = config.foreign_endpoints().into_iter().map(|(unit, endpoint)| Found {
        unit,
        instance: endpoint.instance,
        address: endpoint.address,
    });
    let known =
        |unit: &str| unit == layout.unit || layout.peers.iter().any(|peer| peer.unit == unit);
    // Where units prove who they are, who can't doesn't ask.
    let secure = config.tls.is_none() || parts.hosting.tls.is_some();
    let may = |found: &Found| {
        !known(&found.unit) && (secure || matches!(found.address, Address::Unix(_)))
    };
    let mut all: Vec<Found> = Vec::new();
    for found in announced.chain(registered).chain(listed).filter(may) {
        let is = |other: &Found| other.unit == found.unit && other.instance == found.instance;
        if !all.iter().any(is) {
            all.push(found);
        }
    }
    all
}

/// What services here need is called where it is hosted.
fn needed_by(guests: &mut [Guest], needed: &[Needed], parts: &Parts) {
    for needed in needed {
        let Some((_, open)) = parts.hosting.opened(needed.id.name()) else { continue };
        let contract = open.client().descriptor();
        for guest in guests.iter_mut().filter(|guest| guest.hosts(needed.id)) {
            guest.joins(&needed.pool, |link| link.service(needed.id, contract));
        }
    }
}

/// Says of services that aren't let in why they aren't, for as long as they are there.
fn not_let_in(guests: &[Guest], refused: &mut BTreeMap<ServiceId, PluggedStatus>, parts: &Parts) {
    let is_out = |id: ServiceId| is_strange(parts, id) && !comes_in(parts, id);
    refused.retain(|id, _| is_out(*id) && guests.iter().any(|guest| guest.hosts(*id)));
    for guest in guests {
        for hosted in guest.hosted().filter(|hosted| is_out(hosted.id)) {
            let reason = "`plug` of [edge] doesn't let it in";
            refused.entry(hosted.id).or_insert_with(|| {
                let (service, unit) = (hosted.id, &guest.found.unit);
                tracing::warn!(%service, unit, reason, "not plugged in");
                PluggedStatus {
                    service: service.to_string(),
                    version: hosted.listed.version.clone(),
                    state: "refused".to_owned(),
                    reason: Some(reason.to_owned()),
                    instances: vec![guest.name()],
                }
            });
        }
    }
}

/// Takes in what is hosted and comes in: each service by the latest contract that somebody has. Whether
/// there are others than before, or by other contracts.
fn host(
    guests: &mut [Guest],
    served: &mut Vec<Served>,
    (config, recorder): (&Config, &Arc<Recorder>),
    comes_in: &impl Fn(ServiceId) -> bool,
) -> bool {
    let mut latest: Vec<(ServiceId, FetchedContract)> = Vec::new();
    let hosted = guests.iter().flat_map(Guest::hosted).filter(|hosted| comes_in(hosted.id));
    for (id, contract) in hosted.filter_map(|hosted| Some((hosted.id, hosted.contract()?))) {
        let is_known = served.iter().any(|served| served.id == id && served.is_of(contract));
        match latest.iter_mut().find(|(known, _)| *known == id) {
            None => latest.push((id, contract)),
            Some((_, known)) => {
                let (ours, theirs) = (minor(*known), minor(contract));
                // Of several of one version, the one that is served already.
                if theirs > ours || (theirs == ours && is_known) {
                    *known = contract;
                }
            }
        }
    }
    let mut changed = false;
    for (id, contract) in latest {
        let place = served.iter().position(|served| served.id == id);
        let place = match place {
            Some(place) if served[place].is_of(contract) => place,
            Some(place) => {
                served[place] =
                    Served::new(id, contract, &settings(config, id), Arc::clone(recorder));
                guests.iter_mut().for_each(|guest| guest.leaves(id));
                changed = true;
                place
            }
            None => {
                served.push(Served::new(id, contract, &settings(config, id), Arc::clone(recorder)));
                changed = true;
                served.len() - 1
            }
        };
        for guest in guests.iter_mut().filter(|guest| guest.hosts(id)) {
            served[place].joined_by(guest);
        }
    }
    changed
}

/// The minor part of a contract's version.
fn minor(contract: FetchedContract) -> u32 {
    let minor = contract.descriptor().version.split('.').nth(1);
    minor.and_then(|minor| minor.parse().ok()).unwrap_or(0)
}

/// Forgets what nobody has hosted for so long, and what doesn't come in any more. Whether there is any.
fn forget(
    guests: &mut [Guest],
    served: &mut Vec<Served>,
    (forget, comes_in): (Duration, &impl Fn(ServiceId) -> bool),
) -> bool {
    let (now, before) = (Instant::now(), served.len());
    served.retain_mut(|served| {
        let service = served.id;
        let hosted = guests.iter().any(|guest| guest.hosts(service));
        let why = match () {
            () if !comes_in(service) => "it isn't let in any more",
            () if !served.stays(hosted, now, forget) => "no process hosts it any more",
            () => return true,
        };
        tracing::info!(%service, why, "its routes go");
        guests.iter_mut().for_each(|guest| guest.leaves(service));
        false
    });
    served.len() != before
}

/// Serves all of them that can be served, beside what the app has itself; those that came first, first.
fn serve(served: &mut [Served], parts: &Parts) {
    let routes = &parts.hosting.routes;
    let mut clients: Vec<Arc<dyn AnyClient>> = routes.own().to_vec();
    let mut plugged = Vec::new();
    for served in served {
        clients.push(served.client());
        let was = served.refused.take();
        let (service, version) = (served.id, &served.contract().version);
        match seam_gateway::check_routes(&clients) {
            Ok(()) => {
                tracing::info!(%service, version, "plugged in");
                plugged.push(served.client());
            }
            Err(error) => {
                clients.pop();
                let reason = error.to_string();
                if was.as_ref() != Some(&reason) {
                    tracing::warn!(%service, version, reason, "not plugged in");
                }
                served.refused = Some(reason);
            }
        }
    }
    routes.plug(plugged);
    let served = parts.edge.lock().as_ref().map(|edge| edge.serve(clients));
    if let Some(Err(error)) = served {
        tracing::error!(%error, "what is plugged in isn't served");
    }
}
