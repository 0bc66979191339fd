//! Methods whose calls were over their limit.

use std::{collections::BTreeMap, path::Path, time::Duration};

use futures_util::future::join_all;
use seam_core::{contract::ContractDescriptor, name::ServiceId};
use seam_telemetry::{Outcome, Side, Snapshot, Span};
use serde::Serialize;

use super::{
    asking::{counts, found},
    rates::quantile_us,
};
use crate::{config::Config, unit::TracesAsk};

/// So many traces are told of each method: the worst.
const WORST: usize = 5;
/// Looked for among so many.
const AMONG: usize = 200;

/// A method of which calls were over their limit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::command) struct Slow {
    pub(in crate::command) service: String,
    pub(in crate::command) method: String,
    /// From when on its calls are slow, if the app knows it.
    pub(in crate::command) limit_us: Option<u64>,
    /// How many were.
    pub(in crate::command) slow_calls: u64,
    /// Of so many.
    pub(in crate::command) calls: u64,
    /// Of those, in microseconds.
    #[serde(rename = "p99Us")]
    pub(in crate::command) p99_us: f64,
    /// The worst that are kept.
    pub(in crate::command) traces: Vec<Worst>,
}

/// A call that was over the limit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::command) struct Worst {
    pub(in crate::command) trace_id: String,
    pub(in crate::command) unit: String,
    pub(in crate::command) start_us: u64,
    pub(in crate::command) took_us: u64,
    pub(in crate::command) wait_us: u64,
    pub(in crate::command) outcome: Outcome,
}

/// A service's contract.
type Contract = (ServiceId, &'static ContractDescriptor);

/// The methods of which calls were over their limit, in these processes; those with most first.
pub(in crate::command) async fn slow(
    data: &Path,
    names: &[String],
    config: &Config,
    contracts: &[Contract],
) -> Vec<Slow> {
    let mut all = methods(&counts(data, names).await);
    for own in &mut all {
        own.limit_us = limit(config, contracts, own).map(|limit| limit.as_micros() as u64);
    }
    let worst = all.iter().map(|own| worst(data, names, own));
    let worst = join_all(worst).await;
    for (own, worst) in all.iter_mut().zip(worst) {
        own.traces = worst;
    }
    all
}

/// What was counted of them: where they were made, for there the time is the caller's.
fn methods(counts: &[Snapshot]) -> Vec<Slow> {
    let mut sums: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for calls in counts.iter().flat_map(|counts| &counts.calls) {
        if calls.side == Side::Made {
            let sum = sums.entry((&calls.service, &calls.method)).or_default();
            *sum = (sum.0 + calls.slow, sum.1 + calls.count);
        }
    }
    let slow = sums.into_iter().filter(|(_, (slow, _))| *slow > 0);
    let mut all: Vec<Slow> = slow
        .map(|((service, method), (slow_calls, calls))| {
            let mut times = BTreeMap::new();
            let of = counts.iter().flat_map(|counts| &counts.durations).filter(|times| {
                times.side == Side::Made && times.service == service && times.method == method
            });
            for (upper, count) in of.flat_map(|times| &times.buckets) {
                *times.entry(*upper).or_default() += count;
            }
            Slow {
                service: service.to_owned(),
                method: method.to_owned(),
                limit_us: None,
                slow_calls,
                calls,
                p99_us: quantile_us(&times, 0.99),
                traces: Vec::new(),
            }
        })
        .collect();
    all.sort_by_key(|own| std::cmp::Reverse(own.slow_calls));
    all
}

/// From when on its calls are slow: what the method says, or else the config.
fn limit(config: &Config, contracts: &[Contract], own: &Slow) -> Option<Duration> {
    let of = contracts.iter().find(|(service, _)| service.bare() == own.service);
    let method = of
        .and_then(|(_, contract)| contract.methods.iter().find(|method| method.name == own.method));
    let config = config.service(&own.service).map(|service| service.policy.slow);
    method.and_then(|method| method.slow).or(config)
}

/// The worst of a method's calls that are kept, one of each trace.
async fn worst(data: &Path, names: &[String], own: &Slow) -> Vec<Worst> {
    let asked = TracesAsk {
        service: Some(own.service.clone()),
        min_ms: own.limit_us.map(|limit| limit / 1_000),
        limit: AMONG,
        ..TracesAsk::default()
    };
    let found = found(data, names, asked).await;
    let of = |span: &&Span| {
        span.service == own.service
            && span.method == own.method
            && own.limit_us.is_none_or(|limit| span.took_us >= limit)
    };
    let slowest = found
        .iter()
        .filter_map(|trace| trace.spans().iter().filter(of).max_by_key(|span| span.took_us));
    let mut worst: Vec<Worst> = slowest
        .map(|span| Worst {
            trace_id: span.trace_id.clone(),
            unit: span.unit.clone(),
            start_us: span.start_us,
            took_us: span.took_us,
            wait_us: span.wait_us,
            outcome: span.outcome,
        })
        .collect();
    worst.sort_by_key(|own| std::cmp::Reverse(own.took_us));
    worst.truncate(WORST);
    worst
}
