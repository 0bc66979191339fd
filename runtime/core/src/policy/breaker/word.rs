//! What a call needs to know of a breaker, in one word that is read at once.

use crate::time::Moment;

/// Closed: the number of its life, and whether there are failures that the next answer ends. Shut:
/// until when, and whether a probe is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

const SHUT: u64 = 1 << 63;
const PROBING: u64 = 1 << 62;
/// 146 years of nanoseconds.
const TIME: u64 = PROBING - 1;
const MARRED: u64 = 1;

impl Word {
    /// Closed, and the last call was answered.
    #[inline]
    pub(super) const fn clean(life: u64) -> Self {
        Self(life << 1)
    }

    /// Closed, and the last call failed.
    pub(super) const fn marred(life: u64) -> Self {
        Self(life << 1 | MARRED)
    }

    /// Open until then.
    pub(super) fn open(until: Moment) -> Self {
        Self(SHUT | until.as_nanos().min(TIME))
    }

    /// A probe is under way, and is waited for until then.
    pub(super) fn probing(until: Moment) -> Self {
        Self(PROBING | Self::open(until).0)
    }

    #[inline]
    pub(super) const fn is_closed(self) -> bool {
        self.0 & SHUT == 0
    }

    pub(super) const fn is_probing(self) -> bool {
        !self.is_closed() && self.0 & PROBING != 0
    }

    /// The life of a closed breaker.
    #[inline]
    pub(super) const fn life(self) -> u64 {
        self.0 >> 1
    }

    /// Until when a breaker is shut.
    #[inline]
    pub(super) const fn until(self) -> Moment {
        Moment::from_nanos(self.0 & TIME)
    }
}
