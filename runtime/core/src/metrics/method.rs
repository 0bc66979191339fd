//! What is counted of a method, as `status` shows it.

use serde::{Deserialize, Serialize};

use super::buckets::quantile;
use super::counts::Read;
use super::table::Times;
use super::way::Happened;
use crate::record::Ended;

/// What was counted of one method; as JSON, its keys are in camel case.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodMetrics {
    /// All calls that are over.
    pub calls: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those with a service error.
    pub service_errors: u64,
    /// Those that were not executed.
    pub not_executed: u64,
    /// Those whose outcome is unknown.
    pub unknown: u64,
    /// Attempts that were made after another one had failed.
    #[serde(default)]
    pub retries: u64,
    /// Attempts that the retry budget didn't allow.
    #[serde(default)]
    pub retries_denied: u64,
    /// Calls that a fallback answered.
    #[serde(default)]
    pub fallbacks: u64,
    /// Half of the calls took no longer, in microseconds.
    pub p50_us: f64,
    /// All but one in a hundred took no longer, in microseconds.
    pub p99_us: f64,
}

impl MethodMetrics {
    pub(super) fn of(reads: impl Iterator<Item = Read>) -> Self {
        let (mut counted, mut times) = (Self::default(), Times::default());
        for read in reads {
            times.add(&read.times);
            for sum in &read.sums {
                counted.calls += sum.count;
                *match sum.ended {
                    Ended::Answered => &mut counted.answered,
                    Ended::ServiceError => &mut counted.service_errors,
                    Ended::NotExecuted => &mut counted.not_executed,
                    Ended::Unknown => &mut counted.unknown,
                } += sum.count;
            }
            counted.retries += read.happened[Happened::Retry as usize];
            counted.retries_denied += read.happened[Happened::RetryDenied as usize];
            counted.fallbacks += read.happened[Happened::Fallback as usize];
        }
        counted.p50_us = quantile(&times.buckets, 0.5);
        counted.p99_us = quantile(&times.buckets, 0.99);
        counted
    }
}
