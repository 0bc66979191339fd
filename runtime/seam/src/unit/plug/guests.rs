//! Processes of the app that are none of the layout: each is dialled, and asked what it hosts.

use std::sync::Arc;

use futures_util::future::join_all;
use seam_core::contract::FetchedContract;
use seam_core::name::ServiceId;
use seam_core::remote::Remote;
use seam_core::time::Clock;
use seam_mesh::{Endpoint, Pool};
use seam_wire::{Address, Link, LinkState, RemoteService};

use super::contracts::{self, Asking, Listed};
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
    /// The process that was asked last, by its launch id.
    asked: Option<u64>,
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
    /// `None` for one whose contract isn't wanted, or can't be had, for a reason that was said.
    pub(super) contract: Option<FetchedContract>,
}

impl Guest {
    fn new(dialling: &Dialling, number: usize, found: Found, service: ServiceId) -> Self {
        let link = dialling.link(&found.unit, number, found.address.clone());
        let remote: Arc<dyn Remote> = Arc::new(link.service(service, contracts::contract()));
        let asking = Asking { service, remote, clock: Clock::fast() };
        let (listed, places) = (Vec::new(), Vec::new());
        Self { found, link, asking, here: true, asked: None, listed, places }
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
        let there = self.asked.is_some() && self.launch() == self.asked;
        self.listed.iter().filter(move |_| there)
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

/// Those that are there and weren't asked yet.
pub(super) fn unasked(guests: &[Guest]) -> Vec<(Found, u64, Asking)> {
    let unasked = guests.iter().filter_map(|guest| {
        let launch = guest.launch().filter(|launch| guest.asked != Some(*launch))?;
        Some((guest.found.clone(), launch, guest.asking.clone()))
    });
    unasked.collect()
}

/// What was answered by one of them.
pub(super) struct Answered {
    found: Found,
    launch: u64,
    hosted: Vec<Hosted>,
}

/// Asks all of these at once what they host, and for the contracts of those that are `wanted`. Who
/// doesn't answer is asked again.
pub(super) async fn ask(
    unasked: Vec<(Found, u64, Asking)>,
    wanted: impl Fn(ServiceId) -> bool,
) -> Vec<Answered> {
    let wanted = &wanted;
    let asked = unasked.into_iter().map(|(found, launch, asking)| async move {
        let listed = asking.list().await;
        let listed = listed.inspect_err(|why| {
            tracing::debug!(unit = found.unit, why, "it doesn't say what it hosts");
        });
        let contracts = listed.ok()?.into_iter().map(|listed| {
            let asking = &asking;
            let unit = found.unit.clone();
            async move {
                let id = ServiceId::of(&listed.name)?;
                let contract = match wanted(id) {
                    false => None,
                    true => match asking.contract(&listed).await {
                        Ok(contract) => Some(contract),
                        Err(why) => {
                            tracing::warn!(service = %id, unit, why, "its contract can't be had");
                            None
                        }
                    },
                };
                Some(Hosted { id, listed, contract })
            }
        });
        let hosted = join_all(contracts).await.into_iter().flatten().collect();
        Some(Answered { found, launch, hosted })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Takes the answers. Whether there are any.
pub(super) fn take(guests: &mut [Guest], answered: Vec<Answered>) -> bool {
    let any = !answered.is_empty();
    for Answered { found, launch, hosted } in answered {
        if let Some(guest) = guests.iter_mut().find(|guest| found.is(guest)) {
            guest.asked = Some(launch);
            guest.listed = hosted;
        }
    }
    any
}
