//! A service that others here call and that this program has no actor for: another process of the app
//! hosts it.

use std::sync::Arc;

use seam_core::actor::VisitNeeds;
use seam_core::call::{AnyClient, Client, ClientOf, Dispatch, Keeper, Route, Target};
use seam_core::contract::ContractDescriptor;
use seam_core::metrics::Meters;
use seam_core::name::ServiceId;
use seam_core::record::{Recorder, Watch};
use seam_core::remote::{Caller, Remote};
use seam_core::time::Clock;

use super::entry::{self, HostPlan, Hosted, Opened, Registered, RoutePlan};
use crate::config::KnownService;

/// Collects the contracts that actors need.
#[derive(Default)]
pub(super) struct Collected(pub(super) Vec<Arc<dyn Registered>>);

impl VisitNeeds for Collected {
    fn need<K: ClientOf>(&mut self) {
        let contract = <K::Contract as seam_core::contract::Contract>::descriptor();
        if let Some(id) = ServiceId::of(&contract.service()) {
            self.0.push(Arc::new(Needed::<K::Contract> {
                id,
                contract,
                of: std::marker::PhantomData,
            }));
        }
    }
}

/// The service of the contract `C`.
struct Needed<C> {
    id: ServiceId,
    contract: &'static ContractDescriptor,
    of: std::marker::PhantomData<fn() -> C>,
}

impl<C: Dispatch> Registered for Needed<C> {
    fn id(&self) -> ServiceId {
        self.id
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        self.contract
    }

    fn needs(&self) -> Vec<&'static ContractDescriptor> {
        Vec::new()
    }

    fn is_elsewhere(&self) -> bool {
        true
    }

    fn known(&self, known: KnownService) -> KnownService {
        known.elsewhere()
    }

    fn open(
        &self,
        plan: RoutePlan,
        clock: Clock,
        keeper: Option<Arc<dyn Keeper>>,
        recorder: Arc<Recorder>,
    ) -> Arc<dyn Opened> {
        let route = entry::route::<C>(self.id, &plan, clock, keeper, recorder);
        Arc::new(OpenNeeded { route })
    }
}

struct OpenNeeded<C: Dispatch> {
    route: Arc<Route<C>>,
}

impl<C: Dispatch> Opened for OpenNeeded<C> {
    fn client(&self) -> Arc<dyn AnyClient> {
        Arc::new(Client::new(Arc::clone(&self.route), Caller::Program))
    }

    fn tune(&self, plan: &RoutePlan) {
        entry::tune(&self.route, plan);
    }

    fn host(&self, _: HostPlan) -> Option<Hosted> {
        None
    }

    fn lead_here(&self) {}

    fn lead_to(&self, remote: Arc<dyn Remote>) {
        self.route.set(Target::Remote(remote));
    }

    fn lead_nowhere(&self, why: &str) {
        self.route.set(Target::Away(why.into()));
    }

    fn meters(&self) -> Vec<Arc<Meters>> {
        vec![Arc::clone(self.route.meters())]
    }

    fn watch(&self, watch: Watch) {
        self.route.watch(watch);
    }
}
