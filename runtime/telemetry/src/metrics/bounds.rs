//! Where the buckets of histograms end.

/// How many buckets end somewhere; one more has no end.
pub(super) const COUNT: usize = 22;

/// The upper ends of all histograms' buckets, in nanoseconds: each power of two from 16 µs to 34 s. What
/// was counted is finer and has each of them as an end, so that nothing is estimated.
pub const BOUNDS: [u64; COUNT] = {
    let mut bounds = [0; COUNT];
    let mut at = 0;
    while at < COUNT {
        bounds[at] = 1 << (14 + at);
        at += 1;
    }
    bounds
};

/// The bucket in which something of so many nanoseconds is.
pub(super) fn bucket(nanoseconds: u64) -> usize {
    BOUNDS.partition_point(|bound| *bound < nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_in_its_bucket() {
        assert_eq!((BOUNDS[0], BOUNDS[COUNT - 1]), (16_384, 34_359_738_368));
        assert_eq!((bucket(0), bucket(16_384), bucket(16_385)), (0, 0, 1));
        assert_eq!((bucket(BOUNDS[COUNT - 1]), bucket(u64::MAX)), (COUNT - 1, COUNT));
    }
}
