//! How a call ended, for counting.

use crate::outcome::CallError;

/// How a call ended, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// With an answer.
    Answered,
    /// With a service error.
    ServiceError,
    /// Not executed.
    NotExecuted,
    /// With an unknown outcome.
    Unknown,
}

impl Ended {
    /// How `outcome` is counted.
    pub const fn of<T, E>(outcome: &Result<T, CallError<E>>) -> Self {
        match outcome {
            Ok(_) => Self::Answered,
            Err(CallError::Service(_)) => Self::ServiceError,
            Err(CallError::NotExecuted(_)) => Self::NotExecuted,
            Err(CallError::Unknown(_)) => Self::Unknown,
        }
    }
}
