//! When an issuer's keys are fetched again.

use std::time::{Duration, Instant};

/// How long after a fetch for a token's sake the next one may begin.
const GAP: Duration = Duration::from_secs(5);
/// How often they are fetched in any case.
const REGULAR: Duration = Duration::from_secs(300);
/// The same while none is known.
const EAGER: Duration = Duration::from_secs(1);

/// When the last fetch began, and whether it still runs.
#[derive(Debug, Default)]
pub(super) struct Refetch {
    began: Option<Instant>,
    runs: bool,
}

/// What becomes of a wish for other keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A fetch begins: whoever asks has it made, and waits for it.
    Begin,
    /// One runs already: it is waited for.
    Running,
    /// The last one was a moment ago: its keys have to do.
    Enough,
}

impl Refetch {
    /// Somebody has a token whose key isn't known.
    pub(super) fn ask(&mut self, now: Instant, known: bool) -> Asked {
        if self.runs {
            return Asked::Running;
        }
        let gap = if known { GAP } else { EAGER };
        if self.began.is_some_and(|began| now < began + gap) {
            return Asked::Enough;
        }
        self.begin(now);
        Asked::Begin
    }

    /// A fetch begins.
    pub(super) fn begin(&mut self, now: Instant) {
        (self.began, self.runs) = (Some(now), true);
    }

    /// It is over.
    pub(super) fn ended(&mut self) {
        self.runs = false;
    }

    /// How long until they are fetched in any case.
    pub(super) fn wait(&self, now: Instant, known: bool) -> Duration {
        let every = if known { REGULAR } else { EAGER };
        self.began.map_or(Duration::ZERO, |began| (began + every).saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_fetched_once_in_five_seconds() {
        let (mut refetch, start) = (Refetch::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(refetch.ask(at(0), true), Asked::Begin);
        assert_eq!(refetch.ask(at(1), true), Asked::Running);
        assert_eq!(refetch.ask(at(9_000), true), Asked::Running);
        refetch.ended();
        assert_eq!(refetch.ask(at(9_001), true), Asked::Begin);
        refetch.ended();
        assert_eq!(refetch.ask(at(14_000), true), Asked::Enough);
        assert_eq!(refetch.ask(at(14_001), true), Asked::Begin);
    }

    #[test]
    fn they_are_fetched_in_any_case_and_sooner_while_none_is_known() {
        let (mut refetch, start) = (Refetch::default(), Instant::now());
        assert_eq!(refetch.wait(start, false), Duration::ZERO);
        refetch.begin(start);
        refetch.ended();
        assert_eq!(refetch.wait(start, false), EAGER);
        assert_eq!(refetch.wait(start, true), REGULAR);
        assert_eq!(refetch.wait(start + REGULAR + EAGER, true), Duration::ZERO);
        assert_eq!(refetch.ask(start + EAGER, false), Asked::Begin);
    }
}
