//! The unit's listener for other units: what it lets in, and what it offers.

use std::sync::Arc;
use std::time::Duration;

use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_wire::{ListenError, Offers, Server, ServerConfig};
use tokio::sync::watch;

use super::StartFailure;
use super::descriptors::{connections, left};
use super::edges::Edges;
use super::failure::{Taker, unbound};
use super::hosting::Hosting;
use super::inlets::LaterInlet;
use super::ledger::{self, FatesInlet};
use super::membership::Registration;
use super::parts::Resident;
use super::plug::{self, Announcement};
use super::push::{self, PushInlet};
use crate::config::{Address, Config, UnitLayout};
use crate::services::{Activity, Simulation};

/// The listener for other units.
pub(super) struct Listening {
    server: Server,
    /// The ways in to services that may come here later.
    later: Vec<Arc<LaterInlet>>,
    /// In the data folder, for as long as it listens.
    _announcement: Option<Announcement>,
}

impl Listening {
    /// Listens for other units, if the layout says so, and offers what is at work here.
    pub(super) async fn open(
        hosting: &Hosting,
        config: &Config,
        layout: &UnitLayout,
        residents: &[Arc<Resident>],
        registration: &Registration,
    ) -> Result<Option<Self>, StartFailure> {
        // Nobody listens in a simulation who doesn't say so.
        let is_real = hosting.registry.simulation.is_none();
        let alone = layout.listen.is_none() && is_real;
        let beside = if alone { plug::socket(config, layout) } else { None };
        let Some(listen) = layout.listen.as_ref().or(beside.as_ref()) else { return Ok(None) };
        let refused = |reason: String| StartFailure::Address {
            what: "listen",
            address: listen.clone(),
            reason,
        };
        let on_tcp = matches!(listen, Address::Tcp { .. });
        if on_tcp && config.tls.is_some() && hosting.tls.is_none() {
            let reason = "it has no certificate yet, as [tls] asks for: it must be started again";
            return Err(refused(reason.to_owned()));
        }
        if on_tcp && hosting.tls.is_none() && !listen.is_local() {
            tracing::warn!(
                address = %listen,
                "[app] insecure: other machines reach this unit, and whoever does is believed to \
                 be any"
            );
        }
        let identity = hosting.identity.clone();
        let mut inlets: Vec<Arc<dyn Inlet>> =
            residents.iter().map(|resident| Arc::clone(&resident.hosted.inlet)).collect();
        let elsewhere = hosting
            .opened
            .iter()
            .filter(|(id, _)| residents.iter().all(|resident| resident.id != *id));
        let mut later: Vec<_> = elsewhere
            .map(|(id, open)| Arc::new(LaterInlet::new(*id, open.client().descriptor())))
            .collect();
        let all = hosting.opened.iter().map(|(id, open)| (id.name(), open.client().descriptor()));
        if identity.check_hello(all).is_err() {
            // A hello has no room for more than what is here: nothing else can come.
            later.clear();
        }
        inlets.extend(registration.inlet());
        inlets.extend(hosting.desks.inlets());
        // What edges ask, and who is plugged in, is no part of a simulation.
        if is_real {
            inlets.extend(hosting.contracts());
            inlets.extend(hosting.edges.as_ref().and_then(Edges::inlet));
            let (hub, clock) = (hosting.hub.clone(), hosting.clock.clone());
            let pushes = push::service().map(|service| PushInlet::new(service, hub, clock));
            inlets.extend(pushes.map(|inlet| Arc::new(inlet) as Arc<dyn Inlet>));
            let (recorder, clock) = (Arc::clone(&hosting.recorder), hosting.clock.clone());
            let fates = ledger::service().map(|own| FatesInlet::new(own, recorder, clock));
            inlets.extend(fates.map(|inlet| Arc::new(inlet) as Arc<dyn Inlet>));
        }
        inlets.extend(later.iter().map(|inlet| Arc::clone(inlet) as Arc<dyn Inlet>));
        let several = layout.is_one_of_several();
        let waits = |resident: &&Arc<Resident>| !is_offered(resident.activity(), several);
        let mut server = ServerConfig::new(identity);
        server.connections = connections(server.connections, 1, left());
        server.inactive = residents.iter().filter(waits).map(|resident| resident.id).collect();
        server.inactive.extend(later.iter().map(|inlet| inlet.service()));
        server.inactive.extend(hosting.desks.companions());
        server.authorities = Some(hosting.authorities.clone());
        server.guests = hosting.guests.clone();
        // Config has made sure that it may.
        server.exposed = true;
        if let Some(tls) = &hosting.tls {
            server.transport = Arc::new(tls.clone());
        }
        if let Some(Simulation { clock, transport }) = hosting.registry.simulation.clone() {
            server = ServerConfig { clock, transport, ..server };
        }
        let home = &hosting.homes[hosting.placement(config, layout).listener()];
        let server = Server::start(server, listen, inlets, home.runtime()).await;
        if let (true, Err(error)) = (alone, &server) {
            tracing::warn!(address = %listen, %error, "nobody can be plugged in beside this unit");
            return Ok(None);
        }
        let server = server.map_err(|error| match error {
            ListenError::Io { error, .. } => {
                refused(unbound(&error, &layout.unit, "listen", listen, Taker::Unit))
            }
            error => refused(error.to_string()),
        })?;
        let address = server.address();
        if alone {
            tracing::debug!(%address, "listening for units that are plugged in");
        } else {
            tracing::info!(%address, "listening for other units");
        }
        // Nor does anybody look for others there.
        let announcement = is_real.then(|| {
            let announced = Announcement::new(&config.app.data, &hosting.identity, address);
            announced.inspect_err(|error| {
                tracing::warn!(%error, "not announced in the data folder");
            })
        });
        let _announcement = announcement.and_then(Result::ok);
        let listening = Self { server, later, _announcement };
        // A unit opens one listener.
        let _ = hosting.offers.set(listening.offers());
        registration.register(config, layout, &hosting.identity, listening.address());
        hosting.desks.offer(&listening.offers(), home.runtime());
        for resident in residents {
            let activity = resident.hosted.activity.clone();
            home.runtime().spawn(offer(listening.offers(), resident.id, activity, several));
        }
        Ok(Some(listening))
    }

    pub(super) const fn address(&self) -> &Address {
        self.server.address()
    }

    /// How other units get to know what is active here.
    pub(super) fn offers(&self) -> Offers {
        self.server.offers()
    }

    /// Lets calls in to a service that has come here. False if it can't be offered.
    pub(super) fn let_in(&self, resident: &Resident) -> bool {
        match self.later.iter().find(|inlet| inlet.service() == resident.id) {
            Some(inlet) => {
                inlet.open(Arc::clone(&resident.hosted.inlet));
                true
            }
            None => self.server.offers().has(resident.id),
        }
    }

    /// Offers nothing any more, says go-away, and waits for the calls that are in.
    pub(super) async fn stop(self, grace: Duration) {
        if tokio::time::timeout(grace, self.server.drain()).await.is_err() {
            tracing::warn!(?grace, "calls from other units were still running at the end of it");
        }
    }
}

/// Whether a service that does that here is offered to other units: the only instance of a unit also
/// lets calls wait in line for its start.
const fn is_offered(activity: Activity, several: bool) -> bool {
    match activity {
        Activity::Active => true,
        Activity::Standby | Activity::Waiting | Activity::Away => false,
        Activity::Starting | Activity::Recovering => !several,
    }
}

/// Tells other units whether a service is at work here.
pub(super) async fn offer(
    offers: Offers,
    service: ServiceId,
    mut activity: watch::Receiver<Activity>,
    several: bool,
) {
    loop {
        let now = *activity.borrow_and_update();
        offers.set(service, is_offered(now, several));
        if activity.changed().await.is_err() {
            return;
        }
    }
}
