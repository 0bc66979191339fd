//! What is asked of a keeper and what it answers: JSON, so that keepers and askers of different
//! releases understand each other.

use serde::{Deserialize, Serialize};

use crate::entry::{Entry, Place};

/// What a keeper is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Request {
    /// Answered by [`Answer::Done`].
    Register { entry: Entry },
    /// Answered by [`Answer::Done`]: whether it was registered.
    Renew { place: Place, launch: u64 },
    /// Answered by [`Answer::Done`].
    Leave { place: Place, launch: u64 },
    /// Answered by [`Answer::Listed`]: at once if something has changed since, or else once it has or
    /// some seconds are over.
    Watch { seen: Option<Seen> },
    /// Answered by [`Answer::Granted`] or [`Answer::Held`].
    Claim { name: String, holder: u64 },
    /// Answered by [`Answer::Done`]: whether it still stood.
    RenewClaim { name: String, holder: u64, fence: u64 },
    /// Answered by [`Answer::Done`].
    Release { name: String, holder: u64, fence: u64 },
}

/// What a keeper answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Answer {
    Done {
        done: bool,
    },
    Listed {
        seen: Seen,
        entries: Vec<Entry>,
    },
    Granted {
        fence: u64,
    },
    Held {},
    /// It takes no more.
    Full {
        reason: String,
    },
}

/// Up to where somebody has seen what a keeper has registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The keeper: a random number per start.
    pub(super) keeper: u64,
    /// How many changes there were.
    pub(super) changes: u64,
}
