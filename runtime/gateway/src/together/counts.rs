//! What was taken of all limits, by key.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::policy::{Quota, Sliding};
use seam_core::time::Moment;

use super::hash::Hash;
use super::{Ask, Standing, Taken};

/// Keys of one generation: so many that have asked of late are remembered, and up to as many of those
/// before them. Each takes some hundred bytes.
const MOST: usize = 50_000;

/// What was taken, by limit and key. Whoever hasn't asked for longer than any limit's window is
/// forgotten, and before that who hasn't asked for longest, if there are too many.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    hash: Hash,
    generations: Mutex<Generations>,
}

/// Forgotten is whole generations, so that no request pays for a look at all keys.
#[derive(Debug, Default)]
struct Generations {
    now: HashMap<u128, Counted>,
    before: HashMap<u128, Counted>,
    since: Moment,
    /// Of all windows so far.
    longest: Duration,
}

/// What was taken by one key.
#[derive(Debug, Default)]
struct Counted {
    taken: Sliding,
    /// Others were asked what they know of it.
    asked: bool,
}

impl Counts {
    /// Takes one for each, or none.
    pub(crate) fn take(&self, asks: &[Ask<'_>], now: Moment) -> Taken {
        let mut generations = self.generations.lock();
        let mut refused = None;
        for (of, ask) in asks.iter().enumerate() {
            let wait = generations.of(self.key(ask), ask.quota, now).room(ask.quota, now).err();
            refused = refused.max(wait.map(|wait| (wait, of)));
        }
        if let Some((wait, of)) = refused {
            return Taken { of, standing: Standing::Refused { wait } };
        }
        let none = Standing::Admitted { left: u32::MAX, more: Duration::ZERO };
        let mut least = Taken { of: 0, standing: none };
        for (of, ask) in asks.iter().enumerate() {
            let counted = generations.of(self.key(ask), ask.quota, now).take(ask.quota, now);
            if let (Ok(room), Standing::Admitted { left, .. }) = (counted, least.standing)
                && room.left < left
            {
                let standing = Standing::Admitted { left: room.left, more: room.more };
                least = Taken { of, standing };
            }
        }
        least
    }

    /// How long a key has to wait for one, if there is none; nothing is taken.
    pub(crate) fn wait(&self, ask: &Ask<'_>, now: Moment) -> Option<Duration> {
        self.generations.lock().known(self.key(ask))?.taken.room(ask.quota, now).err()
    }

    /// So many were taken elsewhere, so long ago.
    pub(super) fn note(&self, ask: &Ask<'_>, (number, age): (u32, Duration), now: Moment) {
        let mut generations = self.generations.lock();
        let counted = generations.of(self.key(ask), ask.quota, now);
        counted.note(ask.quota, ago(age, now), number);
    }

    /// What others know of a key, from the oldest on, once: it stands for what is known here, if it is more.
    pub(super) fn learn(&self, ask: &Ask<'_>, known: &[(u32, Duration)], now: Moment) {
        let mut generations = self.generations.lock();
        let counted = generations.counted(self.key(ask), ask.quota, now);
        let count = |taken: &mut dyn Iterator<Item = u32>| taken.map(u64::from).sum::<u64>();
        let is_more = count(&mut known.iter().map(|known| known.0))
            > count(&mut counted.taken.ages(ask.quota, now).map(|known| known.0));
        if !counted.asked && is_more {
            counted.taken = Sliding::default();
            let taken = &mut counted.taken;
            known.iter().for_each(|known| taken.note(ask.quota, ago(known.1, now), known.0));
        }
        counted.asked = true;
    }

    /// Whether others were asked what they know of a key.
    pub(super) fn has_asked(&self, ask: &Ask<'_>) -> bool {
        self.generations.lock().known(self.key(ask)).is_some_and(|counted| counted.asked)
    }

    /// What was taken by a key, and how long ago; `None` if nothing is known of it.
    pub(super) fn recall(&self, ask: &Ask<'_>, now: Moment) -> Option<Vec<(u32, Duration)>> {
        Some(self.generations.lock().known(self.key(ask))?.taken.ages(ask.quota, now).collect())
    }

    fn key(&self, ask: &Ask<'_>) -> u128 {
        self.hash.of(&[ask.name, ask.key])
    }
}

fn ago(age: Duration, now: Moment) -> Moment {
    let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
    Moment::from_nanos(now.as_nanos().saturating_sub(age))
}

impl Generations {
    fn known(&mut self, key: u128) -> Option<&mut Counted> {
        self.now.get_mut(&key).or_else(|| self.before.get_mut(&key))
    }

    fn of(&mut self, key: u128, quota: Quota, now: Moment) -> &mut Sliding {
        &mut self.counted(key, quota, now).taken
    }

    fn counted(&mut self, key: u128, quota: Quota, now: Moment) -> &mut Counted {
        self.longest = self.longest.max(quota.window());
        if self.now.len() >= MOST || now.since(self.since) > self.longest {
            self.before = mem::take(&mut self.now);
            self.since = now;
        }
        let before = &mut self.before;
        self.now.entry(key).or_insert_with(|| before.remove(&key).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask<'a>(name: &'a str, key: &'a str, quota: &str) -> Ask<'a> {
        Ask { name, key, quota: quota.parse().unwrap() }
    }

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    fn is_admitted(taken: Taken) -> bool {
        matches!(taken.standing, Standing::Admitted { .. })
    }

    #[test]
    fn one_is_taken_of_each_limit_or_of_none() {
        let counts = Counts::default();
        let both = [ask("edge", "a", "3/1s"), ask("user.create", "a", "1/2s")];
        let taken = counts.take(&both, at(0));
        let more = Duration::from_secs(2);
        assert_eq!(taken, Taken { of: 1, standing: Standing::Admitted { left: 0, more } });
        let wait = Duration::from_millis(1_900);
        for _ in 0..5 {
            let refused = Taken { of: 1, standing: Standing::Refused { wait } };
            assert_eq!(counts.take(&both, at(100)), refused);
        }
        let more = Duration::from_millis(900);
        let taken = counts.take(&both[..1], at(100));
        assert_eq!(taken, Taken { of: 0, standing: Standing::Admitted { left: 1, more } });
    }

    #[test]
    fn keys_are_counted_apart_and_so_are_limits() {
        let counts = Counts::default();
        for (name, key) in [("a", "x"), ("a", "y"), ("b", "x")] {
            assert!(is_admitted(counts.take(&[ask(name, key, "1/1s")], at(0))));
            assert!(!is_admitted(counts.take(&[ask(name, key, "1/1s")], at(0))));
        }
    }

    #[test]
    fn nobody_is_forgotten_before_the_longest_window_is_over() {
        let counts = Counts::default();
        assert!(is_admitted(counts.take(&[ask("long", "a", "1/60s")], at(0))));
        for second in 0..59 {
            counts.take(&[ask("short", "b", "100/1s")], at(second * 1000));
            assert!(!is_admitted(counts.take(&[ask("long", "a", "1/60s")], at(second * 1000))));
        }
        assert!(is_admitted(counts.take(&[ask("long", "a", "1/60s")], at(60_000))));
    }

    #[test]
    fn a_long_window_is_not_forgotten_for_short_ones() {
        let counts = Counts::default();
        assert!(is_admitted(counts.take(&[ask("long", "a", "1/60s")], at(0))));
        for second in 0..59 {
            counts.take(&[ask("short", "b", "100/1s")], at(second * 1000));
        }
        assert!(!is_admitted(counts.take(&[ask("long", "a", "1/60s")], at(59_000))));
    }

    #[test]
    fn what_others_know_is_learned_once_and_told_of_already_or_not() {
        let counts = Counts::default();
        let ask = ask("edge", "a", "5/1s");
        let second = Duration::from_millis(100);
        counts.note(&ask, (2, second), at(5_000));
        assert!(!counts.has_asked(&ask));
        counts.learn(&ask, &[(3, second), (1, Duration::ZERO)], at(5_000));
        assert!(counts.has_asked(&ask));
        assert_eq!(counts.recall(&ask, at(5_000)).unwrap().iter().map(|k| k.0).sum::<u32>(), 4);
        counts.learn(&ask, &[(5, second)], at(5_000));
        assert_eq!(counts.recall(&ask, at(5_000)).unwrap().iter().map(|k| k.0).sum::<u32>(), 4);
    }

    #[test]
    fn memory_is_bounded_and_those_who_ask_stay() {
        let counts = Counts::default();
        assert!(is_admitted(counts.take(&[ask("edge", "a", "1/60s")], at(0))));
        for number in 0..3 * MOST {
            counts.take(&[ask("edge", &number.to_string(), "1/60s")], at(1));
            if number % 10_000 == 0 {
                assert!(!is_admitted(counts.take(&[ask("edge", "a", "1/60s")], at(1))));
            }
        }
        let generations = counts.generations.lock();
        assert!(generations.now.len() + generations.before.len() <= 2 * MOST);
    }

    #[test]
    fn what_was_taken_elsewhere_counts() {
        let (here, there) = (Counts::default(), Counts::default());
        let ask = ask("edge", "a", "3/1s");
        assert_eq!(there.recall(&ask, at(0)), None);
        here.take(&[ask], at(0));
        here.take(&[ask], at(500));
        for known in here.recall(&ask, at(600)).unwrap() {
            there.note(&ask, known, at(5_000));
        }
        assert!(is_admitted(there.take(&[ask], at(5_000))));
        let wait = Duration::from_millis(400);
        let refused = Taken { of: 0, standing: Standing::Refused { wait } };
        assert_eq!(there.take(&[ask], at(5_000)), refused);
    }
}
