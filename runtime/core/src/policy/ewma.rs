//! How slow an endpoint is: what a balancer compares.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::time::Moment;

/// The peak-sensitive moving average of an endpoint's round trips, and how many are under way.
///
/// A longer round trip than the average replaces it; a shorter one lowers it with e^(−Δt/10 s), and
/// so does time without any. After Finagle's `PeakEwma` and linkerd's (30 ms before the first round
/// trip, decay 10 s). Beside them:
///
/// - The first round trip replaces the guess. Who has none yet, and none under way, is as quick as
///   can be, so that a new endpoint is tried once at once, and not after a minute of decay.
/// - Who hasn't answered for longer than its average, with calls under way, is as slow as that: an
///   endpoint that hangs is avoided before its first call has failed.
/// - A failure counts as a slow round trip, or who fails quickly would look quick.
/// - Of the shorter round trips within a millisecond, the first is heard.
#[derive(Debug, Default)]
pub struct PeakEwma {
    /// When the average was last changed, in the upper half; its nanoseconds, as an `f32`, in the
    /// lower. An average of zero: there is none.
    average: AtomicU64,
    pending: AtomicU32,
    /// The last answer, or when the first of those under way began if that was later.
    silent_since: AtomicU64,
}

/// A round trip before there was one.
const GUESS: Duration = Duration::from_millis(30);
/// What a failure counts for, at least.
const PENALTY: Duration = Duration::from_millis(200);
/// The average falls to 1/e in so many ticks: 10 s.
const DECAY_TICKS: f32 = 10e9 / (1_u64 << TICK) as f32;
/// The average's own time is counted in this power of two of nanoseconds: about a millisecond.
const TICK: u32 = 20;
/// A look that isn't older than this, about a minute, may come after a later one.
const BEHIND: u32 = 1 << 16;
/// In so few ticks an average falls by less than a five-hundredth: not worth the reckoning.
const NEGLIGIBLE: u32 = 16;

impl PeakEwma {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self {
            average: AtomicU64::new(0),
            pending: AtomicU32::new(0),
            silent_since: AtomicU64::new(0),
        }
    }

    /// A call begins. It ends by one of `answered`, `failed` and `gone`.
    #[inline]
    pub fn begin(&self, now: Moment) {
        if self.pending.fetch_add(1, Ordering::Relaxed) == 0 {
            self.silent_since.store(now.as_nanos(), Ordering::Relaxed);
        }
    }

    /// A call was answered after so many nanoseconds.
    #[inline]
    pub fn answered(&self, now: Moment, nanos: u64) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
        self.silent_since.store(now.as_nanos(), Ordering::Relaxed);
        self.observe(now, nanos);
    }

    /// A call failed after so many nanoseconds, or was refused. It is no sign of life.
    pub fn failed(&self, now: Moment, nanos: u64) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
        self.observe(now, nanos.max(PENALTY.as_nanos() as u64));
    }

    /// A call's caller went away: it says nothing.
    #[inline]
    pub fn gone(&self) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
    }

    /// Forgets all round trips: the endpoint was away and is back. Calls under way stay.
    pub fn forget(&self) {
        self.average.store(0, Ordering::Relaxed);
    }

    /// Calls under way.
    #[inline]
    pub fn pending(&self) -> u32 {
        self.pending.load(Ordering::Relaxed)
    }

    /// The nanoseconds that a call would take by what is known now.
    #[inline]
    pub fn latency(&self, now: Moment) -> u64 {
        let average = Average::unpack(self.average.load(Ordering::Relaxed));
        let idle = self.pending() == 0;
        let known = match average.nanos {
            0.0 if idle => 0,
            0.0 => GUESS.as_nanos() as u64,
            nanos => match average.age(tick(now)) {
                ..NEGLIGIBLE => nanos as u64,
                age => (nanos * kept(age)) as u64,
            },
        };
        if idle {
            return known;
        }
        let since = Moment::from_nanos(self.silent_since.load(Ordering::Relaxed));
        known.max(now.nanos_since(since))
    }

    #[inline]
    fn observe(&self, now: Moment, nanos: u64) {
        let (now, nanos) = (tick(now), nanos.max(1) as f32);
        let next = |word| Average::unpack(word).with(now, nanos).map(Average::pack);
        // An error says that nothing was to be changed.
        let _ = self.average.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}

/// An average, and when it was last changed.
#[derive(Debug, Clone, Copy)]
struct Average {
    tick: u32,
    nanos: f32,
}

impl Average {
    #[inline]
    fn unpack(word: u64) -> Self {
        Self { tick: (word >> 32) as u32, nanos: f32::from_bits(word as u32) }
    }

    #[inline]
    fn pack(self) -> u64 {
        u64::from(self.tick) << 32 | u64::from(self.nanos.to_bits())
    }

    /// Ticks since the last change. They begin anew after 52 days.
    #[inline]
    fn age(self, now: u32) -> u32 {
        let age = now.wrapping_sub(self.tick);
        if age > u32::MAX - BEHIND { 0 } else { age }
    }

    /// The average with one more round trip, if that changes it.
    #[inline]
    fn with(self, now: u32, nanos: f32) -> Option<Self> {
        let age = self.age(now);
        let tick = self.tick.wrapping_add(age);
        if self.nanos == 0.0 {
            return Some(Self { tick: now, nanos });
        }
        if nanos > self.nanos {
            return Some(Self { tick, nanos });
        }
        if age == 0 {
            return None;
        }
        let kept = kept(age);
        Some(Self { tick, nanos: self.nanos * kept + nanos * (1.0 - kept) })
    }
}

#[inline]
const fn tick(now: Moment) -> u32 {
    (now.as_nanos() >> TICK) as u32
}

/// The share of an average that is left after so many ticks.
fn kept(ticks: u32) -> f32 {
    (-(ticks as f32) / DECAY_TICKS).exp()
}

#[cfg(test)]
mod tests {
    use super::super::support::{Chance, at};
    use super::*;

    const MS: u64 = 1_000_000;

    fn answer(ewma: &PeakEwma, now: Moment, nanos: u64) {
        ewma.begin(now);
        ewma.answered(now, nanos);
    }

    fn about(told: u64, expected: u64) {
        let off = told.abs_diff(expected) as f64 / expected as f64;
        assert!(off < 0.003, "{told} is not about {expected}");
    }

    #[test]
    fn peaks_replace_and_the_rest_decays() {
        let ewma = PeakEwma::new();
        answer(&ewma, at(1_000), 5 * MS);
        about(ewma.latency(at(1_000)), 5 * MS);
        answer(&ewma, at(1_000), 80 * MS);
        about(ewma.latency(at(1_000)), 80 * MS);
        answer(&ewma, at(11_000), 8 * MS);
        let decayed = 8.0 + 72.0 / std::f64::consts::E;
        about(ewma.latency(at(11_000)), (decayed * MS as f64) as u64);
        about(ewma.latency(at(21_000)), (decayed / std::f64::consts::E * MS as f64) as u64);
    }

    #[test]
    fn a_new_endpoint_is_tried_once() {
        let ewma = PeakEwma::new();
        assert_eq!(ewma.latency(at(1_000)), 0);
        ewma.begin(at(1_000));
        assert_eq!(ewma.latency(at(1_001)), 30 * MS);
        ewma.answered(at(1_001), MS);
        about(ewma.latency(at(1_001)), MS);
        ewma.forget();
        assert_eq!(ewma.latency(at(1_002)), 0);
    }

    #[test]
    fn who_hangs_is_slow_before_it_fails() {
        let ewma = PeakEwma::new();
        answer(&ewma, at(1_000), MS);
        ewma.begin(at(2_000));
        about(ewma.latency(at(2_000)), (0.905 * MS as f64) as u64);
        ewma.begin(at(2_400));
        assert_eq!(ewma.latency(at(2_500)), 500 * MS);
        // One answers, so the other is a slow call, and the endpoint lives.
        ewma.answered(at(2_500), 2 * MS);
        about(ewma.latency(at(2_500)), 2 * MS);
        assert_eq!(ewma.latency(at(2_600)), 100 * MS);
        // Nobody waits any more.
        ewma.gone();
        about(ewma.latency(at(2_600)), (1.98 * MS as f64) as u64);
        assert_eq!(ewma.pending(), 0);
    }

    #[test]
    fn who_fails_is_not_quick() {
        let ewma = PeakEwma::new();
        answer(&ewma, at(1_000), MS);
        ewma.begin(at(1_000));
        ewma.failed(at(1_000), 1_000);
        about(ewma.latency(at(1_000)), 200 * MS);
        ewma.begin(at(1_000));
        ewma.failed(at(4_000), 3_000 * MS);
        about(ewma.latency(at(4_000)), 3_000 * MS);
    }

    #[test]
    fn an_old_look_at_the_clock_and_a_long_rest_do_no_harm() {
        let ewma = PeakEwma::new();
        answer(&ewma, at(50_000), 10 * MS);
        answer(&ewma, at(49_000), MS);
        about(ewma.latency(at(49_000)), 10 * MS);
        answer(&ewma, at(49_000), 20 * MS);
        about(ewma.latency(at(50_000)), 20 * MS);
        // 30 days.
        assert_eq!(ewma.latency(at(30 * 86_400_000)), 0);
        answer(&ewma, at(30 * 86_400_000), MS);
        about(ewma.latency(at(30 * 86_400_000)), MS);
    }

    /// The formula in full precision; a look within the same tick hears peaks alone.
    #[derive(Default)]
    struct Model {
        average: Option<(u64, f64)>,
        begun: Vec<u64>,
        last_answer: u64,
    }

    impl Model {
        fn observe(&mut self, now: u64, nanos: f64) {
            let then = now >> TICK;
            self.average = Some(match self.average {
                Some((last, average)) if nanos <= average => {
                    let kept = (-((then - last) as f64) * (1 << TICK) as f64 / 10e9).exp();
                    (then, average * kept + nanos * (1.0 - kept))
                }
                _ => (then, nanos),
            });
        }

        fn latency(&self, now: u64) -> f64 {
            let known = match self.average {
                None if self.begun.is_empty() => 0.0,
                None => 30e6,
                Some((last, average)) => {
                    let ticks = (now >> TICK) - last;
                    average * (-(ticks as f64) * (1 << TICK) as f64 / 10e9).exp()
                }
            };
            // Since it became busy, all have begun later than what is kept here.
            let silent = self.begun.first().map_or(0, |first| now - self.last_answer.max(*first));
            known.max(silent as f64)
        }
    }

    #[test]
    fn it_agrees_with_a_plain_model() {
        let mut chance = Chance(5);
        let (mut now, ewma, mut model) = (MS, PeakEwma::new(), Model::default());
        let mut busy = 0;
        for event in 0..150_000 {
            now += match chance.below(1_000) {
                0 => chance.below(20_000 * MS),
                _ => chance.below(4 * MS),
            };
            let moment = Moment::from_nanos(now);
            let rtt = match chance.below(50) {
                0 => chance.below(3_000 * MS),
                _ => chance.below(20 * MS),
            };
            match chance.below(9) {
                0..4 if busy < 30 => {
                    ewma.begin(moment);
                    model.begun.push(now);
                    busy += 1;
                }
                4..8 if busy > 0 => {
                    ewma.answered(moment, rtt);
                    model.observe(now, rtt.max(1) as f64);
                    (model.last_answer, busy) = (now, busy - 1);
                }
                8 if busy > 0 => {
                    busy -= 1;
                    if chance.below(2) == 0 {
                        ewma.gone();
                    } else {
                        ewma.failed(moment, rtt);
                        model.observe(now, rtt.max(200 * MS) as f64);
                    }
                }
                _ => {}
            }
            if busy == 0 {
                model.begun.clear();
            }
            if chance.below(20_000) == 0 {
                ewma.forget();
                model.average = None;
            }
            let (told, expected) = (ewma.latency(moment) as f64, model.latency(now));
            let off = (told - expected).abs();
            assert!(off <= 0.005 * expected + 2.0, "event {event}: {told}, not {expected}");
        }
    }
}
