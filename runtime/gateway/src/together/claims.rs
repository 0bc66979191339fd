//! Values that were used once.

use std::time::Duration;

use parking_lot::Mutex;
use seam_core::time::Moment;
use xxhash_rust::xxh3::xxh3_128;

use super::remembered::Remembered;
use super::{Apart, Claim};

/// What stands for a value, in all processes: whoever finds two that are alike can use one of them, and
/// nobody else's.
pub(super) fn stands_for(value: &str) -> u128 {
    xxh3_128(value.as_bytes())
}

/// Values that were claimed, and by which claimant; some 64 bytes each.
#[derive(Debug, Default)]
pub(super) struct Claims {
    known: Mutex<Remembered<u128, u128>>,
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
        let mut known = self.known.lock();
        let before = known.get(&value).copied();
        let is_new = before.is_none_or(|(other, until)| until <= now || other == claimant);
        if !is_new {
            return Ok(Claim::Before);
        }
        let until = before.map_or(now, |(_, until)| until).max(now.after(lasting));
        match known.put(value, claimant, until, now) {
            true => Ok(Claim::First),
            false => {
                let why = "too many values that may be used once are remembered already";
                Err(Apart { why: why.to_owned() })
            }
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
        for number in 0..1_000_000_u32 {
            let claimed = claims.claim(u128::from(number), 1, LASTING, at(1));
            assert_eq!(claimed, Ok(Claim::First));
        }
        assert!(claims.claim(u128::MAX, 1, LASTING, at(2)).is_err());
        assert_eq!(claims.claim(7, 2, LASTING, at(2)), Ok(Claim::Before));
        assert_eq!(claims.claim(u128::MAX, 1, LASTING, at(11)), Ok(Claim::First));
        assert_eq!(claims.known.lock().len(), 1);
    }
}
