//! One local measurement.

use std::sync::Arc;
use std::thread;

use anyhow::anyhow;
use serde::{Deserialize, Serialize};

use crate::measure::{Ask, Sample, Timing, Window, call_until_closed};
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

/// Opens the window on a thread of its own while `callers` runs the callers, on whatever runtime
/// the contender likes, until it has closed.
pub(crate) fn measure(
    job: &Job,
    callers: impl FnOnce(&Arc<Window>) -> anyhow::Result<()>,
) -> anyhow::Result<Sample> {
    let window = Window::new();
    let clock = {
        let (window, timing) = (Arc::clone(&window), job.timing);
        thread::spawn(move || window.run(timing, |_| {}))
    };
    callers(&window)?;
    let span = clock.join().map_err(|_| anyhow!("the thread that keeps the window panicked"))?;
    window.sample(span)
}

/// The loop of one caller of this job.
pub(crate) async fn caller<A: Ask>(target: A, job: Job, number: usize, window: Arc<Window>) {
    call_until_closed(target, job.message, number as u64, TIMED, window).await;
}
