//! Counts and latencies per method, in shards, so that threads don't share what they count in.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::contract::ContractDescriptor;
use crate::outcome::CallError;
use crate::thread;

/// The first threads that count have a shard each; all others share the last.
const SHARDS: usize = 16;
/// Each power of two of nanoseconds is cut in this many buckets: quantiles are right within a
/// quarter.
const STEPS: usize = 4;
/// From 1 ns to 2^40 ns, about 18 minutes.
const BUCKETS: usize = 40 * STEPS;

/// How a call ended, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With an answer.
    Answered,
    /// With a service error.
    ServiceError,
    /// Not executed.
    NotExecuted,
    /// With an unknown outcome.
    Unknown,
}

impl Ended {
    /// How `outcome` is counted.
    pub const fn of<T, E>(outcome: &Result<T, CallError<E>>) -> Self {
        match outcome {
            Ok(_) => Self::Answered,
            Err(CallError::Service(_)) => Self::ServiceError,
            Err(CallError::NotExecuted(_)) => Self::NotExecuted,
            Err(CallError::Unknown(_)) => Self::Unknown,
        }
    }
}

/// What becomes of calls beside their outcome, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// An attempt failed, and another one was made.
    Retry,
    /// It wasn't, for the retry budget was spent.
    RetryDenied,
    /// A fallback answered.
    Fallback,
}

/// The counts of one service's methods.
#[derive(Debug)]
pub struct ServiceMetrics {
    contract: &'static ContractDescriptor,
    /// Made when something is first counted: an idle service costs next to nothing here.
    shards: OnceLock<Box<Shards>>,
}

/// One per thread, made when that thread first counts.
type Shards = [OnceLock<Box<[MethodShard]>>; SHARDS];

#[derive(Debug)]
#[repr(align(128))] // two cache lines: neighbours are fetched in pairs
struct MethodShard {
    ended: [AtomicU64; 4],
    happened: [AtomicU64; 3],
    latencies: [AtomicU64; BUCKETS],
}

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

impl ServiceMetrics {
    /// Counts of nothing yet.
    pub fn new(contract: &'static ContractDescriptor) -> Self {
        Self { contract, shards: OnceLock::new() }
    }

    /// Counts a call that is over, and took so many nanoseconds.
    #[inline]
    pub fn count(&self, method: u16, ended: Ended, nanos: u64) {
        let number = thread::number();
        let shards = self.shards.get_or_init(Box::default);
        let shard = shards[number.min(SHARDS - 1)]
            .get_or_init(|| self.contract.methods.iter().map(|_| MethodShard::default()).collect());
        let Some(method) = shard.get(usize::from(method)) else { return };
        let (ended, latency) = (&method.ended[ended as usize], &method.latencies[bucket(nanos)]);
        if number < SHARDS - 1 {
            // The shard is this thread's own: nobody else writes, so no locked instruction.
            ended.store(ended.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            latency.store(latency.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        } else {
            ended.fetch_add(1, Ordering::Relaxed);
            latency.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts what became of a call beside its outcome.
    #[cold]
    pub fn note(&self, method: u16, happened: Happened) {
        let shards = self.shards.get_or_init(Box::default);
        let shard = shards[thread::number().min(SHARDS - 1)]
            .get_or_init(|| self.contract.methods.iter().map(|_| MethodShard::default()).collect());
        if let Some(method) = shard.get(usize::from(method)) {
            method.happened[happened as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many calls were counted, of all methods.
    pub fn calls(&self) -> u64 {
        let shards = self.shards.get().into_iter().flat_map(|shards| shards.iter());
        let methods = shards.filter_map(OnceLock::get).flat_map(|shard| shard.iter());
        methods.flat_map(|method| &method.ended).map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The counts so far, a row per method that was called.
    pub fn read(&self) -> Vec<(&'static str, MethodMetrics)> {
        let rows = self.contract.methods.iter().enumerate();
        rows.map(|(index, method)| (method.name.as_str(), self.read_method(index)))
            .filter(|(_, counted)| counted.calls > 0)
            .collect()
    }

    fn read_method(&self, index: usize) -> MethodMetrics {
        let mut ended = [0_u64; 4];
        let mut happened = [0_u64; 3];
        let mut latencies = [0_u64; BUCKETS];
        let shards = self.shards.get().into_iter().flat_map(|shards| shards.iter());
        for shard in shards.filter_map(OnceLock::get).filter_map(|s| s.get(index)) {
            for (sum, count) in ended.iter_mut().zip(&shard.ended) {
                *sum += count.load(Ordering::Relaxed);
            }
            for (sum, count) in happened.iter_mut().zip(&shard.happened) {
                *sum += count.load(Ordering::Relaxed);
            }
            for (sum, count) in latencies.iter_mut().zip(&shard.latencies) {
                *sum += count.load(Ordering::Relaxed);
            }
        }
        MethodMetrics {
            calls: ended.iter().sum(),
            answered: ended[Ended::Answered as usize],
            service_errors: ended[Ended::ServiceError as usize],
            not_executed: ended[Ended::NotExecuted as usize],
            unknown: ended[Ended::Unknown as usize],
            retries: happened[Happened::Retry as usize],
            retries_denied: happened[Happened::RetryDenied as usize],
            fallbacks: happened[Happened::Fallback as usize],
            p50_us: quantile(&latencies, 0.5),
            p99_us: quantile(&latencies, 0.99),
        }
    }
}

impl Default for MethodShard {
    fn default() -> Self {
        Self {
            ended: Default::default(),
            happened: Default::default(),
            latencies: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

/// Which bucket a latency is counted in.
#[inline]
fn bucket(nanos: u64) -> usize {
    // Below this a quarter is less than a nanosecond; beyond the range is as good as its end.
    let nanos = nanos.clamp(STEPS as u64, (1 << (BUCKETS / STEPS)) - 1);
    let power = nanos.ilog2() as usize;
    // The two bits below the highest say which quarter.
    power * STEPS + (nanos >> (power - 2)) as usize - STEPS
}

/// The upper end of a bucket, in nanoseconds.
fn upper(bucket: usize) -> f64 {
    let (power, step) = (bucket / STEPS, bucket % STEPS);
    (1_u64 << power) as f64 * (1.0 + (step + 1) as f64 / STEPS as f64)
}

fn quantile(latencies: &[u64], quantile: f64) -> f64 {
    let total: u64 = latencies.iter().sum();
    let rank = ((total as f64 * quantile).ceil() as u64).max(1);
    let mut seen = 0;
    for (bucket, count) in latencies.iter().enumerate() {
        seen += count;
        if seen >= rank {
            return upper(bucket) / 1_000.0;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_a_quarter() {
        let mut latencies = [0; BUCKETS];
        for micros in 1..=1_000 {
            latencies[bucket(micros * 1_000)] += 1;
        }
        let (half, most) = (quantile(&latencies, 0.5), quantile(&latencies, 0.99));
        assert!((500.0..=625.0).contains(&half), "{half}");
        assert!((990.0..=1_240.0).contains(&most), "{most}");
        assert_eq!(quantile(&[0; BUCKETS], 0.5), 0.0);
    }

    #[test]
    fn no_latency_is_out_of_range() {
        for nanos in [0, 1, 2, 3, 4, 1_000, u64::MAX] {
            assert!(bucket(nanos) < BUCKETS);
        }
    }
}
