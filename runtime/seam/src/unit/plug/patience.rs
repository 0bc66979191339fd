//! When a process is asked what it hosts: at once in each life of it, and again, ever less often, for
//! as long as its answers can't be used.

use std::time::Duration;

use tokio::time::Instant;

/// The first pause after an answer that can't be used; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST: Duration = Duration::from_secs(30);

/// The patience with one process. Does nothing itself: it is told the time.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// The life, by its launch id, that was asked last.
    launch: Option<u64>,
    /// It hasn't answered yet.
    is_asked: bool,
    /// How long the last pause was.
    pause: Duration,
    /// When that is over.
    again: Option<Instant>,
}

impl Patience {
    /// Whether a life of the process may be asked now.
    pub(super) fn allows(&self, launch: u64, now: Instant) -> bool {
        let is_another = self.launch != Some(launch);
        !self.is_asked && (is_another || self.again.is_none_or(|again| again <= now))
    }

    /// It is being asked.
    pub(super) fn asks(&mut self, launch: u64) {
        if self.launch != Some(launch) {
            *self = Self { launch: Some(launch), ..Self::default() };
        }
        self.is_asked = true;
    }

    /// It has answered, or won't. Whether this is the first answer of that life that can't be used.
    pub(super) fn hears(&mut self, of_use: bool, now: Instant) -> bool {
        self.is_asked = false;
        if of_use {
            (self.pause, self.again) = (Duration::ZERO, None);
            return false;
        }
        let is_first = self.pause.is_zero();
        self.pause = (self.pause * 2).clamp(FIRST, LONGEST);
        self.again = Some(now + self.pause);
        is_first
    }

    /// There is a reason to ask at once.
    pub(super) const fn forgives(&mut self) {
        self.again = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_no_answer_of_use_is_asked_ever_less_often() {
        let (mut patience, mut now) = (Patience::default(), Instant::now());
        let mut pauses = Vec::new();
        for round in 0..8 {
            assert!(patience.allows(1, now));
            patience.asks(1);
            assert!(!patience.allows(1, now + LONGEST), "it is being asked");
            assert_eq!(patience.hears(false, now), round == 0, "it is said once");
            let mut pause = Duration::ZERO;
            while !patience.allows(1, now + pause) {
                pause += FIRST;
            }
            now += pause;
            pauses.push(pause.as_millis());
        }
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        // What has come of it is good, then bad again.
        patience.asks(1);
        assert!(!patience.hears(true, now) && patience.allows(1, now));
        patience.asks(1);
        assert!(patience.hears(false, now) && !patience.allows(1, now));
    }

    #[test]
    fn another_life_or_a_reason_has_it_asked_at_once() {
        let (mut patience, now) = (Patience::default(), Instant::now());
        for _ in 0..4 {
            patience.asks(1);
            patience.hears(false, now);
        }
        assert!(!patience.allows(1, now) && patience.allows(2, now));
        patience.forgives();
        assert!(patience.allows(1, now));
        patience.asks(1);
        patience.hears(false, now);
        patience.asks(2);
        assert!(patience.hears(false, now), "it begins anew");
        assert!(!patience.allows(2, now) && patience.allows(2, now + FIRST));
    }
}
