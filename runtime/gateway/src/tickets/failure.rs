//! Why there is no ticket.

use seam_core::outcome::Code;

use crate::problem::Problem;

/// Why a call isn't kept. The texts are for the log: clients aren't told them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// The key has a ticket of another call: 422.
    #[error("the key has a ticket of another call")]
    KeyReused,
    /// The key has a ticket whose result isn't kept any longer, so the call isn't made again: 410.
    #[error("the result of the key's ticket isn't kept any longer")]
    Expired,
    /// The arguments are larger than what may be kept: 413.
    #[error("the arguments take over {limit} bytes")]
    TooLarge {
        /// How many bytes they may have.
        limit: usize,
    },
    /// Nothing was kept, and asking again may help: 503.
    #[error("nothing was kept: {why}")]
    Unavailable {
        /// The cause.
        why: String,
    },
    /// It isn't known whether the call is kept: 503.
    #[error("it isn't known whether the call is kept: {why}")]
    Unknown {
        /// The cause.
        why: String,
    },
}

/// Why nothing can be said of a ticket. The texts are for the log: clients aren't told them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// There is no ticket of that id: 404.
    #[error("there is no such ticket")]
    NotFound,
    /// Its call has ended, and the result isn't kept any longer: 410.
    #[error("the ticket's result isn't kept any longer")]
    Expired,
    /// Whoever knows it can't be asked now: 503.
    #[error("the ticket can't be asked for now: {why}")]
    Unavailable {
        /// The cause.
        why: String,
    },
}

impl From<KeepError> for Problem {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::KeyReused => {
                let why = "this `Idempotency-Key` has a ticket already, of another call";
                Self::new(Code::IdempotencyKeyReused, why)
            }
            KeepError::Expired => Self::ticket_expired(),
            KeepError::TooLarge { limit } => {
                let why = format!("the arguments take over {limit} bytes, as much as is kept");
                Self::new(Code::TooLarge, why)
            }
            KeepError::Unavailable { why } => {
                Self::unavailable("the call can't be kept now").because(why)
            }
            KeepError::Unknown { why } => Self::maybe_kept().because(why),
        }
    }
}

impl From<FindError> for Problem {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound => Self::ticket_not_found(),
            FindError::Expired => Self::ticket_expired(),
            FindError::Unavailable { why } => {
                Self::unavailable("the ticket can't be asked for now").because(why)
            }
        }
    }
}
