//! Encoded calls in: the policy that every call from elsewhere passes, and its turn.

use std::fmt;
use std::sync::Arc;
use std::task::Poll;

use super::dispatch::{Callable, Dispatch};
use crate::codec;
use crate::context::{CallContext, TurnContext};
use crate::contract::{Contract, ContractDescriptor, Method};
use crate::metrics::{Ended, ServiceMetrics};
use crate::name::ServiceId;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::remote::{Caller, Inbound, Inlet, ReplyBody, ReplyKind, Served};
use crate::time::{Clock, Moment};
use crate::turn::{Begun, Outcome, Parcel, TurnStart};

/// The way in to a service of this unit for encoded calls.
pub struct Inbox<C: Contract> {
    service: ServiceId,
    host: Arc<C::Host>,
    /// The services that declare that they call this one.
    callers: Box<[ServiceId]>,
    metrics: Arc<ServiceMetrics>,
    clock: Clock,
}

impl<C: Dispatch> Inbox<C> {
    /// A way in for the services `callers`, the program and the edge.
    pub fn new(
        service: ServiceId,
        host: Arc<C::Host>,
        callers: impl IntoIterator<Item = ServiceId>,
        metrics: Arc<ServiceMetrics>,
        clock: Clock,
    ) -> Self {
        Self { service, host, callers: callers.into_iter().collect(), metrics, clock }
    }

    #[inline]
    fn admit(&self, inbound: &Inbound<'_>) -> Result<(), NotExecuted> {
        if let Caller::Service(caller) = inbound.caller
            && !self.callers.contains(&caller)
        {
            let why = format!("`{caller}` doesn't declare that it calls `{}`", self.service).into();
            return Err(NotExecuted::Denied { why });
        }
        let context: &CallContext = inbound.context;
        if context.deadline <= inbound.now {
            return Err(NotExecuted::DeadlineExceeded);
        }
        if !context.chain.may_enter(self.service) {
            return Err(NotExecuted::Cycle { path: context.chain.path_to(self.service) });
        }
        Ok(())
    }

    #[inline]
    fn begin(&self, inbound: &mut Inbound<'_>, out: &mut Vec<u8>) -> Served {
        if let Err(why) = self.admit(inbound) {
            return Served::failed(why);
        }
        match C::serve(&self.host, self.service, inbound, out) {
            Some(served) => served,
            None => Self::no_such_method(inbound.method),
        }
    }

    #[cold]
    fn no_such_method(method: u16) -> Served {
        let what = format!("`{}` has no method number {method}", C::NAME).into();
        Served::failed(NotExecuted::Incompatible { what })
    }
}

impl<C: Dispatch> Inlet for Inbox<C> {
    fn service(&self) -> ServiceId {
        self.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        C::descriptor()
    }

    fn serve(&self, mut inbound: Inbound<'_>, out: &mut Vec<u8>) -> Served {
        let Inbound { method, now: began, .. } = inbound;
        let served = self.begin(&mut inbound, out);
        let (ended, at) = match &served {
            Served::Answered(at) => (Ended::Answered, *at),
            Served::ServiceError(at) => (Ended::ServiceError, *at),
            Served::Failed(failure) => (failed(failure), self.clock.now()),
            Served::Later(_) => {
                return later(served, Arc::clone(&self.metrics), method, began, self.clock.clone());
            }
        };
        self.metrics.count(method, ended, at.nanos_since(began));
        served
    }
}

/// Counts a call once it is over.
fn later(
    served: Served,
    metrics: Arc<ServiceMetrics>,
    method: u16,
    began: Moment,
    clock: Clock,
) -> Served {
    let Served::Later(reply) = served else { return served };
    Served::later(async move {
        let mut reply = reply.await;
        let at = clock.now();
        let ended = match &mut reply {
            Ok(body) => {
                body.at = at;
                body.kind.into()
            }
            Err(failure) => failed(failure),
        };
        metrics.count(method, ended, at.nanos_since(began));
        reply
    })
}

const fn failed(failure: &Failure) -> Ended {
    match failure {
        Failure::NotExecuted(_) => Ended::NotExecuted,
        Failure::Unknown(_) => Ended::Unknown,
    }
}

impl<C: Contract> fmt::Debug for Inbox<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inbox").field(&self.service).finish()
    }
}

/// Decodes the arguments of the method `M`, runs its turn, and encodes the outcome. Used by
/// generated code.
pub fn serve<M: Callable>(
    host: &<M::Contract as Contract>::Host,
    service: ServiceId,
    inbound: &mut Inbound<'_>,
    out: &mut Vec<u8>,
) -> Served {
    if let Err(why) = inbound.caller.may_call(M::SPEC) {
        return Served::failed(why);
    }
    let mut message: Parcel<M> = match codec::read(inbound.body) {
        Ok(message) => Parcel::Full(message),
        Err(fault) => return Served::failed(malformed(&fault.into())),
    };
    let now = inbound.now;
    let context = TurnContext::lent(service, inbound.context);
    let (mut context, mut polled) = (Some(context), Poll::Pending);
    let start =
        TurnStart { message: &mut message, context: &mut context, outcome: &mut polled, now };
    let begun = M::begin(start, host);
    // A turn that goes on keeps it.
    if let Some(context) = &mut context {
        context.give_back(inbound.context);
    }
    TurnContext::end(context);
    match (begun, &polled) {
        // Most calls: nothing else is looked at.
        (Begun::Done(at), Poll::Ready(Ok(answer))) if codec::encode(answer, out).is_ok() => {
            Served::Answered(at)
        }
        (Begun::Done(at), Poll::Ready(outcome)) => match encode::<M>(outcome, out) {
            Ok(kind) => Served::replied(kind, at),
            Err(failure) => Served::failed(failure),
        },
        // `Done` says that there is one.
        (Begun::Done(_), Poll::Pending) => Served::failed(Unknown::Abandoned),
        (Begun::Pending(reply), _) => Served::later(async move {
            let mut out = Vec::new();
            let kind = encode::<M>(&reply.await, &mut out)?;
            // Who counts the call says when.
            Ok(ReplyBody { kind, bytes: out.into(), at: Moment::default() })
        }),
    }
}

#[cold]
fn malformed(error: &codec::CodecError) -> Failure {
    NotExecuted::bad_request(error.to_string()).into()
}

#[inline(never)]
fn encode<M: Method>(
    outcome: &Outcome<M::Answer, M::Error>,
    out: &mut Vec<u8>,
) -> Result<ReplyKind, Failure> {
    let (encoded, kind) = match outcome {
        Ok(answer) => (codec::encode(answer, out), ReplyKind::Answer),
        Err(CallError::Service(error)) => (codec::encode(error, out), ReplyKind::ServiceError),
        Err(CallError::NotExecuted(why)) => return Err(why.clone().into()),
        Err(CallError::Unknown(why)) => return Err(why.clone().into()),
    };
    match encoded {
        Ok(()) => Ok(kind),
        // The turn has run: that its answer can't be carried doesn't undo it.
        Err(error) => Err(Unknown::Unreadable { why: error.to_string().into() }.into()),
    }
}
