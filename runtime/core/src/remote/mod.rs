//! The border between the call path and the wire: encoded calls out, and encoded calls in.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::codec::{self, CodecError};
use crate::context::{CallContext, InboundContext};
use crate::contract::{ContractDescriptor, Message, MethodSpec};
pub use crate::name::Caller;
use crate::name::ServiceId;
use crate::outcome::{Failure, NotExecuted, Unknown};
use crate::record::Ended;
use crate::time::Moment;

mod body;
mod carrier;
mod form;
mod own;
mod reply;

pub use self::body::Body;
pub use self::carrier::{Carrier, Carries};
pub use self::form::Form;
pub use self::own::{ask_named, ask_own, own_answer, own_contract, serve_named};
pub use self::reply::RemoteReply;

/// Something that carries calls to an instance elsewhere.
///
/// `send` admits the call: it queues the frame synchronously, so that calls leave in the order in
/// which they were first polled, and says how its reply is waited for. The implementation enforces
/// `context.deadline` and tells *not executed* from *unknown*.
pub trait Remote: Replies {
    /// Sends a call.
    fn send(&self, call: Outbound<'_>) -> Sent;

    /// Whether another attempt could go elsewhere than the first: there are several endpoints.
    fn has_others(&self) -> bool {
        false
    }

    /// Whether what can't be had now may be had by another attempt: endpoints come and go.
    fn may_come_back(&self) -> bool {
        false
    }

    /// The wait for somebody who takes calls, for the one that was [`Sent::Nowhere`]. It ends with
    /// the wait for nothing, too: the next attempt tells.
    fn anybody(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

/// Where replies arrive and are kept until they are fetched, so that waiting for one of them takes no
/// memory of its own.
pub trait Replies: Send + Sync + 'static {
    /// The reply to a call that was [`Sent::Kept`]: written to the empty `body`, once. Until it is
    /// there, remembers whom to wake. A failure is boxed, for its room would be copied without one.
    fn poll(
        &self,
        _: Ticket,
        _: &mut Context<'_>,
        _: &mut ReplyBody,
    ) -> Poll<Result<(), Box<Failure>>> {
        Poll::Ready(Err(Box::new(Unknown::Abandoned.into())))
    }

    /// Nobody waits any more for the reply to a call that was [`Sent::Kept`]: the call is cancelled.
    fn forget(&self, _: Ticket) {}
}

/// How the reply to a call that was sent is waited for.
#[derive(Debug)]
pub enum Sent {
    /// It is kept where it arrives until it is fetched by [`Replies::poll`]: waiting for it takes no
    /// memory of its own. It will wake whom the call named, and isn't polled before that.
    Kept(Ticket),
    /// By this. Dropping it cancels the call.
    Waits(RemoteReply),
    /// It wasn't sent, for nobody takes it now, who may at any moment: the service starts, moves, or
    /// changes hands. [`Remote::anybody`] waits for that. Why, for people.
    Nowhere(Box<str>),
}

impl Sent {
    /// The call failed at once.
    pub fn failed(why: impl Into<Failure>) -> Self {
        Self::Waits(RemoteReply::ready(Err(why.into())))
    }

    /// The wait for the reply, whichever it is; `remote` is who sent the call.
    pub fn by(self, remote: &Arc<dyn Remote>) -> RemoteReply {
        match self {
            Self::Kept(ticket) => RemoteReply::kept(Arc::<dyn Remote>::clone(remote), ticket),
            Self::Waits(reply) => reply,
            Self::Nowhere(reason) => {
                RemoteReply::ready(Err(NotExecuted::Unavailable { reason }.into()))
            }
        }
    }
}

/// A call whose reply is kept until it is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The number under which its [`Replies`] know it.
    pub id: u64,
    /// Which endpoint carries it, where there are several.
    pub carrier: Carrier,
}

impl Ticket {
    /// A ticket of who knows only one endpoint.
    #[inline]
    pub const fn new(id: u64) -> Self {
        Self { id, carrier: Carrier::ONLY }
    }
}

/// A call on its way out.
pub struct Outbound<'a> {
    /// The service that is called.
    pub service: ServiceId,
    /// The method, and its index in the contract.
    pub method: &'static MethodSpec,
    /// Who calls.
    pub caller: Caller,
    /// What travels with the call; its chain holds the services that wait, the caller last.
    pub context: &'a CallContext,
    /// The arguments; encoded straight into the connection's buffer.
    pub body: &'a dyn Encode,
    /// In what form they are.
    pub form: Form,
    /// The endpoints, a bit for each, on which earlier attempts of the call failed.
    pub tried: u64,
    /// The hash of what the method is routed by, if it is.
    pub key: Option<u64>,
    /// The time, read just now.
    pub now: Moment,
    /// Whom to wake once the reply is there: see [`Sent::Kept`].
    pub waker: &'a Waker,
}

impl fmt::Debug for Outbound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbound({}.{})", self.service, self.method.name)
    }
}

/// Something that can append itself, encoded, to a buffer.
pub trait Encode {
    /// Appends the encoded value; on an error the buffer is as it was.
    ///
    /// # Errors
    /// As [`codec::encode`].
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;
}

impl<T: Message> Encode for T {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        codec::encode(self, out)
    }
}

/// Which kind of reply a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyKind {
    /// The method's answer.
    #[default]
    Answer,
    /// Its service error.
    ServiceError,
}

impl From<ReplyKind> for Ended {
    /// How a call with a reply of this kind is counted.
    fn from(kind: ReplyKind) -> Self {
        match kind {
            ReplyKind::Answer => Self::Answered,
            ReplyKind::ServiceError => Self::ServiceError,
        }
    }
}

/// An encoded reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplyBody {
    /// What the bytes are.
    pub kind: ReplyKind,
    /// Whether a fallback had part in it.
    pub degraded: bool,
    /// The encoded answer or service error; most are so short that they take no memory of their
    /// own.
    pub bytes: Body,
    /// When it was there.
    pub at: Moment,
}

/// A service of this unit, as the wire's listener sees it.
pub trait Inlet: Send + Sync + 'static {
    /// The service's name.
    fn service(&self) -> ServiceId;

    /// Its contract.
    fn descriptor(&self) -> &'static ContractDescriptor;

    /// Admits a call and begins its turn. If it is over at once, its reply's body has been appended
    /// to `out`; otherwise the wait for it is returned, and dropping that is the caller going away.
    fn serve(&self, inbound: Inbound<'_>, out: &mut Vec<u8>) -> Served;
}

/// A call that came in.
#[derive(Debug)]
pub struct Inbound<'a> {
    /// The method's index in the contract.
    pub method: u16,
    /// The encoded arguments.
    pub body: &'a [u8],
    /// In what form they are, and in which its reply is wanted.
    pub form: Form,
    /// What came with the call: its deadline, as reckoned from the moment when its bytes were read;
    /// the caller's own span for it; the services that wait for it; on whose behalf it is made.
    pub context: &'a mut InboundContext,
    /// Who makes it.
    pub caller: Caller,
    /// The time, read just now.
    pub now: Moment,
}

/// What became of a call that came in. A tag and a word, which are handed on in registers: what is
/// rare is boxed.
pub enum Served {
    /// It is over, since that moment; its answer has been appended.
    Answered(Moment),
    /// It is over, since that moment; its service error has been appended.
    ServiceError(Moment),
    /// As [`Served::Answered`], and a fallback had part in the answer.
    Degraded(Moment),
    /// As [`Served::ServiceError`], and a fallback had part in the error.
    DegradedError(Moment),
    /// It failed.
    Failed(Box<Failure>),
    /// It runs or waits. It needs no polling to go on, only to be told when it is over.
    Later(Box<RemoteReply>),
}

const _: () = assert!(size_of::<Option<Served>>() == 2 * size_of::<u64>());

impl Served {
    /// A call that was over at that moment, with a reply of that kind.
    #[inline]
    pub const fn replied(kind: ReplyKind, at: Moment) -> Self {
        match kind {
            ReplyKind::Answer => Self::Answered(at),
            ReplyKind::ServiceError => Self::ServiceError(at),
        }
    }

    /// The same, and a fallback had part in it. A reply that comes later says so itself, in its
    /// [`ReplyBody::degraded`].
    #[must_use]
    pub fn degraded(self) -> Self {
        match self {
            Self::Answered(at) => Self::Degraded(at),
            Self::ServiceError(at) => Self::DegradedError(at),
            other => other,
        }
    }

    /// The call failed.
    #[cold]
    pub fn failed(why: impl Into<Failure>) -> Self {
        Self::Failed(Box::new(why.into()))
    }

    /// The wait for the reply, whichever way it is; `out` is what was appended.
    pub fn into_reply(self, out: Vec<u8>) -> RemoteReply {
        let replied = |kind, degraded, at| {
            RemoteReply::ready(Ok(ReplyBody { kind, degraded, bytes: out.into(), at }))
        };
        match self {
            Self::Answered(at) => replied(ReplyKind::Answer, false, at),
            Self::ServiceError(at) => replied(ReplyKind::ServiceError, false, at),
            Self::Degraded(at) => replied(ReplyKind::Answer, true, at),
            Self::DegradedError(at) => replied(ReplyKind::ServiceError, true, at),
            Self::Failed(failure) => RemoteReply::ready(Err(*failure)),
            Self::Later(reply) => *reply,
        }
    }

    /// The call's reply comes later.
    pub fn later<F>(reply: F) -> Self
    where
        F: Future<Output = Result<ReplyBody, Failure>> + Send + 'static,
    {
        Self::Later(Box::new(RemoteReply::from_future(reply)))
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(_) => f.write_str("Answered"),
            Self::ServiceError(_) => f.write_str("ServiceError"),
            Self::Degraded(_) => f.write_str("Degraded"),
            Self::DegradedError(_) => f.write_str("DegradedError"),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}
