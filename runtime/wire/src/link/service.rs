//! One service at the other end of a link, as the core calls it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, NotExecuted};
use seam_core::remote::{Caller, Outbound, Remote, RemoteReply};

use super::lane::{Inner, Lane, Open};
use super::near;
use crate::agree::MethodState;
use crate::convert::trace_to_wire;
use crate::frame::{CallHead, CallId};
use crate::identity::offer;
use crate::session::NotSent;
use crate::violation::EncodeError;

/// With so many bytes waiting to be written, further calls are refused.
const MAX_BACKLOG: usize = 16 << 20;
/// When to try again after a refusal: about when the answers of a full window have come.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// A service at the other end of a [`Link`](super::Link).
pub struct RemoteService {
    lane: Arc<Lane>,
    service: ServiceId,
    /// Its place among what was agreed on the lane.
    place: usize,
}

impl RemoteService {
    pub(super) fn new(
        lane: Arc<Lane>,
        service: ServiceId,
        contract: &'static ContractDescriptor,
    ) -> Self {
        let place = lane.want(offer(service.name(), contract));
        Self { lane, service, place }
    }

    /// A call of the edge leaves by its thread's own connection where that stands.
    fn try_send(&self, call: &Outbound<'_>) -> Result<RemoteReply, Failure> {
        if call.caller == Caller::Edge
            && let Some(near) = near::beside(&self.lane)
        {
            let sent = self.send_over(near, call);
            if !matches!(sent, Err(Failure::NotExecuted(NotExecuted::Unavailable { .. }))) {
                return sent;
            }
        }
        self.send_over(Arc::clone(&self.lane), call)
    }

    fn send_over(&self, lane: Arc<Lane>, call: &Outbound<'_>) -> Result<RemoteReply, Failure> {
        let context = call.context;
        let remaining = context.deadline.since(call.now);
        if remaining.is_zero() {
            return Err(NotExecuted::DeadlineExceeded.into());
        }
        let mut inner = lane.lock();
        let Inner { connection: Some(open), waiters, said, .. } = &mut *inner else {
            return Err(inner.unavailable().into());
        };
        let (service, method) = self.find(open, call)?;
        let idle = open.session.output_len() == 0;
        if open.session.output_len() > MAX_BACKLOG {
            return Err(NotExecuted::Overloaded { retry_after: RETRY_AFTER }.into());
        }
        let key = waiters.next();
        let (chain, caller) = said.of(context, call.caller);
        let head = CallHead {
            id: CallId::default(),
            service,
            method,
            remaining,
            trace: trace_to_wire(&context.trace),
            no_retry: false,
            chain,
            caller,
            principal: context.principal.as_deref(),
        };
        let sent = open.session.call(head, context.deadline, key, |out| call.body.encode(out));
        let id = sent.map_err(|error| self.refused(&error))?;
        waiters.take().wait(call.waker);
        drop(inner);
        if idle {
            lane.driver.wake();
        }
        Ok(RemoteReply::kept(lane, key, id.0))
    }

    /// The call's numbers on this connection.
    fn find(&self, open: &Open, call: &Outbound<'_>) -> Result<(u16, u16), Failure> {
        let Some(Some(table)) = open.tables.get(self.place) else {
            let Some(hello) = &open.hello else {
                let reason = "the handshake with its unit is not done";
                return Err(NotExecuted::unavailable(reason).into());
            };
            let reason = format!("unit {} hosts no service {}", hello.unit, self.service);
            return Err(NotExecuted::unavailable(reason).into());
        };
        let differs = match table.methods.get(usize::from(call.method.index)) {
            Some(MethodState::Usable(method)) => return Ok((table.service, *method)),
            Some(MethodState::Differs) => "has other types",
            _ => "does not exist",
        };
        let (service, method) = (self.service, call.method.name);
        let what =
            format!("{service}.{method} {differs} in the callee's contract {}", table.version);
        Err(NotExecuted::Incompatible { what: what.into() }.into())
    }

    fn refused<E: fmt::Display>(&self, error: &NotSent<E>) -> Failure {
        match error {
            NotSent::NoCredit(_) => NotExecuted::Overloaded { retry_after: RETRY_AFTER }.into(),
            NotSent::NotOpen | NotSent::PeerLeft => {
                NotExecuted::unavailable(error.to_string()).into()
            }
            NotSent::Encode(EncodeError::Body(_) | EncodeError::FrameTooLarge { .. })
            | NotSent::Encode(EncodeError::TooLong { .. }) => {
                NotExecuted::bad_request(error.to_string()).into()
            }
        }
    }
}

impl Remote for RemoteService {
    fn send(&self, call: Outbound<'_>) -> RemoteReply {
        self.try_send(&call).unwrap_or_else(|failure| RemoteReply::ready(Err(failure)))
    }
}

impl fmt::Debug for RemoteService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteService({} at {})", self.service, self.lane.address)
    }
}
