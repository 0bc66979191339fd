//! The commands of a unit's callers: where each is kept, and how they are made.

use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use seam_bus::Commands;
use seam_bus::command::{ByClient, Calls, Command, State, Target};
use seam_core::call::{KeepError, Keeper, Kept, KeptAs, KeptCall, TicketId};
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::remote::Caller;

use super::broker::Brokers;
use super::clients::Routes;
use super::desks::Desks;
use crate::services::{CommandSender, Messaging};

/// So long a command's end is waited for at once.
const WAIT: Duration = Duration::from_secs(5);

/// Keeps commands: those of a service in its store, and those of the edge and the program in the
/// unit's.
pub(super) struct UnitKeeper {
    services: Mutex<Vec<(ServiceId, Weak<Messaging>)>>,
    /// The unit's own.
    unit: OnceLock<Arc<CommandSender>>,
}

impl UnitKeeper {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { services: Mutex::default(), unit: OnceLock::new() })
    }

    /// A service has come here, with its store.
    pub(super) fn keep_for(&self, service: ServiceId, messaging: &Arc<Messaging>) {
        self.services.lock().push((service, Arc::downgrade(messaging)));
    }

    /// Where the unit's own commands are kept.
    pub(super) fn keep_own(&self, sender: Arc<CommandSender>) {
        // A unit has one store of its own.
        let _ = self.unit.set(sender);
    }

    /// The commands of a caller.
    pub(super) async fn commands(&self, caller: Caller) -> Result<Commands, KeepError> {
        let away = |why: String| KeepError::Away(why);
        let commands = match caller {
            Caller::Service(id) => {
                let of =
                    self.services.lock().iter().rev().find(|(service, _)| *service == id).cloned();
                let messaging = of.and_then(|(_, messaging)| messaging.upgrade());
                let gone = || away(format!("`{id}` isn't in this unit"));
                messaging.ok_or_else(gone)?.commands().await
            }
            Caller::Program | Caller::Operator | Caller::Edge => {
                let unit = self.unit.get().ok_or_else(|| away("the unit starts".into()))?;
                unit.begin().await
            }
        };
        commands.map_err(|error| away(error.to_string()))
    }
}

type Waits<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The keeper of a unit, as routes have it.
pub(super) struct RouteKeeper(pub(super) Arc<UnitKeeper>);

impl Keeper for RouteKeeper {
    fn keep(&self, caller: Caller, call: KeptCall) -> Waits<Result<TicketId, KeepError>> {
        let keeper = Arc::clone(&self.0);
        Box::pin(async move { keeper.commands(caller).await?.keep(call, None).await })
    }

    fn find(&self, caller: Caller, id: TicketId) -> Waits<Result<Option<KeptAs>, KeepError>> {
        let keeper = Arc::clone(&self.0);
        Box::pin(async move {
            let found = keeper.commands(caller).await?.find(id).await;
            let found = found.map_err(|error| KeepError::Away(error.to_string()))?;
            Ok(found.map(|Command { service, method, .. }| KeptAs { service, method }))
        })
    }

    fn ended(&self, caller: Caller, id: TicketId) -> Waits<Result<Kept, KeepError>> {
        let keeper = Arc::clone(&self.0);
        Box::pin(async move {
            loop {
                let commands = keeper.commands(caller).await?;
                let found = commands.wait(id, WAIT).await;
                match found.map_err(|error| KeepError::Away(error.to_string()))? {
                    Some(Command { state: State::Pending, .. }) => {}
                    Some(Command { state: State::Ended(kept), .. }) => return Ok(kept),
                    Some(Command { state: State::Expired, .. }) | None => {
                        return Err(KeepError::Unknown("its result isn't kept any more".into()));
                    }
                }
            }
        })
    }
}

/// How the commands of one of the callers of a unit are made.
pub(super) struct UnitCalls {
    pub(super) routes: Arc<Routes>,
    pub(super) desks: Desks,
    pub(super) owner: Caller,
    pub(super) results: Live<Duration>,
    pub(super) brokers: Brokers,
}

impl Calls for UnitCalls {
    fn target(&self, service: &str, version: Option<&str>, method: &str) -> Option<Target> {
        if let Some(version) = version {
            let callee = self.brokers.module(service, version, method)?;
            return Some(Target { callee, own: false });
        }
        let client = self.routes.any(service)?;
        let method = client.descriptor().method(method)?;
        let own = matches!(self.owner, Caller::Service(id) if id.name() == service);
        // A service that calls itself waits for its own turn; here nobody waits.
        let caller = if own { Caller::Program } else { self.owner };
        let client = client.for_caller(caller);
        Some(Target { callee: Box::new(ByClient { client, method }), own })
    }

    fn hand_over(&self, id: TicketId, call: KeptCall) -> BoxFuture<'static, Result<(), String>> {
        let desks = self.desks.clone();
        Box::pin(async move {
            let KeptCall { service, method, arguments, principal, .. } = call;
            desks.keep(&service, (id, method, arguments), principal).await
        })
    }

    fn handed_over(
        &self,
        id: TicketId,
        service: &str,
    ) -> BoxFuture<'static, Result<Option<Command>, String>> {
        let (desks, service) = (self.desks.clone(), service.to_owned());
        Box::pin(async move { desks.find_at(&service, id, WAIT).await })
    }

    fn results(&self) -> Duration {
        **self.results.load()
    }
}
