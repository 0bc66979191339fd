//! The failure of a call inside a handler, passed on with a `?`.

use std::fmt;

use serde::{Deserialize, Serialize};

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

impl fmt::Display for InnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} failed: {}", self.service, self.method, self.cause)
    }
}

impl std::error::Error for InnerError {}
