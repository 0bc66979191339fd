//! Processes of the app that are none of the layout: each is dialled, and asked what it hosts.

use std::sync::Arc;

use futures_util::future::join_all;
use seam_core::contract::FetchedContract;
use seam_core::name::ServiceId;
use seam_core::remote::Remote;
use seam_core::time::Clock;
use seam_mesh::{Endpoint, Pool};
use seam_wire::{Address, Link, LinkState, RemoteService};
use tokio::time::Instant;

use super::contracts::{self, Asking, Listed};
use super::patience::Patience;
use crate::unit::peers::{Dialling, join};

/// So many processes are dialled at most.
const MOST: usize = 1_000;

/// A process where one may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) unit: String,
    pub(super) instance: u16,
    pub(super) address: Address,
}

impl Found {
    fn is(&self, guest: &Guest) -> bool {
        self.unit == guest.found.unit && self.instance == guest.found.instance
    }
}

/// A process that is dialled.
pub(super) struct Guest {
    pub(super) found: Found,
    link: Link,
    asking: Asking,
    /// Whether it is said to be there.
    here: bool,
    patience: Patience,
    /// The process that has answered last, by its launch id.
    answered: Option<u64>,
    /// What that one hosts.
    listed: Vec<Hosted>,
    /// Its places in the pools of services; `None` where a pool is full.
    places: Vec<(ServiceId, Option<Endpoint>)>,
}

/// A service that it hosts, once its contract is known.
#[derive(Debug, Clone)]
pub(super) struct Hosted {
    pub(super) id: ServiceId,
    pub(super) listed: Listed,
    contract: Contract,
}

/// The contract of a service that is hosted somewhere.
#[derive(Debug, Clone)]
enum Contract {
    Known(FetchedContract),
    /// It wasn't asked for.
    Unwanted,
    /// It can't be had, for that reason.
    Missing(String),
}

impl Hosted {
    /// Its contract, if that was wanted and could be had.
    pub(super) const fn contract(&self) -> Option<FetchedContract> {
        match self.contract {
            Contract::Known(contract) => Some(contract),
            Contract::Unwanted | Contract::Missing(_) => None,
        }
    }
}

impl Guest {
    fn new(dialling: &Dialling, number: usize, found: Found, service: ServiceId) -> Self {
        let link = dialling.link(&found.unit, number, found.address.clone());
        let remote: Arc<dyn Remote> = Arc::new(link.service(service, contracts::contract()));
        let asking = Asking { service, remote, clock: Clock::fast() };
        let (patience, listed, places) = (Patience::default(), Vec::new(), Vec::new());
        Self { found, link, asking, here: true, patience, answered: None, listed, places }
    }

    /// The process at the other end, if there is one now.
    fn launch(&self) -> Option<u64> {
        match *self.link.state().borrow() {
            LinkState::Connected { launch, .. } => Some(launch),
            _ => None,
        }
    }

    /// What it hosts, while it is there.
    pub(super) fn hosted(&self) -> impl Iterator<Item = &Hosted> {
        let there = self.answered.is_some() && self.launch() == self.answered;
        self.listed.iter().filter(move |_| there)
    }

    /// Whether it hosts a service now.
    pub(super) fn hosts(&self, service: ServiceId) -> bool {
        self.hosted().any(|hosted| hosted.id == service)
    }

    /// There is a reason to ask it at once what can't be had of it yet.
    pub(super) const fn ask_again(&mut self) {
        self.patience.forgives();
    }

    /// As people know it.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.found.unit, self.found.instance)
    }

    /// Its part in a pool of a service, by a way to call it there, unless it has one.
    pub(super) fn joins(&mut self, pool: &Pool, remote: impl FnOnce(&Link) -> RemoteService) {
        if !self.has_joined(pool.service()) {
            let Found { unit, instance, .. } = &self.found;
            let place = join(pool, (unit, *instance), remote(&self.link));
            self.places.push((pool.service(), place));
        }
    }

    /// Whether it has a part in the pool of a service.
    pub(super) fn has_joined(&self, service: ServiceId) -> bool {
        self.places.iter().any(|(known, _)| *known == service)
    }

    /// The pool of a service is there no more.
    pub(super) fn leaves(&mut self, service: ServiceId) {
        self.places.retain(|(known, _)| *known != service);
    }

    fn is_at(&mut self, found: Option<&Found>) {
        let here = found.is_some();
        let moved = found.is_some_and(|found| *found != self.found);
        if let Some(found) = found {
            self.found.address.clone_from(&found.address);
        }
        if moved || here != self.here {
            self.link.lead(here.then(|| self.found.address.clone()));
            let places = self.places.iter().filter_map(|(_, place)| place.as_ref());
            places.for_each(|place| place.set_gone(!here));
        }
        self.here = here;
    }
}

/// Meets who is found, and leaves who isn't any more.
pub(super) fn meet(
    guests: &mut Vec<Guest>,
    found: Vec<Found>,
    (dialling, service): (&Dialling, ServiceId),
) {
    // Who was never called, or is a part of nothing any more, needn't be remembered.
    guests.retain(|guest| {
        guest.here || !guest.places.is_empty() || found.iter().any(|found| found.is(guest))
    });
    for guest in guests.iter_mut() {
        let place = found.iter().find(|found| found.is(guest));
        guest.is_at(place);
    }
    for found in found {
        if guests.len() < MOST && !guests.iter().any(|guest| found.is(guest)) {
            let Found { unit, instance, address } = &found;
            tracing::info!(unit, instance, %address, "another process of the app");
            guests.push(Guest::new(dialling, guests.len(), found, service));
        }
    }
}

/// The processes that have a part in the pool of a service, by their names.
pub(super) fn joined(guests: &[Guest], service: ServiceId) -> impl Iterator<Item = String> {
    guests.iter().filter(move |guest| guest.has_joined(service)).map(Guest::name)
}

/// A process that is to be asked now.
pub(super) struct Due {
    found: Found,
    launch: u64,
    asking: Asking,
}

/// Those that are to be asked now: who is there and hasn't answered yet, or not with all contracts that
/// are `wanted`. From then on they are being asked.
pub(super) fn due(
    guests: &mut [Guest],
    now: Instant,
    wanted: impl Fn(ServiceId) -> bool,
) -> Vec<Due> {
    let due = guests.iter_mut().filter_map(|guest| {
        let launch = guest.launch()?;
        let lacks = |hosted: &Hosted| hosted.contract().is_none() && wanted(hosted.id);
        let is_unclear = guest.answered != Some(launch) || guest.listed.iter().any(lacks);
        if !is_unclear || !guest.patience.allows(launch, now) {
            return None;
        }
        guest.patience.asks(launch);
        Some(Due { found: guest.found.clone(), launch, asking: guest.asking.clone() })
    });
    due.collect()
}

/// What was answered by one of them.
pub(super) struct Answered {
    found: Found,
    launch: u64,
    /// Or why it doesn't say.
    listed: Result<Vec<Hosted>, String>,
}

/// Asks one of them what it hosts, and for the contracts of those that are `wanted`.
pub(super) async fn ask(due: Due, wanted: impl Fn(ServiceId) -> bool) -> Answered {
    let Due { found, launch, asking } = due;
    let (asking, wanted) = (&asking, &wanted);
    let listed = match asking.list().await {
        Err(why) => Err(why),
        Ok(listed) => {
            let hosted = listed.into_iter().map(|listed| async move {
                let id = ServiceId::of(&listed.name)?;
                let contract = match wanted(id) {
                    false => Contract::Unwanted,
                    true => match asking.contract(&listed).await {
                        Ok(contract) => Contract::Known(contract),
                        Err(why) => Contract::Missing(why),
                    },
                };
                Some(Hosted { id, listed, contract })
            });
            Ok(join_all(hosted).await.into_iter().flatten().collect())
        }
    };
    Answered { found, launch, listed }
}

/// Takes what they have answered. Of what can't be used it is said once why.
pub(super) fn take(guests: &mut [Guest], answered: Vec<Answered>, now: Instant) {
    for Answered { found, launch, listed } in answered {
        let Some(guest) = guests.iter_mut().find(|guest| found.is(guest)) else { continue };
        let unit = &guest.found.unit;
        let listed = match listed {
            Ok(listed) => listed,
            Err(why) => {
                if guest.patience.hears(false, now) {
                    tracing::warn!(unit, why, "it doesn't say what it hosts");
                }
                continue;
            }
        };
        let missing = listed.iter().filter_map(|hosted| match &hosted.contract {
            Contract::Missing(why) => Some((hosted.id, why)),
            Contract::Known(_) | Contract::Unwanted => None,
        });
        let missing: Vec<_> = missing.collect();
        if guest.patience.hears(missing.is_empty(), now) {
            for (service, why) in missing {
                tracing::warn!(%service, unit, why, "its contract can't be had");
            }
        }
        (guest.answered, guest.listed) = (Some(launch), listed);
    }
}
