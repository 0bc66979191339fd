//! What edges ask each other, as MessagePack.

use std::time::Duration;

use seam_core::policy::Quota;
use serde::{Deserialize, Serialize};

use crate::together::{Ask, Claim, Standing, Taken};

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Takes one from each, or from none.
    Take { asks: Vec<Asked> },
    /// So many were taken, so many microseconds ago.
    Took { taken: Vec<(Asked, u32, u64)> },
    /// What is known of these, each.
    Recall { asks: Vec<Asked> },
    /// Claims a value, for so many milliseconds.
    Claim { value: String, claimant: u128, lasting: u64 },
    /// The same of one that was decided elsewhere.
    Claimed { value: String, claimant: u128, lasting: u64 },
    /// These sessions have ended, and would be good for so many milliseconds more.
    Ended { sessions: Vec<(String, u64)> },
    /// All that have ended, from behind this one on.
    Endings { behind: Option<String> },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Taken {
        of: usize,
        /// How many are left; none where it is refused.
        left: Option<u32>,
        /// Microseconds until there are more, or one.
        time: u64,
    },
    /// How many were taken, and how many microseconds ago.
    Recalled {
        known: Vec<Option<Vec<(u32, u64)>>>,
    },
    Claimed {
        first: bool,
    },
    Endings {
        sessions: Vec<(String, u64)>,
        /// Whether there are more.
        more: bool,
    },
    Done,
    /// Another is to be asked: this one has just begun, or has no room.
    NotMe,
}

/// An ask, owned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Asked {
    name: String,
    key: String,
    number: u32,
    /// In microseconds.
    window: u64,
}

impl From<&Ask<'_>> for Asked {
    fn from(ask: &Ask<'_>) -> Self {
        let (number, window) = (ask.quota.number(), micros(ask.quota.window()));
        Self { name: ask.name.to_owned(), key: ask.key.to_owned(), number, window }
    }
}

impl Asked {
    /// `None` if it is no such limit.
    pub(super) fn ask(&self) -> Option<Ask<'_>> {
        let quota = Quota::new(self.number, Duration::from_micros(self.window))?;
        Some(Ask { name: &self.name, key: &self.key, quota })
    }
}

impl From<Taken> for Answer {
    fn from(Taken { of, standing }: Taken) -> Self {
        match standing {
            Standing::Admitted { left, more } => {
                Self::Taken { of, left: Some(left), time: micros(more) }
            }
            // Rounded up, so that it is true.
            Standing::Refused { wait } => Self::Taken { of, left: None, time: micros(wait) + 1 },
        }
    }
}

impl Answer {
    pub(super) fn taken(self) -> Option<Taken> {
        let Self::Taken { of, left, time } = self else { return None };
        let time = Duration::from_micros(time);
        let standing = match left {
            Some(left) => Standing::Admitted { left, more: time },
            None => Standing::Refused { wait: time },
        };
        Some(Taken { of, standing })
    }

    pub(super) fn claim(self) -> Option<Claim> {
        let Self::Claimed { first } = self else { return None };
        Some(if first { Claim::First } else { Claim::Before })
    }
}

/// A time, in microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX - 1)
}

/// The same in milliseconds, rounded up.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}
