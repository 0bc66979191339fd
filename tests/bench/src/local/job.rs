//! One local measurement.

use std::iter::repeat_n;

use serde::{Deserialize, Serialize};

use crate::measure::{Ask, Caller, Load, Sample, Timing, call_from_tasks};
use crate::messages::Message;

/// What a measuring process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) contender: String,
    pub(crate) message: Message,
    pub(crate) turn: Option<Turn>,
    pub(crate) callers: usize,
    /// Threads that drive callers.
    pub(crate) threads: usize,
    pub(crate) timing: Timing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Turn {
    Shared,
    Exclusive,
}

impl Turn {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Exclusive => "exclusive",
        }
    }
}

/// One call in so many is timed, a prime so that nothing periodic is hit.
const TIMED: u64 = 61;

impl Job {
    /// Has the callers call, each on a task that `spawn` starts.
    pub(crate) async fn call<A, E, X>(
        &self,
        target: A,
        spawn: impl FnMut(Caller<A>) -> E,
    ) -> anyhow::Result<Sample>
    where
        A: Ask + Clone,
        E: Future<Output = Result<(), X>>,
        anyhow::Error: From<X>,
    {
        let load = Load { message: self.message, timed: TIMED, nap_ms: None, timing: self.timing };
        call_from_tasks(load, repeat_n(target, self.callers), spawn, |_| {}).await
    }
}
