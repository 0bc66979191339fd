//! How long calls took, by method, in shards, so that threads don't share what they count in.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::buckets::{BUCKETS, bucket, upper};
use crate::thread;

/// The first threads that count have a shard each; all others share the last.
const SHARDS: usize = 16;

/// A row per method.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// One per thread, made when that thread first counts.
    shards: [OnceLock<Box<[Row]>>; SHARDS],
}

#[derive(Debug)]
#[repr(align(128))] // two cache lines: neighbours are fetched in pairs
struct Row {
    /// All of them together, in nanoseconds.
    sum: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Table {
    /// Counts what took so many nanoseconds; `methods` is how many there are.
    #[inline]
    pub(super) fn count(&self, methods: usize, method: u16, nanos: u64) {
        let number = thread::number();
        let shard = self.shards[number.min(SHARDS - 1)]
            .get_or_init(|| (0..methods).map(|_| Row::default()).collect());
        let Some(row) = shard.get(usize::from(method)) else { return };
        let (sum, count) = (&row.sum, &row.buckets[bucket(nanos)]);
        if number < SHARDS - 1 {
            // The shard is this thread's own: nobody else writes, so no locked instruction.
            sum.store(sum.load(Ordering::Relaxed).wrapping_add(nanos), Ordering::Relaxed);
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        } else {
            sum.fetch_add(nanos, Ordering::Relaxed);
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many were counted, of all methods.
    pub(super) fn total(&self) -> u64 {
        let rows = self.shards.iter().filter_map(OnceLock::get).flat_map(|shard| shard.iter());
        rows.flat_map(|row| &row.buckets).map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Adds a method's times to others.
    pub(super) fn add_to(&self, times: &mut Times, method: usize) {
        for row in self.shards.iter().filter_map(OnceLock::get).filter_map(|s| s.get(method)) {
            times.sum = times.sum.wrapping_add(row.sum.load(Ordering::Relaxed));
            for (sum, count) in times.buckets.iter_mut().zip(&row.buckets) {
                *sum += count.load(Ordering::Relaxed);
            }
        }
    }
}

impl Default for Row {
    fn default() -> Self {
        Self { sum: AtomicU64::new(0), buckets: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

/// How long the calls of a method took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    sum: u64,
    pub(super) buckets: [u64; BUCKETS],
}

impl Default for Times {
    fn default() -> Self {
        Self { sum: 0, buckets: [0; BUCKETS] }
    }
}

impl Times {
    /// All of them together, in nanoseconds.
    pub const fn sum(&self) -> u64 {
        self.sum
    }

    /// How many took less than `upper` nanoseconds, and no less than the upper end before it: `(upper,
    /// count)`, from the shortest on, without those that are empty. Each power of two is an upper end.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let counts = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(bucket, count)| (upper(bucket), *count))
    }

    /// Counts one more.
    pub fn count(&mut self, nanos: u64) {
        self.sum = self.sum.wrapping_add(nanos);
        self.buckets[bucket(nanos)] += 1;
    }

    /// How many there are.
    pub fn number(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Adds others.
    pub fn add(&mut self, others: &Self) {
        self.sum = self.sum.wrapping_add(others.sum);
        for (sum, count) in self.buckets.iter_mut().zip(&others.buckets) {
            *sum += count;
        }
    }

    /// So many more that took no time.
    pub(super) fn add_nothing(&mut self, number: u64) {
        self.buckets[bucket(0)] += number;
    }
}
