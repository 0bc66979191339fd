//! Which latencies are counted as one.

/// Each power of two of nanoseconds is cut in this many buckets: quantiles are right within a
/// quarter.
const STEPS: usize = 4;
/// From 1 ns to 2^40 ns, about 18 minutes.
pub(super) const BUCKETS: usize = 40 * STEPS;

/// Which bucket a latency is counted in.
#[inline]
pub(super) fn bucket(nanos: u64) -> usize {
    // Below this a quarter is less than a nanosecond; beyond the range is as good as its end.
    let nanos = nanos.max(STEPS as u64);
    let power = nanos.ilog2() as usize;
    // The two bits below the highest say which quarter.
    let bucket = power * STEPS + (nanos >> (power - 2)) as usize - STEPS;
    bucket.min(BUCKETS - 1)
}

/// The upper end of a bucket, in nanoseconds: no latency that is counted in it is as long.
pub(super) const fn upper(bucket: usize) -> u64 {
    let (power, step) = (bucket / STEPS, bucket % STEPS);
    let whole = 1_u64 << power;
    whole + whole * (step as u64 + 1) / STEPS as u64
}

/// The latency that such a share of those counted doesn't exceed, in microseconds.
pub(super) fn quantile(latencies: &[u64], quantile: f64) -> f64 {
    let total: u64 = latencies.iter().sum();
    let rank = ((total as f64 * quantile).ceil() as u64).max(1);
    let mut seen = 0;
    for (bucket, count) in latencies.iter().enumerate() {
        seen += count;
        if seen >= rank {
            return upper(bucket) as f64 / 1_000.0;
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
        for nanos in [5, 8, 9, 1_000, 1_024, 1 << 30] {
            assert!(upper(bucket(nanos)) > nanos && upper(bucket(nanos) - 1) <= nanos, "{nanos}");
        }
    }

    #[test]
    fn each_power_of_two_is_an_upper_end() {
        let ends: Vec<u64> = (0..BUCKETS).map(upper).collect();
        assert!((4..=40).all(|power| ends.contains(&(1 << power))));
    }
}
