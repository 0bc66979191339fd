//! What didn't get to the collector.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::Gauge;

/// How much didn't get to the collector, whoever exported it: it outlives exporters, so that it only
/// grows while a process lives.
#[derive(Clone, Debug, Default)]
pub struct Drops(Arc<[AtomicU64; 3]>);

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Spans,
    Metrics,
    LogLines,
}

impl Drops {
    /// As [`Snapshot::dropped`](crate::Snapshot::dropped) has them: `otlp_spans`, `otlp_metrics` (times at
    /// which they were read), `otlp_log_lines`.
    pub fn gauges(&self) -> Vec<Gauge> {
        let gauge = |what: What| Gauge {
            what: format!("otlp_{}", what.name()),
            value: self.0[what as usize].load(Ordering::Relaxed),
        };
        [What::Spans, What::Metrics, What::LogLines].map(gauge).into()
    }

    pub(super) fn add(&self, what: What, count: usize) {
        self.0[what as usize].fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl What {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Metrics => "metrics",
            Self::LogLines => "log_lines",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Spans => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::LogLines => "/v1/logs",
        }
    }
}
