//! A service that was plugged in: whom its calls go to, by which contract, and since when nobody hosts
//! it.

use std::sync::Arc;
use std::time::Duration;

use seam_core::call::{AnyClient, CallPolicy, Deadlines, FetchedClient, FetchedRoute};
use seam_core::contract::{ContractDescriptor, FetchedContract};
use seam_core::metrics::{Meters, MethodMetrics};
use seam_core::name::ServiceId;
use seam_core::policy::{Balance, BreakerSettings};
use seam_core::record::Recorder;
use seam_core::remote::Caller;
use seam_core::time::Clock;
use seam_mesh::{EndpointStatus, Pool};
use tokio::time::Instant;

use super::guests::{Guest, joined};
use crate::unit::status::PluggedStatus;

/// What its calls go by.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) deadlines: Deadlines,
    pub(super) policy: CallPolicy,
    pub(super) balance: Balance,
    pub(super) breaker: BreakerSettings,
}

/// A service that was plugged in.
pub(super) struct Served {
    pub(super) id: ServiceId,
    contract: FetchedContract,
    pool: Arc<Pool>,
    route: Arc<FetchedRoute>,
    /// Since when no process hosts it.
    away: Option<Instant>,
    /// Why its routes aren't served.
    pub(super) refused: Option<String>,
}

impl Served {
    pub(super) fn new(
        id: ServiceId,
        contract: FetchedContract,
        settings: &Settings,
        recorder: Arc<Recorder>,
    ) -> Self {
        let Settings { deadlines, policy, balance, breaker } = *settings;
        let pool = Arc::new(Pool::new(id, balance, breaker, Clock::fast()));
        let remote = Arc::clone(&pool) as _;
        let route =
            FetchedRoute::new(id, contract, remote, (deadlines, &policy), Clock::fast(), recorder);
        let route = Arc::new(route);
        Self { id, contract, pool, route, away: None, refused: None }
    }

    pub(super) fn contract(&self) -> &'static ContractDescriptor {
        self.contract.descriptor()
    }

    /// Whether it goes by that contract.
    pub(super) fn is_of(&self, contract: FetchedContract) -> bool {
        std::ptr::eq(self.contract(), contract.descriptor())
    }

    pub(super) fn client(&self) -> Arc<dyn AnyClient> {
        Arc::new(FetchedClient::new(Arc::clone(&self.route), Caller::Edge))
    }

    /// It is called there, too, from now on.
    pub(super) fn joined_by(&self, guest: &mut Guest) {
        guest.joins(&self.pool, |link| link.service_in_json(self.id, self.contract()));
    }

    /// Whether some process hosts it, at that moment. False once none has for so long: it is forgotten.
    pub(super) fn stays(&mut self, hosted: bool, now: Instant, forget: Duration) -> bool {
        if hosted {
            self.away = None;
            return true;
        }
        now.duration_since(*self.away.get_or_insert(now)) < forget
    }

    pub(super) fn tune(&self, settings: &Settings) {
        self.route.deadlines().set(settings.deadlines);
        self.route.set_policy(&settings.policy);
        self.pool.set(settings.balance, settings.breaker);
    }

    /// By which of these processes it is hosted is said, too.
    pub(super) fn status(&self, guests: &[Guest]) -> PluggedStatus {
        let state = match (&self.refused, self.away) {
            (Some(_), _) => "refused",
            (None, Some(_)) => "away",
            (None, None) => "served",
        };
        PluggedStatus {
            service: self.contract().name.clone(),
            version: self.contract().version.clone(),
            state: state.to_owned(),
            reason: self.refused.clone(),
            instances: joined(guests, self.id).collect(),
        }
    }

    pub(super) fn endpoints(&self) -> Vec<EndpointStatus> {
        self.pool.status()
    }

    pub(super) fn meters(&self) -> &Meters {
        self.route.meters()
    }

    pub(super) fn called(&self) -> Vec<(&'static str, MethodMetrics)> {
        self.route.meters().called()
    }
}
