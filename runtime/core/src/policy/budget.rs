//! How many calls of a service may be tried again: a share of them all, so that an outage isn't made
//! worse by those who try again.

use std::time::Duration;

use parking_lot::Mutex;

use super::window::{Ring, Tally};
use crate::time::Moment;

/// What is deposited and withdrawn counts for so long.
const WINDOW: Duration = Duration::from_secs(10);

/// The numbers behind a [`RetryBudget`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetSettings {
    /// The share of calls that may be tried again. 0.2.
    pub ratio: f64,
    /// So many more in a second, however few calls there are. 10.
    pub floor: u32,
}

impl Default for BudgetSettings {
    fn default() -> Self {
        Self { ratio: 0.2, floor: 10 }
    }
}

/// Tokens for trying again: over the last 10 s, no more than `ratio` of the calls and `floor` a
/// second. The floor of the whole window may be spent at once: many calls fail together.
///
/// After Finagle's `RetryBudget` (20 %, 10 a second, 10 s) and tower's `TpsBudget`.
#[derive(Debug)]
pub struct RetryBudget {
    calls: Tally,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: BudgetSettings,
    /// Calls often, tokens seldom.
    ring: Ring,
}

impl RetryBudget {
    /// A budget that nobody has drawn on.
    pub fn new(settings: BudgetSettings) -> Self {
        let inner = Mutex::new(Inner { settings, ring: Ring::new(WINDOW) });
        Self { calls: Tally::default(), inner }
    }

    /// So many calls were made, those that are tried again not counted once more.
    #[inline]
    pub fn deposit(&self, now: Moment, calls: u32) {
        if !self.calls.add(now, calls.into()) {
            self.deposit_anew(now, calls);
        }
    }

    #[cold]
    fn deposit_anew(&self, now: Moment, calls: u32) {
        let ring = &mut self.inner.lock().ring;
        ring.roll(&self.calls, now);
        ring.current().often += u64::from(calls);
    }

    /// Takes a token; false if there is none: then the call isn't tried again.
    pub fn withdraw(&self, now: Moment) -> bool {
        let Inner { settings: BudgetSettings { ratio, floor }, ring } = &mut *self.inner.lock();
        ring.roll(&self.calls, now);
        let counted = ring.sum();
        let reserve = f64::from(*floor) * WINDOW.as_secs_f64();
        // A millionth more: a share such as 0.29 is a little less than it looks.
        let all = ratio.max(0.0) * counted.often as f64 + reserve + 1e-6;
        let granted = (counted.seldom + 1) as f64 <= all;
        ring.current().seldom += u64::from(granted);
        granted
    }

    /// Changes the settings; what was counted stays.
    pub fn set(&self, settings: BudgetSettings) {
        self.inner.lock().settings = settings;
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(BudgetSettings::default())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::super::support::{Chance, at};
    use super::*;

    fn drain(budget: &RetryBudget, now: Moment) -> u32 {
        (0..).take_while(|_| budget.withdraw(now)).count() as u32
    }

    #[test]
    fn a_fifth_of_the_calls_and_the_floor() {
        let budget = RetryBudget::default();
        assert_eq!(drain(&budget, at(0)), 100, "ten a second, for ten seconds");
        for n in 0..50 {
            budget.deposit(at(n), 2);
        }
        assert_eq!(drain(&budget, at(60)), 20);
        assert_eq!(drain(&budget, at(10_999)), 0);
        // The tokens come back in the second that they were spent in.
        assert_eq!(drain(&budget, at(11_000)), 100);
    }

    #[test]
    fn settings_change_while_it_runs() {
        let budget = RetryBudget::new(BudgetSettings { ratio: 0.29, floor: 0 });
        budget.deposit(at(1), 100);
        assert_eq!(drain(&budget, at(2)), 29);
        budget.set(BudgetSettings { ratio: 0.5, floor: 1 });
        assert_eq!(drain(&budget, at(3)), 31);
        budget.set(BudgetSettings { ratio: 0.0, floor: 0 });
        assert_eq!(drain(&budget, at(60_000)), 0);
    }

    /// Each event with its second, and sums made anew each time.
    #[derive(Default)]
    struct Model {
        events: VecDeque<(u64, u32, u32)>,
    }

    impl Model {
        fn add(&mut self, second: u64, calls: u32, tokens: u32) {
            match self.events.back_mut() {
                Some(last) if last.0 == second => {
                    last.1 += calls;
                    last.2 += tokens;
                }
                _ => self.events.push_back((second, calls, tokens)),
            }
        }

        fn withdraw(&mut self, second: u64, percent: u32, floor: u32) -> bool {
            self.events.retain(|event| event.0 + 10 >= second);
            let calls: u32 = self.events.iter().map(|event| event.1).sum();
            let tokens: u32 = self.events.iter().map(|event| event.2).sum();
            let granted = (tokens + 1) * 100 <= calls * percent + floor * 1_000;
            self.add(second, 0, granted.into());
            granted
        }
    }

    #[test]
    fn it_agrees_with_a_plain_model() {
        let mut chance = Chance(7);
        let (mut now, mut percent, mut floor) = (0, 20, 10);
        let (budget, mut model) = (RetryBudget::default(), Model::default());
        let mut granted = [0_u32; 2];
        for event in 0..150_000 {
            now += match chance.below(1_000) {
                0 => chance.below(30_000),
                _ => chance.below(25),
            };
            match chance.below(10_000) {
                0 => {
                    (percent, floor) = (chance.below(60) as u32, chance.below(6) as u32);
                    budget.set(BudgetSettings { ratio: f64::from(percent) / 100.0, floor });
                }
                1..6_000 => {
                    let calls = 1 + chance.below(4) as u32;
                    budget.deposit(at(now), calls);
                    model.add(now / 1_000, calls, 0);
                }
                _ => {
                    let told = budget.withdraw(at(now));
                    assert_eq!(told, model.withdraw(now / 1_000, percent, floor), "event {event}");
                    granted[usize::from(told)] += 1;
                }
            }
        }
        assert!(granted.iter().all(|times| *times > 5_000), "one-sided: {granted:?}");
    }
}
