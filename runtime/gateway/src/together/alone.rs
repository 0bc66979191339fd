//! An edge by itself.

use std::future::ready;
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::time::Clock;

use super::claims::{Claims, stands_for};
use super::counts::Counts;
use super::endings::Endings;
use super::{Apart, Ask, Claim, Take, Taken, Together};

/// What an edge knows by itself, in memory: all that there is where it is the only one, and each one's
/// part where there are several.
#[derive(Debug)]
pub struct Alone {
    clock: Clock,
    counts: Counts,
    claims: Claims,
    endings: Endings,
}

impl Alone {
    /// Knows nothing yet.
    pub fn new(clock: Clock) -> Self {
        let (counts, claims, endings) = (Counts::default(), Claims::default(), Endings::default());
        Self { clock, counts, claims, endings }
    }

    /// As [`Together::take`], at once.
    pub fn take_here(&self, asks: &[Ask<'_>]) -> Taken {
        self.counts.take(asks, self.clock.now())
    }

    /// So many were taken elsewhere, so long ago.
    pub fn note(&self, ask: &Ask<'_>, (number, age): (u32, Duration)) {
        self.counts.note(ask, (number, age), self.clock.now());
    }

    /// What others know of a key, who were asked: whatever is more, that or what is known here.
    pub fn learn(&self, ask: &Ask<'_>, known: &[(u32, Duration)]) {
        self.counts.learn(ask, known, self.clock.now());
    }

    /// Whether others were asked what they know of a key.
    pub fn has_asked(&self, ask: &Ask<'_>) -> bool {
        self.counts.has_asked(ask)
    }

    /// What was taken, as far as it is known: how many how long ago, from the oldest on. `None` if
    /// nothing was.
    pub fn recall(&self, ask: &Ask<'_>) -> Option<Vec<(u32, Duration)>> {
        self.counts.recall(ask, self.clock.now())
    }

    /// As [`Together::claim`], at once, for whoever claims it: the same claimant may do so again, and is
    /// told the same.
    ///
    /// # Errors
    /// There is no room to remember it.
    pub fn claim_for(
        &self,
        claimant: u128,
        value: &str,
        lasting: Duration,
    ) -> Result<Claim, Apart> {
        self.claims.claim(stands_for(value), claimant, lasting, self.clock.now())
    }

    /// A value was claimed before this process began, and counts for so long still. Without room for it,
    /// there is none for any other.
    pub(super) fn was_claimed(&self, stands_for: u128, lasting: Duration) {
        let _ = self.claims.claim(stands_for, fastrand::u128(..), lasting, self.clock.now());
    }

    /// As [`Together::end`], at once: whether that is news here.
    ///
    /// # Errors
    /// There is no room to remember it.
    pub fn end_here(&self, session: &str, lasting: Duration) -> Result<bool, Apart> {
        self.endings.end(session, lasting, self.clock.now())
    }

    /// All sessions that have ended, and for how long they would still be good.
    pub fn endings(&self) -> Vec<(String, Duration)> {
        self.endings.all(self.clock.now())
    }
}

impl Together for Alone {
    fn take<'a>(&'a self, asks: &'a [Ask<'a>]) -> Take<'a> {
        Take::Now(self.take_here(asks))
    }

    fn claim<'a>(
        &'a self,
        value: &'a str,
        lasting: Duration,
    ) -> BoxFuture<'a, Result<Claim, Apart>> {
        // Nobody claims anything twice.
        let claimant = fastrand::u128(..);
        Box::pin(ready(self.claim_for(claimant, value, lasting)))
    }

    fn end<'a>(&'a self, session: &'a str, lasting: Duration) -> BoxFuture<'a, Result<(), Apart>> {
        Box::pin(ready(self.end_here(session, lasting).map(drop)))
    }

    fn is_ended(&self, session: &str) -> bool {
        self.endings.is_ended(session, self.clock.now())
    }
}
