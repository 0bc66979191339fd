//! The failure of a call inside a handler, passed on with a `?`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::CallError;
use crate::context;
use crate::contract::{Layout, Message, ServiceError, Shape};

/// A call that a handler made failed, and the handler passed that on.
///
/// An error type that holds one (its variant marked `#[error(inner)]`) takes any failed call with a
/// `?`; the runtime then reports the handler's own call as
/// [`Unknown::Inner`](super::Unknown::Inner), for the handler may have done things before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InnerError {
    /// The service that was called.
    pub service: Box<str>,
    /// The method that was called.
    pub method: Box<str>,
    /// Why that call failed, for people.
    pub cause: Box<str>,
}

// So that an error that holds one is a message. It never crosses as a part of it: the runtime turns
// such an error into `Unknown::Inner` before.
#[diagnostic::do_not_recommend]
impl Message for InnerError {
    const SHAPE: Shape = <Box<str>>::SHAPE.and(<Box<str>>::SHAPE).and(<Box<str>>::SHAPE).inside(0);

    fn layout(out: &mut Layout) {
        out.text("{");
        out.field::<Box<str>>("service");
        out.field::<Box<str>>("method");
        out.field::<Box<str>>("cause");
        out.text("}");
    }
}

impl<E: ServiceError> From<CallError<E>> for InnerError {
    fn from(error: CallError<E>) -> Self {
        let at = context::last_failed::<E>();
        let (service, method) = at.map_or(("?", "?"), |at| (at.service.name(), at.method));
        Self { service: service.into(), method: method.into(), cause: error.to_string().into() }
    }
}

impl fmt::Display for InnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} failed: {}", self.service, self.method, self.cause)
    }
}

impl std::error::Error for InnerError {}
