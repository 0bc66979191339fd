//! How much was asked for of late: the count behind a [`Quota`].

use std::collections::VecDeque;
use std::time::Duration;

use super::Quota;
use crate::time::Moment;

/// Times that are nearer to each other than a window's so many-th part are remembered as one.
const PARTS: u64 = 32;

/// What was taken within a window that goes along with the time.
///
/// In no window of the quota's length is more taken than its number, wherever the window begins.
/// Who always asks gets at least 32/33 of it: what was taken within a 32nd of the window counts for as
/// long as its last. It remembers 34 times at most, whatever the number.
#[derive(Debug, Clone, Default)]
pub struct Sliding {
    /// From the oldest on.
    batches: VecDeque<Batch>,
}

/// What was taken at about the same time.
#[derive(Debug, Clone, Copy)]
struct Batch {
    first: u64,
    last: u64,
    number: u32,
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many.
    pub left: u32,
    /// After how long there are more.
    pub more: Duration,
}

impl Sliding {
    /// What may be taken now.
    ///
    /// # Errors
    /// Nothing; after that time one may, if none is taken until then.
    pub fn room(&mut self, quota: Quota, now: Moment) -> Result<Room, Duration> {
        let window = nanos(quota.window());
        let now = now.as_nanos();
        self.forget(window, now);
        let until = |batch: &Batch| {
            Duration::from_nanos(batch.last.saturating_add(window).saturating_sub(now))
        };
        let taken = self.taken();
        if taken < u64::from(quota.number()) {
            let left = u64::from(quota.number()) - taken;
            let more = self.batches.front().map_or(Duration::ZERO, until);
            return Ok(Room { left: u32::try_from(left).unwrap_or(u32::MAX), more });
        }
        let mut over = taken - u64::from(quota.number()) + 1;
        for batch in &self.batches {
            over = over.saturating_sub(batch.number.into());
            if over == 0 {
                return Err(until(batch));
            }
        }
        // All that was taken is in the batches.
        Err(quota.window())
    }

    /// Takes one, if there is one.
    ///
    /// # Errors
    /// There is none, as [`Sliding::room`] says.
    pub fn take(&mut self, quota: Quota, now: Moment) -> Result<Room, Duration> {
        let Room { left, .. } = self.room(quota, now)?;
        self.note(quota, now, 1);
        let more = self.room(quota, now).map_or_else(|wait| wait, |room| room.more);
        Ok(Room { left: left - 1, more })
    }

    /// So many were taken at that time, whatever is left.
    pub fn note(&mut self, quota: Quota, at: Moment, number: u32) {
        let (at, window) = (at.as_nanos(), nanos(quota.window()));
        self.forget(window, at);
        let part = window / PARTS;
        match self.batches.back_mut() {
            // Whose look at the clock is old counts with those who looked later.
            Some(last) if at < last.first.saturating_add(part) => {
                last.last = last.last.max(at);
                last.number = last.number.saturating_add(number);
            }
            _ => self.batches.push_back(Batch { first: at, last: at, number }),
        }
    }

    /// What counts: how many, and how long ago they were taken, from the oldest on.
    pub fn ages(&self, quota: Quota, now: Moment) -> impl Iterator<Item = (u32, Duration)> + '_ {
        let window = nanos(quota.window());
        let counts =
            self.batches.iter().filter(move |batch| !batch.is_over(window, now.as_nanos()));
        let age = move |batch: &Batch| now.since(Moment::from_nanos(batch.last));
        counts.map(move |batch| (batch.number, age(batch)))
    }

    /// Drops what is over: whoever only notes has to, too.
    fn forget(&mut self, window: u64, now: u64) {
        while self.batches.front().is_some_and(|batch| batch.is_over(window, now)) {
            self.batches.pop_front();
        }
    }

    fn taken(&self) -> u64 {
        self.batches.iter().map(|batch| u64::from(batch.number)).sum()
    }
}

impl Batch {
    const fn is_over(&self, window: u64, now: u64) -> bool {
        self.last.saturating_add(window) <= now
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::support::{Chance, at};
    use super::*;

    fn quota(text: &str) -> Quota {
        text.parse().unwrap()
    }

    #[test]
    fn no_window_has_more_and_who_hammers_gets_nearly_all() {
        let mut chance = Chance(7);
        for (number, millis) in [(20, 4_000), (1, 1_000), (100, 60_000), (7, 10), (1000, 1_000)] {
            let quota = Quota::new(number, Duration::from_millis(millis)).unwrap();
            let window = millis * 1_000_000;
            // Seldom, steadily, all the time, and in bursts with rests between.
            for pace in [window, window / u64::from(number), window / 5_000 + 1, 0] {
                let (mut sliding, mut now, mut taken) = (Sliding::default(), 1, Vec::new());
                for _ in 0..20_000 {
                    now += match pace {
                        0 if chance.below(200) == 0 => chance.below(window),
                        0 => chance.below(window / 20_000 + 1),
                        pace => chance.below(2 * pace),
                    };
                    if sliding.take(quota, Moment::from_nanos(now)).is_ok() {
                        taken.push(now);
                    }
                    assert!(sliding.batches.len() <= 34);
                }
                for (index, begin) in taken.iter().enumerate() {
                    let within = taken[index..].iter().take_while(|at| **at < begin + window);
                    assert!(within.count() <= number as usize, "{quota} at a pace of {pace}");
                }
                if pace == window / 5_000 + 1 && number < 1000 {
                    let share = u128::from(now) * u128::from(number) / u128::from(window);
                    assert!(taken.len() as u128 * 100 >= share * 95, "{quota}: {}", taken.len());
                }
            }
        }
    }

    #[test]
    fn what_a_refusal_says_is_true() {
        let (mut chance, quota) = (Chance(7), quota("20/4s"));
        for _ in 0..200 {
            let (mut sliding, mut now) = (Sliding::default(), at(0));
            let wait = loop {
                now = now.after(Duration::from_millis(chance.below(300)));
                if let Err(wait) = sliding.take(quota, now) {
                    break wait;
                }
            };
            let before = now.after(wait.saturating_sub(Duration::from_nanos(1)));
            assert!(sliding.clone().take(quota, before).is_err());
            assert!(sliding.take(quota, now.after(wait)).is_ok());
        }
    }

    #[test]
    fn what_is_left_is_told() {
        let (mut sliding, quota) = (Sliding::default(), quota("3/1s"));
        let room = |left, millis| Ok(Room { left, more: Duration::from_millis(millis) });
        assert_eq!(sliding.room(quota, at(0)), room(3, 0));
        assert_eq!(sliding.take(quota, at(0)), room(2, 1000));
        assert_eq!(sliding.take(quota, at(500)), room(1, 500));
        assert_eq!(sliding.take(quota, at(600)), room(0, 400));
        assert_eq!(sliding.take(quota, at(700)), Err(Duration::from_millis(300)));
        assert_eq!(sliding.take(quota, at(1000)), room(0, 500));
    }

    #[test]
    fn a_limit_may_change() {
        let mut sliding = Sliding::default();
        for _ in 0..5 {
            assert!(sliding.take(quota("5/1s"), at(0)).is_ok());
        }
        assert_eq!(sliding.take(quota("2/1s"), at(100)), Err(Duration::from_millis(900)));
        assert_eq!(sliding.take(quota("5/10s"), at(500)), Err(Duration::from_millis(9_500)));
        assert!(sliding.take(quota("6/10s"), at(500)).is_ok());
    }

    #[test]
    fn an_old_look_at_the_clock_lets_in_no_more() {
        let (mut sliding, quota) = (Sliding::default(), quota("2/1s"));
        assert!(sliding.take(quota, at(5_000)).is_ok());
        assert!(sliding.take(quota, at(4_000)).is_ok());
        assert!(sliding.take(quota, at(5_500)).is_err());
    }

    #[test]
    fn what_others_remember_is_told_in_ages() {
        let (mut sliding, quota) = (Sliding::default(), quota("5/1s"));
        sliding.note(quota, at(100), 2);
        sliding.note(quota, at(600), 1);
        let ages = |now| sliding.ages(quota, at(now)).collect::<Vec<_>>();
        assert_eq!(ages(700), [(2, Duration::from_millis(600)), (1, Duration::from_millis(100))]);
        assert_eq!(ages(1_100), [(1, Duration::from_millis(500))]);
    }

    #[test]
    fn who_only_notes_remembers_no_more_than_counts() {
        let mut chance = Chance(7);
        for window in [1_000_000_u64, 1_000_000_000, 60_000_000_000] {
            let quota = Quota::new(20, Duration::from_nanos(window)).unwrap();
            for pace in [window, window / 32, window / 5_000 + 1] {
                let (mut sliding, mut now, mut noted) = (Sliding::default(), 1, Vec::new());
                for _ in 0..2_000 {
                    now += chance.below(2 * pace);
                    // What others took is heard of a little later.
                    let at = now - chance.below(window / 100).min(now);
                    sliding.note(quota, Moment::from_nanos(at), 1);
                    noted.push(at);
                    assert!(sliding.batches.len() <= 36, "{}", sliding.batches.len());
                    let now = Moment::from_nanos(now);
                    let counts: u64 = sliding.ages(quota, now).map(|(n, _)| u64::from(n)).sum();
                    let within =
                        noted.iter().filter(|at| **at + window > now.as_nanos()).count() as u64;
                    assert!(counts >= within, "{counts} of {within}");
                    assert!(sliding.ages(quota, now).all(|(_, age)| age < quota.window()));
                }
            }
        }
    }
}
