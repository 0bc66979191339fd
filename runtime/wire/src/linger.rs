//! Whether to wait for the peer's next message awake.
//!
//! To sleep and be woken costs both sides tens of microseconds where a core has nothing else to do,
//! and the next message often comes sooner than that. So a connection that has just written looks
//! for what comes next for a short while before it sleeps, as long as that has paid of late: each
//! look that was in vain makes the next ones rarer, until next to none are left. Whoever looks lets
//! all others on the thread go first.

use std::future::Future;
use std::pin::pin;
use std::task::Context;

use seam_core::time::Moment;

/// How long to look: about what it costs to sleep and be woken, so that looking in vain costs no
/// more than twice what sleeping at once would have.
const PATIENCE: u64 = 40_000;
/// How often to look at most: a bound where the clock stands still. A look takes half a microsecond
/// or more.
const LOOKS: u8 = 100;
/// Beyond so many calls at a time, sleeping costs little per call and collects more of them.
const COMPANY: usize = 16;
/// The most waits that are slept through after looking in vain, as a power of two.
const RAREST: u8 = 10;

/// One connection's experience with looking.
#[derive(Debug, Default)]
pub(crate) struct Linger {
    /// When the wait began, if it is spent looking.
    since: Option<Moment>,
    looks: u8,
    /// How bad the experience is: after a failure 2^misfortune - 1 waits are slept through. Each
    /// failure adds two and each success takes one, so that looking goes on where more than two of
    /// three waits are short.
    misfortune: u8,
    /// How many waits are yet to be slept through.
    asleep: u16,
}

impl Linger {
    /// Something was written, for so many calls: a wait for what comes next begins.
    #[inline]
    pub(crate) fn begin(&mut self, calls: usize, now: impl FnOnce() -> Moment) {
        self.looks = 0;
        self.since = None;
        if calls > COMPANY {
            return;
        }
        if self.asleep > 0 {
            self.asleep -= 1;
        } else {
            self.since = Some(now());
        }
    }

    /// Something came. If it was there before anybody looked, that says nothing about looking.
    #[inline]
    pub(crate) fn heard(&mut self) {
        if self.since.take().is_some() && self.looks > 0 {
            self.misfortune = self.misfortune.saturating_sub(1);
        }
    }

    /// Whether to look again rather than to sleep.
    #[inline]
    pub(crate) fn look(&mut self, now: impl FnOnce() -> Moment) -> bool {
        let Some(since) = self.since else { return false };
        self.looks += 1;
        if self.looks <= LOOKS && now().nanos_since(since) < PATIENCE {
            return true;
        }
        self.since = None;
        self.misfortune = (self.misfortune + 2).min(RAREST);
        self.asleep = (1 << self.misfortune) - 1;
        false
    }
}

/// Has the task polled again once all others on its thread had their turn and the system was asked
/// what came.
pub(crate) fn come_back(cx: &mut Context<'_>) {
    // Pending, as it is when polled for the first time.
    let _ = pin!(tokio::task::yield_now()).poll(cx);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wait in which the message comes after so many nanoseconds; how often was looked.
    fn wait(linger: &mut Linger, comes_after: u64) -> u32 {
        const STEP: u64 = 1_000;
        linger.begin(1, || Moment::from_nanos(0));
        let mut looked = 0;
        let mut now = 0;
        while now < comes_after && linger.look(|| Moment::from_nanos(now)) {
            looked += 1;
            now += STEP;
        }
        linger.heard();
        looked
    }

    #[test]
    fn a_message_that_comes_soon_is_met_awake() {
        let mut linger = Linger::default();
        for _ in 0..100 {
            assert_eq!(wait(&mut linger, 10_000), 10);
        }
    }

    #[test]
    fn patience_ends() {
        let mut linger = Linger::default();
        assert_eq!(wait(&mut linger, u64::MAX), 40);
        assert!(!linger.look(|| Moment::from_nanos(0)), "the wait is slept through to its end");
    }

    #[test]
    fn looking_ends_on_a_clock_that_stands_still() {
        let mut linger = Linger::default();
        linger.begin(1, Moment::default);
        let looks = (0..1_000).take_while(|_| linger.look(Moment::default)).count();
        assert_eq!(looks, usize::from(LOOKS));
    }

    #[test]
    fn looking_in_vain_all_but_ends() {
        let mut linger = Linger::default();
        let looked = (0..100_000).filter(|_| wait(&mut linger, u64::MAX) > 0).count();
        // In the waits 0, 4, 20, 84 and 340, and from 1,364 on in one of 1,024.
        assert_eq!(looked, 5 + (100_000_usize - 1_364).div_ceil(1_024));
    }

    #[test]
    fn better_times_are_noticed() {
        let mut linger = Linger::default();
        for _ in 0..10_000 {
            wait(&mut linger, u64::MAX);
        }
        let slept = (0..10_000).filter(|_| wait(&mut linger, 5_000) == 0).count();
        assert!(slept < 1_024, "{slept}");
        assert_eq!(wait(&mut linger, 5_000), 5);
    }

    #[test]
    fn it_takes_two_short_waits_for_a_long_one() {
        let tried = |short: u32, long: u32| {
            let mut linger = Linger::default();
            let rounds = (0..1_000).map(|_| {
                let hits = (0..short).filter(|_| wait(&mut linger, 5_000) > 0).count();
                hits + (0..long).filter(|_| wait(&mut linger, u64::MAX) > 0).count()
            });
            rounds.sum::<usize>()
        };
        assert!(tried(4, 1) > 1_500, "{}", tried(4, 1));
        assert!(tried(1, 1) < 500, "{}", tried(1, 1));
    }

    #[test]
    fn what_was_there_at_once_says_nothing() {
        let mut linger = Linger::default();
        wait(&mut linger, u64::MAX);
        for _ in 0..10 {
            assert_eq!(wait(&mut linger, 0), 0);
        }
        assert_eq!(linger.misfortune, 2);
    }

    #[test]
    fn many_calls_are_waited_for_asleep() {
        let mut linger = Linger::default();
        linger.begin(COMPANY + 1, Moment::default);
        assert!(!linger.look(Moment::default));
        linger.begin(COMPANY, Moment::default);
        assert!(linger.look(Moment::default));
    }

    #[test]
    fn a_wait_that_is_slept_through_reads_no_clock() {
        let mut linger = Linger::default();
        wait(&mut linger, u64::MAX);
        linger.begin(1, || unreachable!("read at the beginning"));
        assert!(!linger.look(|| unreachable!("read at a look")));
    }
}
