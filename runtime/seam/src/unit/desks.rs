//! Where services are asked for their events and commands in this unit: at their own desk if they are
//! at work here, or by way of their companion in another process; and where edges are asked for the
//! commands that they have kept.

use std::io;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::future::{BoxFuture, join, join_all};
use seam_bus::Desk;
use seam_bus::Millis;
use seam_bus::command::Command;
use seam_bus::companion::{self, Asking, Companion};
use seam_bus::subscription::{Batch, Ends, Source, SourceError, Stream, Wanted};
use seam_core::call::TicketId;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_core::time::Clock;
use seam_wire::Offers;

use super::links::Links;
use crate::services::{Graph, Registry};

/// What all edges are to each other; no service of an app has such a name.
const EDGE: &str = "seam.edge";

/// The desks of all services of the app, and of its edge. Clones are the same.
#[derive(Clone)]
pub(super) struct Desks(Arc<Inner>);

struct Inner {
    services: Vec<Place>,
    /// This unit's edge, and by its companion those of other processes.
    edge: Place,
    clock: Clock,
    links: OnceLock<Weak<Links>>,
}

/// Where one service is asked, or the edge.
struct Place {
    companion: ServiceId,
    desk: Desk,
}

impl Desks {
    /// Nobody is at work yet.
    pub(super) fn new(registry: &Registry, clock: Clock) -> io::Result<Self> {
        let place = |(id, contract)| {
            // Whose name is too long for one is asked in this process alone.
            let companion = companion::of(id).unwrap_or(id);
            Place { companion, desk: Desk::new(id, contract) }
        };
        let services = registry.contracts().into_iter().map(place).collect();
        let full = || io::Error::other("the app has too many names for one more, of its edges");
        let edge = place((ServiceId::of(EDGE).ok_or_else(full)?, companion::contract()));
        Ok(Self(Arc::new(Inner { services, edge, clock, links: OnceLock::new() })))
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.services.iter().chain([&self.0.edge])
    }

    /// Where this unit's edge is asked for what it has kept.
    pub(super) fn edge(&self) -> &Desk {
        &self.0.edge.desk
    }

    /// The companion of all edges.
    pub(super) fn edges(&self) -> ServiceId {
        self.0.edge.companion
    }

    /// The way to companions elsewhere.
    pub(super) fn reach_by(&self, links: &Arc<Links>) {
        // A unit has them once.
        let _ = self.0.links.set(Arc::downgrade(links));
    }

    fn place(&self, service: &str) -> Option<&Place> {
        self.0.services.iter().find(|place| place.desk.service().name() == service)
    }

    /// The desk of a service.
    pub(super) fn desk(&self, service: ServiceId) -> Option<Desk> {
        self.place(service.name()).map(|place| place.desk.clone())
    }

    /// The companion of a service.
    pub(super) fn companion(&self, service: &str) -> Option<ServiceId> {
        self.place(service).map(|place| place.companion).filter(|id| companion::is(*id))
    }

    /// All companions.
    pub(super) fn companions(&self) -> impl Iterator<Item = ServiceId> + '_ {
        self.places().map(|place| place.companion).filter(|id| companion::is(*id))
    }

    /// The unit is about to end: nobody elsewhere waits for anything at a desk here any longer.
    pub(super) fn leave(&self) {
        self.places().for_each(|place| place.desk.leave());
    }

    /// The ways in to them, for other units.
    pub(super) fn inlets(&self) -> impl Iterator<Item = Arc<dyn Inlet>> + '_ {
        let named = self.places().filter(|place| companion::is(place.companion));
        named.map(|Place { companion, desk }| {
            Arc::new(Companion::new(*companion, desk.clone(), self.0.clock.clone())) as _
        })
    }

    /// Tells other units who is at work here, for as long as the unit runs.
    pub(super) fn offer(&self, offers: &Offers, home: &tokio::runtime::Handle) {
        for Place { companion, desk } in self.places().filter(|p| companion::is(p.companion)) {
            let (companion, offers, mut open) = (*companion, offers.clone(), desk.watch());
            home.spawn(async move {
                loop {
                    let is_open = open.borrow_and_update().is_some();
                    offers.set(companion, is_open);
                    if open.changed().await.is_err() {
                        return;
                    }
                }
            });
        }
    }

    /// The way to a service's companion in another process, if there is one.
    fn asking(&self, place: &Place) -> Option<Asking> {
        let links = self.0.links.get().and_then(Weak::upgrade)?;
        let pool = links.pool(place.companion)?;
        Some(Asking::new(place.companion, pool as _, self.0.clock.clone()))
    }

    /// What a service subscribes to, and where that is read.
    pub(super) fn streams(
        &self,
        graph: &Graph,
        subscriber: ServiceId,
    ) -> Vec<(Stream, Arc<dyn Source>)> {
        let own = graph.events().iter().filter(|events| events.subscriber == subscriber);
        let stream = own.map(|events| {
            let source = Anywhere { desks: self.clone(), publisher: events.publisher };
            let publisher = events.publisher.name().to_owned();
            let subscriber = subscriber.name().to_owned();
            let (name, topics) = (publisher.clone(), events.topics.clone());
            let stream = Stream { name, publisher, subscriber, topics, until: None };
            (stream, Arc::new(source) as Arc<dyn Source>)
        });
        stream.collect()
    }

    /// Has a service keep a saga of its own under that id.
    pub(super) async fn keep(
        &self,
        service: &str,
        (id, method, arguments): (TicketId, String, Vec<u8>),
        principal: Option<Arc<str>>,
    ) -> Result<(), String> {
        let place = self.place(service).ok_or("the app has no such service")?;
        if place.desk.is_open() {
            return place.desk.keep(id, method, arguments, principal).await;
        }
        let asking = self.asking(place).ok_or("it is at work nowhere")?;
        asking.keep(id, method, arguments, principal).await.map_err(|error| error.to_string())
    }

    /// What is known of a command that a service keeps; its end is waited for so long at most.
    pub(super) async fn find_at(
        &self,
        service: &str,
        id: TicketId,
        wait: Duration,
    ) -> Result<Option<Command>, String> {
        let place = self.place(service).ok_or("the app has no such service")?;
        self.find_in(place, id, wait).await
    }

    async fn find_in(
        &self,
        place: &Place,
        id: TicketId,
        wait: Duration,
    ) -> Result<Option<Command>, String> {
        if place.desk.is_open() {
            return place.desk.find(id, wait).await;
        }
        let asking = self.asking(place).ok_or("it is at work nowhere")?;
        asking.find(id, wait).await.map_err(|error| error.to_string())
    }

    /// The same of whoever keeps it, a service or another process's edge, and where that is asked again;
    /// if nobody knows it, whether all could be asked.
    pub(super) async fn find(&self, id: TicketId) -> (Option<(Command, KeptAt)>, bool) {
        let of_services = self.0.services.iter().map(|place| async move {
            let found = self.find_in(place, id, Duration::ZERO).await;
            (found, KeptAt::Service(place.desk.service()))
        });
        let edges = self.0.links.get().and_then(Weak::upgrade);
        let edges = edges.and_then(|links| links.pool(self.edges())).map(|pool| pool.each());
        let edges = edges.unwrap_or_default();
        // Those that can't be called aren't asked.
        let mut all_asked = edges.iter().all(Option::is_some);
        let of_edges = edges.into_iter().flatten().map(|remote| async move {
            let asking = Asking::new(self.edges(), remote, self.0.clock.clone());
            let found = asking.find(id, Duration::ZERO).await;
            (found.map_err(|error| error.to_string()), KeptAt::Edge(asking))
        });
        let (services, edges) = join(join_all(of_services), join_all(of_edges)).await;
        for (found, at) in services.into_iter().chain(edges) {
            match found {
                Ok(Some(command)) => return (Some((command, at)), true),
                Ok(None) => {}
                Err(_) => all_asked = false,
            }
        }
        (None, all_asked)
    }

    /// The same where it was found before, once it has ended, or after so long.
    pub(super) async fn find_again(
        &self,
        at: &KeptAt,
        id: TicketId,
        wait: Duration,
    ) -> Result<Option<Command>, String> {
        match at {
            KeptAt::Service(service) => self.find_at(service.name(), id, wait).await,
            KeptAt::Edge(asking) => asking.find(id, wait).await.map_err(|error| error.to_string()),
        }
    }
}

/// Who keeps a command.
pub(super) enum KeptAt {
    Service(ServiceId),
    /// The edge of another process.
    Edge(Asking),
}

/// A log, here or elsewhere.
struct Anywhere {
    desks: Desks,
    publisher: ServiceId,
}

impl Anywhere {
    fn source(&self) -> Result<Box<dyn Source>, SourceError> {
        let nowhere = || SourceError::new("its publisher is at work nowhere");
        let place = self.desks.place(self.publisher.name()).ok_or_else(nowhere)?;
        if place.desk.feed.log().is_some() {
            return Ok(Box::new(place.desk.feed.clone()));
        }
        Ok(Box::new(self.desks.asking(place).ok_or_else(nowhere)?))
    }
}

impl Source for Anywhere {
    fn read(&self, wanted: Wanted) -> BoxFuture<'_, Result<Batch, SourceError>> {
        Box::pin(async move { self.source()?.read(wanted).await })
    }

    fn ends(&self, at: Millis) -> BoxFuture<'_, Result<Ends, SourceError>> {
        Box::pin(async move { self.source()?.ends(at).await })
    }
}
