//! What measuring processes are told and what they tell.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::usage::Usage;

/// How long to warm up and to measure.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Timing {
    pub(crate) warm_up_ms: u64,
    pub(crate) measured_ms: u64,
}

impl Timing {
    pub(crate) const fn warm_up(self) -> Duration {
        Duration::from_millis(self.warm_up_ms)
    }

    pub(crate) const fn measured(self) -> Duration {
        Duration::from_millis(self.measured_ms)
    }
}

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
    /// CPU time of every process that took part, over the window.
    pub(crate) cpu_us: f64,
    /// The boutique's HTTP front, which isn't part of `cpu_us`.
    pub(crate) front_cpu_us: Option<f64>,
    pub(crate) p50_us: Option<f64>,
    pub(crate) p99_us: Option<f64>,
    /// The most resident memory, of every process that took part.
    pub(crate) rss_kib: u64,
    /// What one more of something costs in memory that does nothing.
    #[serde(default)]
    pub(crate) bytes_each: Option<f64>,
}

/// One line from a child to the bench.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// A server is ready at this address.
    Listening(String),
    /// A server reaches whom it needs.
    Ready,
    /// The driver's window opens (true) or closes (false) now.
    Window(bool),
    /// The answer to `usage`.
    Usage(Usage),
    /// A measurement, the last line of whoever made it.
    Sample(Sample),
    /// It went wrong.
    Failed(String),
}

impl Sample {
    /// Of what nobody calls: no call was made, and no time was taken.
    pub(crate) const fn of_memory(bytes_each: f64, rss_kib: u64) -> Self {
        Self {
            calls: 0,
            seconds: 0.0,
            cpu_us: 0.0,
            front_cpu_us: None,
            p50_us: None,
            p99_us: None,
            rss_kib,
            bytes_each: Some(bytes_each),
        }
    }

    pub(crate) fn calls_per_s(&self) -> f64 {
        self.calls as f64 / self.seconds
    }
}
