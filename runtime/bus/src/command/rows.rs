//! Commands and tickets as rows.

use std::time::Duration;

use seam_core::call::Kept;
use seam_core::contract::ServiceFailure;
use seam_core::outcome::{CallError, Failure, FailureParts};
use serde::{Deserialize, Serialize};

use crate::time::{Millis, millis};

/// A command that has no outcome yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) id: u128,
    /// Whom it is for.
    pub(super) service: String,
    /// Of a module that is asked by its queue.
    #[serde(default)]
    pub(super) version: Option<String>,
    pub(super) method: String,
    /// As JSON by name.
    #[serde(with = "serde_bytes")]
    pub(super) arguments: Vec<u8>,
    pub(super) due: Millis,
    /// How often it was begun.
    pub(super) attempts: u32,
    /// Whether it may be made again where it isn't known whether it ran.
    pub(super) idempotent: bool,
    pub(super) saga: bool,
    /// Whether an attempt has begun, and nobody has written down how it ended: only of those that may
    /// not be made again.
    pub(super) begun: bool,
    /// The trace that it belongs to, as a `traceparent`; empty if there is none.
    #[serde(default)]
    pub(super) trace: String,
    /// On whose behalf it is.
    #[serde(default)]
    pub(super) principal: Option<String>,
}

/// What is known of a command under its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) service: String,
    pub(super) method: String,
    /// When it was kept.
    pub(super) created: Millis,
    /// Under which its key is kept.
    #[serde(with = "serde_bytes")]
    pub(super) key: Vec<u8>,
    /// Whose it is, if anybody's: a principal's key.
    #[serde(default)]
    pub(super) owner: Option<String>,
    pub(super) state: RowState,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum RowState {
    /// The row of what is to be done has this number.
    Pending {
        number: u64,
    },
    /// It was answered; the answer is in so many pieces.
    Answered {
        attempts: u32,
        pieces: u32,
    },
    Failed {
        attempts: u32,
        failure: FailureRow,
    },
    /// It has ended so long ago that its result is gone.
    Expired,
}

/// How a call failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum FailureRow {
    Service { failure: Box<str>, whole: Option<Box<str>> },
    Runtime { code: u8, retry_after_ms: Option<u64>, texts: Vec<String> },
}

impl FailureRow {
    pub(crate) fn of(error: CallError<ServiceFailure>) -> Self {
        let runtime = |failure: Failure| {
            let FailureParts { code, retry_after, texts } = failure.to_parts();
            Self::Runtime { code, retry_after_ms: retry_after.map(millis), texts }
        };
        match error {
            CallError::Service(failure) => {
                // What came from JSON can be written there.
                let text = serde_json::to_string(&failure).unwrap_or_default();
                Self::Service { failure: text.into(), whole: failure.whole }
            }
            CallError::NotExecuted(why) => runtime(why.into()),
            CallError::Unknown(why) => runtime(why.into()),
        }
    }

    pub(crate) fn into_error(self) -> Result<CallError<ServiceFailure>, serde_json::Error> {
        Ok(match self {
            Self::Service { failure, whole } => {
                let failure: ServiceFailure = serde_json::from_str(&failure)?;
                CallError::Service(ServiceFailure { whole, ..failure })
            }
            Self::Runtime { code, retry_after_ms, texts } => {
                let retry_after = retry_after_ms.map(Duration::from_millis);
                Failure::from_parts(FailureParts { code, retry_after, texts }).into()
            }
        })
    }
}

/// A command, as others see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Whom it is for.
    pub service: String,
    /// The method.
    pub method: String,
    /// When it was kept.
    pub created: Millis,
    /// On whose behalf, if anybody's: a principal's [key](seam_core::context::Principal::key).
    pub owner: Option<String>,
    /// How often it was begun.
    pub attempts: u32,
    /// What has become of it.
    pub state: State,
}

/// What has become of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Nothing yet.
    Pending,
    /// It has come to its end.
    Ended(Kept),
    /// It did so long ago, and what came of it isn't kept any more.
    Expired,
}
