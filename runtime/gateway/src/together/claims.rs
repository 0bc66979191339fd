//! Values that were used once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::time::Moment;
use xxhash_rust::xxh3::xxh3_128;

use super::{Apart, Claim};

/// Values remembered at once, some 64 bytes each; who claims one more is told that there is no room.
const MOST: usize = 1_000_000;
/// How often at most all of them are looked at while there are as many.
const LOOK: Duration = Duration::from_secs(1);

/// What stands for a value, in all processes: whoever finds two that are alike can use one of them, and
/// nobody else's.
pub(super) fn stands_for(value: &str) -> u128 {
    xxh3_128(value.as_bytes())
}

/// Values that were claimed, and by which claimant.
#[derive(Debug, Default)]
pub(super) struct Claims {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_value: HashMap<u128, (u128, Moment)>,
    /// From how many on those whose time is over are looked for.
    look_at: usize,
    looked: Moment,
}

impl Claims {
    /// Claims a value, by what [`stands`](stands_for) for it; the same claimant may do so again.
    pub(super) fn claim(
        &self,
        value: u128,
        claimant: u128,
        lasting: Duration,
        now: Moment,
    ) -> Result<Claim, Apart> {
        let until = now.after(lasting);
        let mut known = self.known.lock();
        known.forget(now);
        let is_full = known.by_value.len() >= MOST;
        match known.by_value.entry(value) {
            Entry::Occupied(mut known) => {
                let (other, is_until) = known.get_mut();
                if *is_until <= now || *other == claimant {
                    (*other, *is_until) = (claimant, until.max(*is_until));
                    return Ok(Claim::First);
                }
                Ok(Claim::Before)
            }
            Entry::Vacant(_) if is_full => {
                let why = "too many values that may be used once are remembered already";
                Err(Apart { why: why.to_owned() })
            }
            Entry::Vacant(place) => {
                place.insert((claimant, until));
                Ok(Claim::First)
            }
        }
    }
}

impl Known {
    /// Forgets those whose time is over, whenever there are twice as many as it left.
    fn forget(&mut self, now: Moment) {
        let is_due = self.by_value.len() >= self.look_at.max(1024)
            && (self.by_value.len() < MOST || now.since(self.looked) >= LOOK);
        if is_due {
            self.by_value.retain(|_, (_, until)| *until > now);
            self.by_value.shrink_to(2 * self.by_value.len());
            (self.look_at, self.looked) = ((2 * self.by_value.len()).min(MOST), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTING: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Moment {
        Moment::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_value_is_used_once_while_it_counts() {
        let claims = Claims::default();
        let claim = |value, claimant, seconds| {
            claims.claim(stands_for(value), claimant, LASTING, at(seconds)).unwrap()
        };
        assert_eq!(claim("a", 1, 1), Claim::First);
        assert_eq!(claim("a", 1, 2), Claim::First, "it is the same who asks again");
        assert_eq!(claim("a", 2, 3), Claim::Before);
        assert_eq!(claim("b", 2, 3), Claim::First);
        assert_eq!(claim("a", 2, 11), Claim::Before);
        assert_eq!(claim("a", 2, 12), Claim::First);
    }

    #[test]
    fn who_is_full_lets_nobody_in() {
        let claims = Claims::default();
        for number in 0..MOST {
            let claimed = claims.claim(number as u128, 1, LASTING, at(1));
            assert_eq!(claimed, Ok(Claim::First));
        }
        assert!(claims.claim(u128::MAX, 1, LASTING, at(2)).is_err());
        assert_eq!(claims.claim(7, 2, LASTING, at(2)), Ok(Claim::Before));
        assert_eq!(claims.claim(u128::MAX, 1, LASTING, at(11)), Ok(Claim::First));
        assert_eq!(claims.known.lock().by_value.len(), 1);
    }
}
