//! One service at the other end of a link, as the core calls it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, NotExecuted};
use seam_core::remote::{
    Caller, Form, Outbound, Remote, RemoteReply, Replies, ReplyBody, Sent, Ticket,
};

use super::channel::{Channel, Inner, Open};
use super::near;
use super::offered::{Offered, Offering};
use crate::agree::MethodState;
use crate::convert::{state_to_wire, trace_to_wire};
use crate::frame::{CallHead, CallId, Extensions};
use crate::identity::wanted;
use crate::session::NotSent;
use crate::violation::EncodeError;

/// With so many bytes waiting to be written, further calls are refused.
const MAX_BACKLOG: usize = 16 << 20;
/// When to try again after a refusal: about when the answers of a full window have come.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// A service at the other end of a [`Link`](super::Link).
pub struct RemoteService {
    channel: Arc<Channel>,
    service: ServiceId,
    /// Its place among what was agreed on the channel.
    place: usize,
    offered: Arc<Offered>,
}

impl RemoteService {
    pub(super) fn new(
        channel: Arc<Channel>,
        service: ServiceId,
        contract: &ContractDescriptor,
        form: Form,
    ) -> Self {
        let (place, offered) = channel.want(wanted(service.name(), contract, form));
        Self { channel, service, place, offered }
    }

    /// What is offered of it: whether it can be called, and whether it is well. Costs one load.
    #[inline]
    pub fn offering(&self) -> Offering {
        self.offered.is()
    }

    /// Whether it can be called now, as far as this side knows: its link is connected, the unit there
    /// says that the service is active, isn't leaving, and has at least one of the methods that this side
    /// was built with. Costs one load.
    ///
    /// What isn't offered is refused by [`Remote::send`], mostly as unavailable.
    #[inline]
    pub fn is_offered(&self) -> bool {
        self.offered.is().is_some()
    }

    /// Tells `follower` at once what [`RemoteService::offering`] says, and whenever it says otherwise,
    /// each time on the thread that has found that out. It is told that the service isn't offered any
    /// more before any call fails for that reason.
    ///
    /// It must not block, follow or drop the link: others wait for it.
    pub fn follow(&self, follower: impl Fn(Offering) + Send + Sync + 'static) {
        self.offered.follow(Box::new(follower));
    }

    /// A call of the edge leaves by its thread's own connection where that stands.
    #[inline(never)] // what it takes to make one stays out of the way of all others
    fn send_from_edge(&self, call: &Outbound<'_>) -> Sent {
        if let Some(near) = near::beside(&self.channel) {
            match self.send_over(&near, call) {
                Ok(ticket) => return Sent::Waits(RemoteReply::kept(near, ticket)),
                Err(why) if matches!(*why, NotExecuted::Unavailable { .. }) => {}
                Err(why) => return Sent::failed(*why),
            }
        }
        self.send_from_here(call)
    }

    fn send_from_here(&self, call: &Outbound<'_>) -> Sent {
        self.send_over(&self.channel, call).map_or_else(|why| Sent::failed(*why), Sent::Kept)
    }

    /// Sends a call over a channel; or why not, boxed, so that a ticket is handed on in a register.
    #[inline(never)] // so that there is one of it, with all that it takes in it
    fn send_over(
        &self,
        channel: &Channel,
        call: &Outbound<'_>,
    ) -> Result<Ticket, Box<NotExecuted>> {
        let context = call.context;
        if context.deadline <= call.now {
            return Err(NotExecuted::DeadlineExceeded.into());
        }
        let mut inner = channel.lock();
        let Inner { connection: Some(open), origin, .. } = &mut *inner else {
            return Err(inner.unavailable().into());
        };
        let (service, method) = self.find(open, call)?;
        let waiting = open.session.output_len();
        if waiting > MAX_BACKLOG {
            return Err(NotExecuted::Overloaded { retry_after: RETRY_AFTER }.into());
        }
        let entries;
        let extensions = match context.tracestate() {
            None => Extensions::NONE,
            Some(state) => {
                entries = state_to_wire(state).map_err(|why| unwritable(&why))?;
                entries.entries()
            }
        };
        let head = CallHead {
            id: CallId::default(),
            service,
            method,
            micros: micros(context.deadline.nanos_since(call.now)),
            trace: trace_to_wire(&context.trace),
            no_retry: context.no_retry,
            form: call.form,
            origin: origin.of(context, call.caller).map_err(|why| unwritable(&why))?,
            extensions,
        };
        let sent = open.session.call(head, context.deadline, |out| call.body.encode(out));
        let (id, waiter) = sent.map_err(|error| refused(&error))?;
        let before = waiter.wait(call.waker);
        drop(inner);
        drop(before);
        if waiting == 0 {
            channel.driver.wake();
        }
        Ok(Ticket::new(id.0))
    }

    /// The call's numbers on this connection.
    #[inline]
    fn find(&self, open: &Open, call: &Outbound<'_>) -> Result<(u16, u16), Box<NotExecuted>> {
        if let Some(Some(table)) = open.tables.get(self.place)
            && table.active
            && let Some(MethodState::Usable(method)) =
                table.methods.get(usize::from(call.method.index))
        {
            return Ok((table.service, *method));
        }
        Err(self.not_found(open, call))
    }

    /// Why a call has no numbers there.
    #[cold]
    fn not_found(&self, open: &Open, call: &Outbound<'_>) -> Box<NotExecuted> {
        let Some(Some(table)) = open.tables.get(self.place) else {
            let Some(hello) = &open.hello else {
                let reason = "the connection to its unit is not ready";
                return NotExecuted::unavailable(reason).into();
            };
            let reason = format!("unit {} hosts no service {}", hello.unit, self.service);
            return NotExecuted::unavailable(reason).into();
        };
        if !table.active {
            let (unit, instance) = open.hello.as_ref().map_or(("", 0), |h| (&h.unit, h.instance));
            let reason = format!("`{}` isn't active in {unit}.{instance}", self.service);
            return NotExecuted::unavailable(reason).into();
        }
        let differs = match table.methods.get(usize::from(call.method.index)) {
            Some(MethodState::Differs) => "has other types",
            _ => "does not exist",
        };
        let (service, method) = (self.service, call.method.name);
        let what =
            format!("{service}.{method} {differs} in the callee's contract {}", table.version);
        NotExecuted::Incompatible { what: what.into() }.into()
    }
}

/// In microseconds, as far as they go.
#[inline]
fn micros(nanos: u64) -> u32 {
    u32::try_from(nanos / 1_000).unwrap_or(u32::MAX)
}

#[cold]
fn refused<E: fmt::Display>(error: &NotSent<E>) -> Box<NotExecuted> {
    match error {
        NotSent::NoCredit(_) => NotExecuted::Overloaded { retry_after: RETRY_AFTER }.into(),
        NotSent::NotOpen | NotSent::PeerLeft => NotExecuted::unavailable(error.to_string()).into(),
        NotSent::NoJson => NotExecuted::Incompatible { what: error.to_string().into() }.into(),
        NotSent::Encode(error) => unwritable(error),
    }
}

#[cold]
fn unwritable<E: fmt::Display>(error: &EncodeError<E>) -> Box<NotExecuted> {
    NotExecuted::bad_request(error.to_string()).into()
}

impl Remote for RemoteService {
    fn send(&self, call: Outbound<'_>) -> Sent {
        if call.caller == Caller::Edge {
            return self.send_from_edge(&call);
        }
        self.send_from_here(&call)
    }
}

impl Replies for RemoteService {
    fn poll(
        &self,
        ticket: Ticket,
        cx: &mut Context<'_>,
        body: &mut ReplyBody,
    ) -> Poll<Result<(), Box<Failure>>> {
        self.channel.poll(ticket, cx, body)
    }

    fn forget(&self, ticket: Ticket) {
        self.channel.forget(ticket);
    }
}

impl fmt::Debug for RemoteService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteService({} at {})", self.service, self.channel.way)
    }
}
