//! A service that is called by its queue, whether or not it lives in this unit.

use std::sync::Arc;

use seam_core::call::AnyClient;
use seam_core::metrics::Meters;
use seam_core::record::Watch;
use seam_core::remote::Remote;

use super::entry::{HostPlan, Hosted, Opened, RoutePlan};

/// Two routes: the one of its callers leads to its queue, always; the other one to the service itself,
/// for what its unit hands it.
pub(crate) struct Queued {
    callers: Arc<dyn Opened>,
    own: Arc<dyn Opened>,
}

impl Queued {
    /// Calls of the service go to `queue` from now on.
    pub(crate) fn new(
        callers: Arc<dyn Opened>,
        own: Arc<dyn Opened>,
        queue: Arc<dyn Remote>,
    ) -> Self {
        callers.lead_to(queue);
        Self { callers, own }
    }
}

impl Opened for Queued {
    fn client(&self) -> Arc<dyn AnyClient> {
        self.callers.client()
    }

    fn own_client(&self) -> Arc<dyn AnyClient> {
        self.own.client()
    }

    fn tune(&self, plan: &RoutePlan) {
        self.callers.tune(plan);
        self.own.tune(plan);
    }

    fn host(&self, plan: HostPlan) -> Option<Hosted> {
        self.own.host(plan)
    }

    fn lead_here(&self) {
        self.own.lead_here();
    }

    fn lead_to(&self, remote: Arc<dyn Remote>) {
        self.own.lead_to(remote);
    }

    fn lead_nowhere(&self, why: &str) {
        self.own.lead_nowhere(why);
    }

    fn meters(&self) -> Vec<Arc<Meters>> {
        [self.own.meters(), self.callers.meters()].concat()
    }

    fn watch(&self, watch: Watch) {
        self.own.watch(watch);
        self.callers.watch(watch);
    }
}
