//! The edges of the app's other processes, with which this unit's edge counts together.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock, Weak};

use seam_bus::companion;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_core::time::Clock;
use seam_gateway::{Among, Companion, InFiles, Other, Others, Reached, Together, together_service};

use super::links::Links;
use crate::config::{Config, UnitLayout, process};

/// Whether a service is the runtime's own: what processes ask each other, and no app has.
pub(super) fn is_own(service: ServiceId) -> bool {
    service.name().starts_with("seam.") || companion::is(service)
}

/// This unit's edge among all of them. Clones are the same.
#[derive(Clone)]
pub(super) struct Edges {
    among: Arc<Among>,
    others: Arc<UnitOthers>,
}

impl Edges {
    /// Those of the layout, if this unit has one itself; what it keeps is in the data folder.
    pub(super) fn open(
        config: &Config,
        layout: &UnitLayout,
        clock: Clock,
    ) -> io::Result<Option<Self>> {
        if !layout.has_edge() {
            return Ok(None);
        }
        let folder = config.app.data.join("edges");
        let kept = InFiles::open(&folder, &layout.process());
        let kept = kept.map_err(|error| unreadable(&folder, &error))?;
        let others = Arc::new(UnitOthers::new(config, layout));
        let among = Among::new(Arc::clone(&others) as _, Some(kept), clock);
        let among = Arc::new(among.map_err(io::Error::other)?);
        Ok(Some(Self { among, others }))
    }

    /// The way to the others.
    pub(super) fn reach_by(&self, links: &Arc<Links>) {
        // A unit has them once.
        let _ = self.others.links.set(Arc::downgrade(links));
    }

    /// The way in for the others, if there are any.
    pub(super) fn inlet(&self) -> Option<Arc<dyn Inlet>> {
        let companion = || Arc::new(Companion::new(Arc::clone(&self.among))) as _;
        self.others.any().then(companion)
    }

    /// Asks the others what they know, and tells them what they should know from then on.
    pub(super) async fn join(&self, home: &tokio::runtime::Handle) -> Arc<dyn Together> {
        self.among.join().await;
        if self.others.any() {
            let among = Arc::clone(&self.among);
            home.spawn(async move { among.run().await });
        }
        Arc::clone(&self.among) as _
    }
}

fn unreadable(folder: &Path, error: &io::Error) -> io::Error {
    let folder = folder.display();
    io::Error::other(format!("{folder}, where it keeps sessions that have ended: {error}"))
}

/// The others, in the order of the topology's units and then of their instances.
struct UnitOthers {
    unit: String,
    instance: u16,
    any: bool,
    order: Vec<String>,
    links: OnceLock<Weak<Links>>,
}

impl UnitOthers {
    fn new(config: &Config, layout: &UnitLayout) -> Self {
        let topology = config.topologies.iter().find(|known| known.name == layout.topology);
        let (unit, instance) = (layout.unit.clone(), layout.instance);
        let others = layout.peers.iter().any(|peer| peer.edge);
        Self {
            unit,
            instance,
            any: others || layout.is_one_of_several(),
            order: topology.map(|topology| topology.units.clone()).unwrap_or_default(),
            links: OnceLock::new(),
        }
    }

    /// Where an instance stands; units that only a registry knows come last.
    fn place<'a>(&self, unit: &'a str, instance: u16) -> (usize, &'a str, u16) {
        let number = self.order.iter().position(|known| known == unit);
        (number.unwrap_or(usize::MAX), unit, instance)
    }
}

impl Others for UnitOthers {
    fn any(&self) -> bool {
        self.any
    }

    fn reached(&self) -> Reached {
        let links = self.links.get().and_then(Weak::upgrade);
        let pool = links.and_then(|links| links.pool(together_service()?));
        let mut instances = pool.map(|pool| pool.instances()).unwrap_or_default();
        instances.sort_by(|(unit, instance, _), (other, of_other, _)| {
            self.place(unit, *instance).cmp(&self.place(other, *of_other))
        });
        let own = self.place(&self.unit, self.instance);
        let before = instances.iter().filter(|(unit, n, _)| self.place(unit, *n) < own).count();
        let others = instances.into_iter().map(|(unit, instance, remote)| {
            let name = if instance == 0 { unit } else { process(&unit, instance).into() };
            Other { name, remote }
        });
        Reached { others: others.collect(), before }
    }
}
