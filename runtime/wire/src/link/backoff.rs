//! When to dial again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LAST: Duration = Duration::from_secs(1);

/// 50 ms, doubled per failure up to 1 s, with full jitter: a peer that comes back isn't greeted by
/// everybody at once.
#[derive(Debug)]
pub(super) struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { ceiling: FIRST }
    }

    /// How long to wait now; `random` is from 0 to 1.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let wait = self.ceiling.mul_f64(random.clamp(0.0, 1.0));
        self.ceiling = (self.ceiling * 2).min(LAST);
        wait
    }

    pub(super) const fn reset(&mut self) {
        self.ceiling = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_to_a_second_and_starts_again() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..7).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(backoff.next(0.25), Duration::from_millis(250));
        backoff.reset();
        assert_eq!(backoff.next(0.5), Duration::from_millis(25));
    }
}
