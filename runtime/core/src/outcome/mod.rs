//! What a call can come to: an answer, a service error, *not executed* or *unknown*.
//!
//! Only the runtime says [`NotExecuted`], and only before the turn: who gets one may try again,
//! knowing that nothing happened.

mod code;
mod inner;
mod member;
mod parts;

use std::fmt;
use std::time::Duration;

pub use self::code::{Certainty, Code};
pub use self::inner::InnerError;
pub use self::member::ProblemMember;
pub use self::parts::{Failure, FailureParts};

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError<E> {
    /// The service ran and said no: an error that its contract declares.
    #[error("{0}")]
    Service(E),
    /// The call did not run, and won't: it has had no effect.
    #[error("not executed: {0}")]
    NotExecuted(NotExecuted),
    /// The call may have run, in part or in whole: look before you leap.
    #[error("outcome unknown: {0}")]
    Unknown(Unknown),
}

impl<E> CallError<E> {
    /// Whether it is certain that the call had no effect.
    pub const fn not_executed(&self) -> bool {
        matches!(self, Self::NotExecuted(_))
    }

    /// Whether the call may have run.
    pub const fn unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// The same error with its service error changed by `f`.
    pub fn map_service<F>(self, f: impl FnOnce(E) -> F) -> CallError<F> {
        match self {
            Self::Service(error) => CallError::Service(f(error)),
            Self::NotExecuted(why) => CallError::NotExecuted(why),
            Self::Unknown(why) => CallError::Unknown(why),
        }
    }
}

impl<E> From<NotExecuted> for CallError<E> {
    fn from(why: NotExecuted) -> Self {
        Self::NotExecuted(why)
    }
}

impl<E> From<Unknown> for CallError<E> {
    fn from(why: Unknown) -> Self {
        Self::Unknown(why)
    }
}

impl<E> From<Failure> for CallError<E> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotExecuted(why) => Self::NotExecuted(why),
            Failure::Unknown(why) => Self::Unknown(why),
        }
    }
}

/// Why a call was certainly not executed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotExecuted {
    /// The callee has as much work as it may hold.
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// No instance can be reached, or the service is down.
    Unavailable {
        /// What is wrong, for people.
        reason: Box<str>,
    },
    /// The callee failed too often just now.
    BreakerOpen {
        /// When it will be tried again.
        retry_after: Duration,
    },
    /// The deadline passed before the turn began.
    DeadlineExceeded,
    /// The two sides' contracts differ in what this call needs.
    Incompatible {
        /// The method or field that differs.
        what: Box<str>,
    },
    /// The caller may not make this call.
    Denied {
        /// Who may not do what.
        why: Box<str>,
    },
    /// The arguments are no arguments of this method.
    BadRequest {
        /// What is wrong with them.
        why: Box<str>,
    },
    /// The call would enter a service that already waits for it.
    Cycle {
        /// The services on the way, the repeated one first and last.
        path: Box<[Box<str>]>,
    },
}

impl NotExecuted {
    /// An [`NotExecuted::Unavailable`] with its reason.
    pub fn unavailable(reason: impl Into<Box<str>>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }

    /// An [`NotExecuted::BadRequest`] with its reason.
    pub fn bad_request(why: impl Into<Box<str>>) -> Self {
        Self::BadRequest { why: why.into() }
    }

    /// Its code, for machines.
    pub const fn code(&self) -> Code {
        match self {
            Self::Overloaded { .. } => Code::Overloaded,
            Self::Unavailable { .. } => Code::Unavailable,
            Self::BreakerOpen { .. } => Code::BreakerOpen,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Incompatible { .. } => Code::Incompatible,
            Self::Denied { .. } => Code::Denied,
            Self::BadRequest { .. } => Code::BadRequest,
            Self::Cycle { .. } => Code::Cycle,
        }
    }

    /// When to try again, where the callee said so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after } | Self::BreakerOpen { retry_after } => {
                Some(*retry_after)
            }
            _ => None,
        }
    }
}

impl fmt::Display for NotExecuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded { retry_after } => {
                write!(f, "overloaded, try again in {retry_after:?}")
            }
            Self::Unavailable { reason } => write!(f, "unavailable: {reason}"),
            Self::BreakerOpen { retry_after } => {
                write!(f, "the breaker is open, try again in {retry_after:?}")
            }
            Self::DeadlineExceeded => f.write_str("the deadline passed before the turn began"),
            Self::Incompatible { what } => write!(f, "incompatible contracts: {what}"),
            Self::Denied { why } => write!(f, "denied: {why}"),
            Self::BadRequest { why } => write!(f, "bad request: {why}"),
            Self::Cycle { path } => write!(f, "a cycle of calls: {}", path.join(" -> ")),
        }
    }
}

/// Why nobody can say whether a call ran.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown {
    /// The connection was lost after the call was sent.
    ConnectionLost {
        /// What ended it.
        reason: Box<str>,
    },
    /// The deadline passed after the call was sent or its turn began.
    DeadlineExceeded,
    /// The handler panicked.
    Panicked,
    /// The turn ran past `turn_limit`, or was ended by a shutdown.
    Abandoned,
    /// The call ran, and its answer can't be carried or read.
    Unreadable {
        /// What is wrong with it.
        why: Box<str>,
    },
    /// A call that the handler made failed, and the handler passed that on.
    Inner(InnerError),
}

impl Unknown {
    /// Its code, for machines.
    pub const fn code(&self) -> Code {
        match self {
            Self::ConnectionLost { .. } => Code::ConnectionLost,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Panicked => Code::Panicked,
            Self::Abandoned => Code::Abandoned,
            Self::Unreadable { .. } => Code::Unreadable,
            Self::Inner(_) => Code::Inner,
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionLost { reason } => write!(f, "the connection was lost: {reason}"),
            Self::DeadlineExceeded => f.write_str("the deadline passed while the call ran"),
            Self::Panicked => f.write_str("the handler panicked"),
            Self::Abandoned => f.write_str("the turn was abandoned"),
            Self::Unreadable { why } => write!(f, "the call ran, but its answer is lost: {why}"),
            Self::Inner(inner) => inner.fmt(f),
        }
    }
}
