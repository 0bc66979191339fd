//! Calls by a contract that was fetched: in JSON, by the same rules as any other.

mod attempts;
mod kept;
mod routed;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use self::attempts::Calling;
use super::client::AnyClient;
use super::deadlines::{Deadlines, DeadlinesInForce};
use super::extra::CallOptions;
use super::guard::{CallPolicy, Guard};
use super::json::{JsonReply, Transcode, refused};
use crate::contract::{ContractDescriptor, FetchedContract};
use crate::live::Live;
use crate::metrics::Meters;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::record::Recorder;
use crate::remote::{Caller, Remote};
use crate::time::Clock;

/// The way from one unit to a service whose contract was fetched, shared by all its clients there. It
/// always leads elsewhere.
pub struct FetchedRoute {
    service: ServiceId,
    contract: FetchedContract,
    remote: Arc<dyn Remote>,
    guard: Guard,
    settings: Live<Deadlines>,
    deadlines: Arc<DeadlinesInForce>,
    meters: Meters,
    clock: Clock,
}

/// A client of such a service, for one caller.
pub struct FetchedClient {
    route: Arc<FetchedRoute>,
    caller: Caller,
}

impl FetchedRoute {
    /// A route to `remote`, whose calls are recorded by `recorder`.
    pub fn new(
        service: ServiceId,
        contract: FetchedContract,
        remote: Arc<dyn Remote>,
        (deadlines, policy): (Deadlines, &CallPolicy),
        clock: Clock,
        recorder: Arc<Recorder>,
    ) -> Self {
        let meters = Meters::new(service, contract.descriptor(), recorder, clock.clone());
        meters.slow().set(policy.slow);
        let settings = Live::new(deadlines);
        Self {
            service,
            contract,
            remote,
            guard: Guard::new(policy),
            deadlines: DeadlinesInForce::following(&settings),
            settings,
            meters,
            clock,
        }
    }

    /// Puts another policy in force for the next call.
    pub fn set_policy(&self, policy: &CallPolicy) {
        self.guard.set(policy);
        self.meters.slow().set(policy.slow);
    }

    /// How long calls may take whose caller doesn't say: what is set there holds for the next call.
    pub const fn deadlines(&self) -> &Live<Deadlines> {
        &self.settings
    }

    /// What counts its calls.
    pub const fn meters(&self) -> &Meters {
        &self.meters
    }
}

impl FetchedClient {
    /// A client whose calls take `route`.
    pub const fn new(route: Arc<FetchedRoute>, caller: Caller) -> Self {
        Self { route, caller }
    }

    fn no_method(&self, method: u16) -> String {
        format!("`{}` has no method number {method}", self.route.service)
    }
}

impl AnyClient for FetchedClient {
    fn service(&self) -> ServiceId {
        self.route.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        self.route.contract.descriptor()
    }

    fn for_caller(&self, caller: Caller) -> Arc<dyn AnyClient> {
        Arc::new(Self::new(Arc::clone(&self.route), caller))
    }

    fn call_json(&self, method: u16, arguments: &[u8], options: CallOptions) -> JsonReply {
        let described = self.descriptor().methods.get(usize::from(method));
        let (Some(described), Some(method)) = (described, self.route.contract.method(method))
        else {
            return refused(self.no_method(method));
        };
        let (route, caller) = (Arc::clone(&self.route), self.caller);
        let arguments = if arguments.is_empty() { b"{}" } else { arguments }.to_vec();
        let key = routed::key(described, &arguments);
        Box::pin(Calling { route, caller, method, arguments, key, options }.made())
    }

    /// Looked at as far as the contract's schemas go: its types are the callee's to read.
    fn kept_json(&self, method: u16, arguments: &[u8]) -> Result<Vec<u8>, NotExecuted> {
        let described = self.descriptor().methods.get(usize::from(method));
        let kept = match described {
            Some(described) => kept::kept(&described.schema.arguments, arguments),
            None => Err(self.no_method(method)),
        };
        kept.map_err(NotExecuted::bad_request)
    }

    /// Nobody here knows its types.
    fn transcode(&self) -> Transcode {
        |_, _, _, _| None
    }

    fn deliver(&self, method: u16, _: &[u8], _: CallOptions) -> JsonReply {
        refused(format!("method number {method} of `{}` is elsewhere", self.route.service))
    }

    fn anybody(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.route.remote.anybody()
    }

    fn deadlines(&self) -> &Live<Deadlines> {
        &self.route.settings
    }

    /// There is no such type.
    fn typed(&self, _: Caller) -> Box<dyn Any + Send> {
        Box::new(())
    }
}

impl fmt::Debug for FetchedRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchedRoute({})", self.service)
    }
}

impl fmt::Debug for FetchedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchedClient({} for {})", self.route.service, self.caller)
    }
}
