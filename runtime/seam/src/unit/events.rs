//! Where the events of services are read in this unit: from the log of one that is at work here, or by
//! way of its companion in another process.

use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;
use seam_bus::Feed;
use seam_bus::companion::{self, Asking, Companion};
use seam_bus::subscription::{Batch, Source, SourceError, Stream, Wanted};
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_core::time::Clock;
use seam_wire::Offers;

use super::links::Links;
use crate::services::{Graph, Registry};

/// The logs of all services of the app that publish events.
#[derive(Clone)]
pub(super) struct Feeds(Arc<[Published]>);

/// One of them.
struct Published {
    publisher: ServiceId,
    companion: ServiceId,
    feed: Feed,
}

impl Feeds {
    /// None is open yet.
    pub(super) fn new(registry: &Registry) -> Self {
        let publishes = |(id, contract): (ServiceId, _)| {
            let contract: &seam_core::contract::ContractDescriptor = contract;
            let companion = (!contract.events.is_empty()).then(|| companion::of(id)).flatten()?;
            Some(Published { publisher: id, companion, feed: Feed::default() })
        };
        Self(registry.contracts().into_iter().filter_map(publishes).collect())
    }

    fn of(&self, publisher: ServiceId) -> Option<&Published> {
        self.0.iter().find(|published| published.publisher == publisher)
    }

    /// The log of a service, if it publishes anything.
    pub(super) fn feed(&self, publisher: ServiceId) -> Option<Feed> {
        self.of(publisher).map(|published| published.feed.clone())
    }

    /// The companion of a service, if it publishes anything.
    pub(super) fn companion(&self, publisher: &str) -> Option<ServiceId> {
        let is = |published: &&Published| published.publisher.name() == publisher;
        self.0.iter().find(is).map(|published| published.companion)
    }

    /// All companions.
    pub(super) fn companions(&self) -> impl Iterator<Item = ServiceId> + '_ {
        self.0.iter().map(|published| published.companion)
    }

    /// The ways in to them, for other units.
    pub(super) fn inlets(&self, clock: &Clock) -> impl Iterator<Item = Arc<dyn Inlet>> + '_ {
        let clock = clock.clone();
        self.0.iter().map(move |Published { companion, feed, .. }| {
            Arc::new(Companion::new(*companion, feed.clone(), clock.clone())) as _
        })
    }

    /// Tells other units which of them are open here, for as long as the unit runs.
    pub(super) fn offer(&self, offers: &Offers, home: &tokio::runtime::Handle) {
        for Published { companion, feed, .. } in self.0.iter() {
            let (companion, offers, mut open) = (*companion, offers.clone(), feed.watch());
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

    /// What a service subscribes to, and where that is read.
    pub(super) fn streams(
        &self,
        graph: &Graph,
        subscriber: ServiceId,
        (links, clock): (&Arc<Links>, &Clock),
    ) -> Vec<(Stream, Arc<dyn Source>)> {
        let own = graph.events().iter().filter(|events| events.subscriber == subscriber);
        let stream = own.filter_map(|events| {
            let Published { companion, feed, .. } = self.of(events.publisher)?;
            let (links, clock) = (Arc::downgrade(links), clock.clone());
            let source = Anywhere { feed: feed.clone(), companion: *companion, links, clock };
            let publisher = events.publisher.name().to_owned();
            let subscriber = subscriber.name().to_owned();
            let (name, topics) = (publisher.clone(), events.topics.clone());
            let stream = Stream { name, publisher, subscriber, topics, until: None };
            Some((stream, Arc::new(source) as Arc<dyn Source>))
        });
        stream.collect()
    }
}

/// A log, here or elsewhere.
struct Anywhere {
    feed: Feed,
    companion: ServiceId,
    links: Weak<Links>,
    clock: Clock,
}

impl Source for Anywhere {
    fn read(&self, wanted: Wanted) -> BoxFuture<'_, Result<Batch, SourceError>> {
        Box::pin(async move {
            if self.feed.log().is_some() {
                return self.feed.read(&wanted).await;
            }
            let pool = self.links.upgrade().and_then(|links| links.pool(self.companion));
            match pool {
                Some(pool) => {
                    Asking::new(self.companion, pool as _, self.clock.clone()).read(wanted).await
                }
                None => Err(SourceError { reason: "its publisher is at work nowhere".into() }),
            }
        })
    }
}
