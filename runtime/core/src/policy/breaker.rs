//! Whether an endpoint gets calls: not while it fails, and then one to try it.

mod settings;
#[cfg(test)]
mod tests;
mod word;

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

pub use self::settings::BreakerSettings;
use self::word::Word;
use super::backoff::times;
use super::balance::Standing;
use super::window::{Ring, Tally};
use crate::time::Moment;

/// The breaker of one endpoint.
///
/// It is closed until so many calls failed in a row, or too small a share of the last ones succeeded.
/// Then it is open for a while that doubles each time. After that one call is let through, on
/// probation: by its success the breaker is closed and all is forgotten, by its failure open again.
///
/// After linkerd's unified breaker (failures in a row, or a success rate with at least so many calls)
/// and Finagle's failure accrual (probation of one call). Overload is no failure here. What is told of
/// calls from before it opened is ignored: they say what is known already.
#[derive(Debug)]
pub struct Breaker {
    /// What calls look at: see [`Word`].
    word: AtomicU64,
    answered: Tally,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: BreakerSettings,
    /// Answered calls often, others seldom.
    ring: Ring,
    /// Failures since the last answered call.
    streak: u32,
    /// How often it opened since it was closed.
    openings: u32,
    /// The life that calls are let in for: since it was closed, or as a probe.
    life: u64,
    /// The first probe since it opened.
    first_probe: u64,
}

/// Whether a call may go to the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may. What becomes of it is told with the pass.
    Admitted(Pass),
    /// It may, and decides whether others may. What becomes of it is told with the pass; if that
    /// isn't done within [`BreakerSettings::open`], another call is let through as well.
    Probe(Pass),
    /// It may not.
    Open {
        /// When to ask again.
        until: Moment,
    },
}

/// Says in which life of the breaker a call was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass(u64);

impl Pass {
    /// That of a breaker which was never open.
    pub const FIRST: Self = Self(0);
}

/// What a call says of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It answers: also by a service error, or by saying that a call is wrong or not allowed.
    Answered,
    /// It failed: no answer, a connection lost or refused.
    Failed,
    /// Nothing: the caller went away first, the call never left, or there is too much to do.
    Untold,
}

/// What a breaker does, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// None does until then; the first one after it is on probation.
    Open {
        /// When that is.
        until: Moment,
    },
    /// One call has gone through, and none other does before it is told of or that moment has come.
    Probing {
        /// When another one is let through.
        until: Moment,
    },
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: BreakerSettings) -> Self {
        let inner = Inner {
            settings,
            ring: Ring::new(settings.window),
            streak: 0,
            openings: 0,
            life: 0,
            first_probe: 0,
        };
        let word = AtomicU64::new(Word::clean(0).0);
        Self { word, answered: Tally::default(), inner: Mutex::new(inner) }
    }

    /// Whether a call may go to the endpoint now.
    #[inline]
    pub fn admit(&self, now: Moment) -> Admission {
        let word = self.word();
        if word.is_closed() {
            return Admission::Admitted(Pass(word.life()));
        }
        self.admit_while_shut(now, word)
    }

    #[cold]
    fn admit_while_shut(&self, now: Moment, word: Word) -> Admission {
        // Most are refused, and take no lock for it.
        if now < word.until() {
            return Admission::Open { until: word.until() };
        }
        let mut inner = self.inner.lock();
        let word = self.word();
        if word.is_closed() {
            return Admission::Admitted(Pass(word.life()));
        }
        if now < word.until() {
            return Admission::Open { until: word.until() };
        }
        inner.life += 1;
        self.set_word(Word::probing(now.after(inner.settings.open)));
        Admission::Probe(Pass(inner.life))
    }

    /// Tells what became of a call that was let in. `random` gives a number in 0..1; it is asked for
    /// when the breaker opens.
    #[inline]
    pub fn record(&self, now: Moment, random: impl FnOnce() -> f64, pass: Pass, verdict: Verdict) {
        let well = verdict == Verdict::Answered && self.word() == Word::clean(pass.0);
        if !(well && self.answered.add(now, 1)) {
            self.weigh(now, random, pass, verdict);
        }
    }

    #[cold]
    fn weigh(&self, now: Moment, random: impl FnOnce() -> f64, pass: Pass, verdict: Verdict) {
        let inner = &mut *self.inner.lock();
        if !self.word().is_closed() {
            let probes = inner.first_probe..=inner.life;
            match verdict {
                _ if !probes.contains(&pass.0) => {}
                Verdict::Answered => self.close(inner),
                Verdict::Failed => self.open(inner, now, random()),
                // Only the last probe bars the way.
                Verdict::Untold if pass.0 == inner.life => {
                    self.set_word(Word::open(Moment::default()));
                }
                Verdict::Untold => {}
            }
            return;
        }
        if pass.0 != inner.life || verdict == Verdict::Untold {
            return;
        }
        inner.ring.roll(&self.answered, now);
        if verdict == Verdict::Answered {
            inner.ring.current().often += 1;
            inner.streak = 0;
            return self.set_word(Word::clean(inner.life));
        }
        inner.streak += 1;
        inner.ring.current().seldom += 1;
        if inner.is_too_bad() {
            self.open(inner, now, random());
        } else {
            self.set_word(Word::marred(inner.life));
        }
    }

    /// No call goes through for a while.
    fn open(&self, inner: &mut Inner, now: Moment, random: f64) {
        let BreakerSettings { longest, .. } = inner.settings;
        let wait = times(inner.settings.reopening(inner.openings), 1.0 + 0.5 * random);
        inner.openings = inner.openings.saturating_add(1);
        inner.first_probe = inner.life + 1;
        self.set_word(Word::open(now.after(wait.min(longest))));
    }

    fn close(&self, inner: &mut Inner) {
        (inner.streak, inner.openings) = (0, 0);
        inner.ring.clear(&self.answered);
        self.set_word(Word::clean(inner.life));
    }

    /// Somebody else is at the other end, or has been greeted anew: the breaker is closed, and what
    /// becomes of calls from before says nothing of it.
    pub fn renewed(&self) {
        let inner = &mut *self.inner.lock();
        inner.life += 1;
        self.close(inner);
    }

    /// Changes the settings. What was counted stays, unless the window is another.
    pub fn set(&self, settings: BreakerSettings) {
        let inner = &mut *self.inner.lock();
        if settings.window != inner.settings.window {
            inner.ring.clear(&self.answered);
            inner.ring = Ring::new(settings.window);
        }
        inner.settings = settings;
    }

    /// What it does at present.
    pub fn state(&self) -> BreakerState {
        let word = self.word();
        match word.until() {
            _ if word.is_closed() => BreakerState::Closed,
            until if word.is_probing() => BreakerState::Probing { until },
            until => BreakerState::Open { until },
        }
    }

    /// What a balancer is to think of the endpoint: [`Standing::Due`] when the next call would be on
    /// probation.
    #[inline]
    pub fn standing(&self, now: Moment) -> Standing {
        let word = self.word();
        match word.is_closed() {
            true => Standing::Ready,
            false if now >= word.until() => Standing::Due,
            false => Standing::Shut,
        }
    }

    #[inline]
    fn word(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    /// Under the lock, always.
    fn set_word(&self, word: Word) {
        self.word.store(word.0, Ordering::Relaxed);
    }
}

impl Inner {
    fn is_too_bad(&self) -> bool {
        let BreakerSettings { failures, success, .. } = self.settings;
        let counted = self.ring.sum();
        let calls = counted.often + counted.seldom;
        let in_a_row = failures > 0 && self.streak >= failures;
        let by_rate =
            calls >= settings::MIN_CALLS && (counted.often as f64) < success * calls as f64 - 1e-6;
        in_a_row || by_rate
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(BreakerSettings::default())
    }
}
