//! The handle on a contract from which generated clients are made.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::deadlines::Deadlines;
use super::dispatch::{Callable, Dispatch};
use super::extra::CallOptions;
use super::future::Call;
use super::json::{JsonReply, Transcode};
use super::route::Route;
use crate::contract::{Contract, ContractDescriptor};
use crate::live::Live;
use crate::metrics::Meter;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::remote::Caller;

/// A typed handle on a contract, for one caller. Generated clients wrap it.
///
/// Every clone has a counter of its own, so that tasks on different threads, each with its clone,
/// don't share one for every call.
pub struct Client<C: Contract> {
    pub(super) inner: Arc<ClientInner<C>>,
}

// On cache lines of its own, for the same reason.
#[repr(align(64))]
pub(super) struct ClientInner<C: Contract> {
    pub(super) route: Arc<Route<C>>,
    pub(super) caller: Caller,
    /// What counts its calls.
    pub(super) meter: Arc<Meter>,
}

impl<C: Contract> Client<C> {
    /// A client whose calls take `route`.
    pub fn new(route: Arc<Route<C>>, caller: Caller) -> Self {
        let meter = Arc::clone(route.meters.of(caller));
        Self { inner: Arc::new(ClientInner { route, caller, meter }) }
    }

    /// A call, to be awaited.
    #[inline]
    pub fn call<M: Callable<Contract = C>>(&self, message: M) -> Call<M> {
        Call::new(Self { inner: Arc::clone(&self.inner) }, message)
    }

    /// The service that is called.
    pub fn service(&self) -> ServiceId {
        self.inner.route.service
    }

    /// Who calls.
    pub fn caller(&self) -> Caller {
        self.inner.caller
    }
}

impl<C: Contract> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.inner.route), self.inner.caller)
    }
}

impl<C: Contract> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} for {})", self.service(), self.inner.caller)
    }
}

/// A client whose contract isn't known when the program is compiled: what the edge and the command
/// line call with. It goes through the same typed call as any other.
pub trait AnyClient: Send + Sync + 'static {
    /// The service that is called.
    fn service(&self) -> ServiceId;

    /// Its contract.
    fn descriptor(&self) -> &'static ContractDescriptor;

    /// The same client for another caller.
    fn for_caller(&self, caller: Caller) -> Arc<dyn AnyClient>;

    /// Calls a method, by its index, with the text of a JSON object of arguments.
    fn call_json(&self, method: u16, arguments: &[u8], options: CallOptions) -> JsonReply;

    /// The arguments of a method, by its index, for a call that is made later: what
    /// [`call_json`](Self::call_json) takes, read now and written by the names of the method's own.
    ///
    /// # Errors
    /// Arguments that are none of the method's, as [`call_json`](Self::call_json) refuses them.
    fn kept_json(&self, method: u16, arguments: &[u8]) -> Result<Vec<u8>, NotExecuted>;

    /// Brings parts of its calls from one form into another.
    fn transcode(&self) -> Transcode;

    /// Calls a subscription, by its index, with an event as it is kept.
    fn deliver(&self, method: u16, event: &[u8], options: CallOptions) -> JsonReply;

    /// Returns once somebody takes calls, as far as this unit knows; at once where the service is here.
    fn anybody(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }

    /// How long the service's calls may take whose caller doesn't say, for all its clients in this
    /// unit: what is set there holds for the next call.
    fn deadlines(&self) -> &Live<Deadlines>;

    /// The boxed `Client` itself, for who knows its type.
    fn typed(&self, caller: Caller) -> Box<dyn Any + Send>;
}

fn no_method<C: Dispatch>(method: u16) -> String {
    format!("`{}` has no method number {method}", C::NAME)
}

impl<C: Dispatch> AnyClient for Client<C> {
    fn service(&self) -> ServiceId {
        Self::service(self)
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        C::descriptor()
    }

    fn for_caller(&self, caller: Caller) -> Arc<dyn AnyClient> {
        Arc::new(Self::new(Arc::clone(&self.inner.route), caller))
    }

    fn call_json(&self, method: u16, arguments: &[u8], options: CallOptions) -> JsonReply {
        C::call_json(self, method, arguments, options)
            .unwrap_or_else(|| super::json::refused(no_method::<C>(method)))
    }

    fn kept_json(&self, method: u16, arguments: &[u8]) -> Result<Vec<u8>, NotExecuted> {
        C::kept_json(method, arguments)
            .unwrap_or_else(|| Err(NotExecuted::bad_request(no_method::<C>(method))))
    }

    fn transcode(&self) -> Transcode {
        C::transcode
    }

    fn deliver(&self, method: u16, event: &[u8], options: CallOptions) -> JsonReply {
        C::deliver(self, method, event, options).unwrap_or_else(|| {
            let why = format!("method number {method} of `{}` subscribes to no event", C::NAME);
            super::json::refused(why)
        })
    }

    fn anybody(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let route = Arc::clone(&self.inner.route);
        Box::pin(async move { route.anybody().await })
    }

    fn deadlines(&self) -> &Live<Deadlines> {
        self.inner.route.deadlines()
    }

    fn typed(&self, caller: Caller) -> Box<dyn Any + Send> {
        Box::new(Self::new(Arc::clone(&self.inner.route), caller))
    }
}
