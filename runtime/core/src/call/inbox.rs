//! Encoded calls in: the policy that every call from elsewhere passes, and its turn.

use std::fmt;
use std::sync::Arc;
use std::task::Poll;

use super::admission::Admission;
use super::dispatch::{self, Callable, Dispatch};
use super::guests::Guests;
use super::json;
use super::permits::Permits;
use crate::codec;
use crate::context::{SpanId, Spot, TurnContext};
use crate::contract::{Contract, ContractDescriptor, Method, MethodSpec};
use crate::live::Live;
use crate::metrics::{Ended, Finish, Meter, Meters, Way};
use crate::name::ServiceId;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::record::{self, Bodies, Fate};
use crate::remote::{Caller, Form, Inbound, Inlet, ReplyBody, ReplyKind, Served};
use crate::time::Moment;
use crate::turn::{Begun, Held, Outcome, TurnStart};

/// The way in to a service of this unit for encoded calls.
pub struct Inbox<C: Contract> {
    entrance: Entrance,
    host: Arc<C::Host>,
}

/// Whose way in it is, and for whom.
#[derive(Debug)]
pub struct Entrance {
    service: ServiceId,
    /// The services that declare that they call this one.
    callers: Box<[ServiceId]>,
    /// Services that the app doesn't know and that call this one all the same, where those may come.
    guests: Option<Live<Guests>>,
    /// Rules that leave some callers out.
    permits: Arc<Permits>,
    /// What counts the calls, of each caller.
    meters: Arc<Meters>,
}

impl Entrance {
    /// Whether a call may begin; `method` is what it calls, if there is such a method.
    #[inline]
    fn admit(&self, method: Option<&MethodSpec>, inbound: &Inbound<'_>) -> Result<(), NotExecuted> {
        let Inbound { caller, now, .. } = *inbound;
        let admission = Admission { service: self.service, method, caller, now };
        let guests = self.guests.as_ref();
        admission.incoming(inbound.context, &self.callers, |caller| {
            guests.is_some_and(|guests| guests.load().lets_in(caller))
        })?;
        self.permits.admit(self.service, method, caller)
    }

    /// Whether a call of the edge may begin with that message: its edge has looked as well, but this
    /// unit may have rules of its own.
    #[inline(never)] // calls of services pass it by
    fn admit_behalf<M: Method>(
        &self,
        message: &M,
        inbound: &Inbound<'_>,
    ) -> Result<(), NotExecuted> {
        let principal = inbound.context.principal.as_deref();
        self.permits.admit_behalf(self.service, message, principal)
    }
}

impl<C: Dispatch> Inbox<C> {
    /// A way in for the services `callers`, the program and the edge.
    pub fn new(
        service: ServiceId,
        host: Arc<C::Host>,
        callers: impl IntoIterator<Item = ServiceId>,
        meters: Arc<Meters>,
    ) -> Self {
        let (callers, permits) = (callers.into_iter().collect(), Arc::default());
        Self { entrance: Entrance { service, callers, guests: None, permits, meters }, host }
    }

    /// The same by rules that leave some callers out.
    #[must_use]
    pub fn permitting(mut self, permits: Arc<Permits>) -> Self {
        self.entrance.permits = permits;
        self
    }

    /// The same for services that the app doesn't know, where those may come: what they call is
    /// theirs to declare.
    #[must_use]
    pub fn welcoming(mut self, guests: Live<Guests>) -> Self {
        self.entrance.guests = Some(guests);
        self
    }

    #[cold]
    fn no_such_method(&self, inbound: &Inbound<'_>) -> Served {
        if let Err(why) = self.entrance.admit(None, inbound) {
            return Served::failed(why);
        }
        let what = format!("`{}` has no method number {}", C::NAME, inbound.method).into();
        Served::failed(NotExecuted::Incompatible { what })
    }
}

impl<C: Dispatch> Inlet for Inbox<C> {
    fn service(&self) -> ServiceId {
        self.entrance.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        C::descriptor()
    }

    fn serve(&self, mut inbound: Inbound<'_>, out: &mut Vec<u8>) -> Served {
        let served = C::serve(&self.host, &self.entrance, &mut inbound, out);
        served.unwrap_or_else(|| self.no_such_method(&inbound))
    }
}

impl<C: Contract> fmt::Debug for Inbox<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inbox").field(&self.entrance.service).finish()
    }
}

/// Admits a call of the method `M`, decodes its arguments, runs its turn, and encodes the outcome.
/// Used by generated code.
pub fn serve<M: Callable>(
    host: &<M::Contract as Contract>::Host,
    entrance: &Entrance,
    inbound: &mut Inbound<'_>,
    out: &mut Vec<u8>,
) -> Served {
    let meter = entrance.meters.of(inbound.caller);
    if let Err(why) = entrance.admit(Some(M::SPEC), inbound) {
        return refused::<M>(meter, inbound, why.into());
    }
    let form = inbound.form;
    let mut message: Held<M> = match form {
        Form::Encoded => match codec::read(inbound.body) {
            Ok(message) => Held::Here(message),
            Err(fault) => return refused::<M>(meter, inbound, malformed(&fault.into())),
        },
        Form::Json => match json::message(inbound.body) {
            Ok(message) => Held::Here(message),
            Err(why) => {
                return refused::<M>(meter, inbound, NotExecuted::bad_request(why).into());
            }
        },
    };
    if inbound.caller == Caller::Edge
        && let Held::Here(message) = &message
        && let Err(why) = entrance.admit_behalf(message, inbound)
    {
        return refused::<M>(meter, inbound, why.into());
    }
    if meter.watches_bodies()
        && let Held::Here(message) = &message
    {
        record::lay_aside(M::SPEC, record::shown(message));
    }
    let (now, span) = (inbound.now, inbound.context.trace.span);
    let context = TurnContext::lent(entrance.service, &M::SPEC.name, inbound.context);
    let (mut context, mut polled) = (Some(context), Poll::Pending);
    let (message, outcome) = (&mut message, &mut polled);
    let start = TurnStart { message, context: &mut context, outcome, now, meter };
    let begun = dispatch::begin(start, host);
    let degraded = context.as_ref().is_some_and(TurnContext::is_degraded);
    if let (Begun::Done(at), Poll::Ready(outcome)) = (&begun, &polled) {
        let took = at.nanos_since(now);
        // By its caller's span: who makes it may never hear of its end.
        meter.recorder().fates().keep(span, Fate::of(Ended::of(outcome)));
        let told = match outcome {
            Ok(_) => {
                meter.answered(Way::Served, M::SPEC.index, took)
                    || context.as_ref().is_some_and(TurnContext::is_sampled)
            }
            Err(_) => true,
        };
        if told {
            over::<M>(meter, outcome, &mut context, (now, took));
        }
    }
    // A turn that goes on keeps it.
    if let Some(context) = &mut context {
        context.give_back(inbound.context);
    }
    TurnContext::end(context);
    match (begun, &polled) {
        // Most calls: nothing else is looked at.
        (Begun::Done(at), Poll::Ready(Ok(answer)))
            if form == Form::Encoded && codec::encode(answer, out).is_ok() =>
        {
            if degraded {
                Served::Degraded(at)
            } else {
                Served::Answered(at)
            }
        }
        (Begun::Done(at), Poll::Ready(outcome)) => match encode::<M>(outcome, form, out) {
            Ok(kind) => marked(Served::replied(kind, at), degraded),
            Err(failure) => Served::failed(failure),
        },
        // `Done` says that there is one.
        (Begun::Done(_), Poll::Pending) => Served::failed(Unknown::Abandoned),
        (Begun::Pending(mut reply), _) => {
            let meter = Arc::clone(meter);
            reply.mark_elsewhere();
            Served::later(async move {
                let mut out = Vec::new();
                let outcome = (&mut reply).await;
                let ended = Ended::of(&outcome);
                // Its turn may go on: then that leaves word.
                if ended != Ended::Unknown {
                    meter.recorder().fates().keep(span, Fate::of(ended));
                }
                let kind = encode::<M>(&outcome, form, &mut out)?;
                let (bytes, at, degraded) = (out.into(), meter.now(), reply.is_degraded());
                Ok(ReplyBody { kind, bytes, at, degraded })
            })
        }
    }
}

/// A call that doesn't begin, counted.
#[cold]
fn refused<M: Method>(meter: &Meter, inbound: &Inbound<'_>, why: Failure) -> Served {
    let took = meter.now().nanos_since(inbound.now);
    let finish = Finish::failed(&why, inbound.now, took);
    let trace = &inbound.context.trace;
    let spot = || (Spot::within(trace, SpanId::random()), None);
    meter.recorder().fates().keep(trace.span, Fate::Failed);
    meter.finished(Way::Served, M::SPEC.index, &finish, spot, Bodies::default);
    Served::failed(why)
}

/// Records a call that was over at once, and counts it if it wasn't answered.
#[cold]
fn over<M: Method>(
    meter: &Meter,
    outcome: &Outcome<M::Answer, M::Error>,
    context: &mut Option<TurnContext>,
    (began, took): (Moment, u64),
) {
    let Some(context) = context else { return };
    let finish = Finish::of(outcome, began, took);
    let spot = || (context.spot(), context.link());
    let bodies = || Bodies {
        arguments: record::fetch(M::SPEC),
        answer: outcome.as_ref().ok().and_then(record::shown),
    };
    match finish.ended {
        Ended::Answered => meter.record(Way::Served, M::SPEC.index, &finish, spot, bodies),
        _ => meter.finished(Way::Served, M::SPEC.index, &finish, spot, bodies),
    }
}

/// The same, told to be degraded if it is.
#[inline]
fn marked(served: Served, degraded: bool) -> Served {
    if degraded { served.degraded() } else { served }
}

#[cold]
fn malformed(error: &codec::CodecError) -> Failure {
    NotExecuted::bad_request(error.to_string()).into()
}

#[inline(never)]
fn encode<M: Method>(
    outcome: &Outcome<M::Answer, M::Error>,
    form: Form,
    out: &mut Vec<u8>,
) -> Result<ReplyKind, Failure> {
    let encoded = |encoded: Result<(), codec::CodecError>| encoded.map_err(|why| why.to_string());
    let (encoded, kind) = match (outcome, form) {
        (Ok(answer), Form::Encoded) => (encoded(codec::encode(answer, out)), ReplyKind::Answer),
        (Ok(answer), Form::Json) => (json::write_answer(answer, out), ReplyKind::Answer),
        (Err(CallError::Service(error)), Form::Encoded) => {
            (encoded(codec::encode(error, out)), ReplyKind::ServiceError)
        }
        (Err(CallError::Service(error)), Form::Json) => {
            (json::write_error(error, out), ReplyKind::ServiceError)
        }
        (Err(CallError::NotExecuted(why)), _) => return Err(why.clone().into()),
        (Err(CallError::Unknown(why)), _) => return Err(why.clone().into()),
    };
    match encoded {
        Ok(()) => Ok(kind),
        // The turn has run: that its answer can't be carried doesn't undo it.
        Err(why) => Err(Unknown::Unreadable { why: why.into() }.into()),
    }
}
