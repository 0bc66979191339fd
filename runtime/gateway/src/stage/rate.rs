//! How many requests an address may make.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::time::Moment;

use super::Here;
use crate::problem::Problem;

/// Refuses a request of an address that asks too much.
pub(super) fn admit(here: &Here<'_>) -> Result<(), Problem> {
    if let Some(rate) = here.settings.limits.rate
        && let Some(peer) = here.request.peer()
    {
        let admitted = here.worker.shared.rate.admit(peer, here.request.began, rate);
        return admitted.map_err(Problem::rate_limited);
    }
    Ok(())
}

/// Addresses remembered at once; those that have paid are forgotten first.
const MAX_ADDRESSES: usize = 100_000;

/// What addresses have asked for of late: each may make one request every so often, and as many
/// ahead of that as there are in a second (GCRA).
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// When an address will have paid for all that it has asked.
    paid: Mutex<HashMap<IpAddr, Moment>>,
}

impl Rate {
    /// Lets a request in, or says how long to wait.
    fn admit(&self, address: IpAddr, now: Moment, per_second: NonZeroU32) -> Result<(), Duration> {
        let second = Duration::from_secs(1);
        let interval = second / per_second.get();
        let mut paid = self.paid.lock();
        let address = network(address);
        if paid.len() >= MAX_ADDRESSES && !paid.contains_key(&address) {
            paid.retain(|_, paid| *paid > now);
            if paid.len() >= MAX_ADDRESSES {
                return Err(interval);
            }
        }
        let paid = paid.entry(address).or_insert(now);
        let ahead = paid.since(now);
        let burst = second - interval;
        if ahead > burst {
            return Err(ahead - burst);
        }
        *paid = (*paid).max(now).after(interval);
        Ok(())
    }
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

    #[test]
    fn a_rate_allows_bursts_and_then_its_share() {
        let (rate, four) = (Rate::default(), NonZeroU32::new(4).unwrap());
        let mut now = Moment::from_nanos(1);
        for _ in 0..4 {
            assert_eq!(rate.admit(ADDRESS, now, four), Ok(()));
        }
        assert_eq!(rate.admit(ADDRESS, now, four), Err(Duration::from_millis(250)));
        assert_eq!(rate.admit(IpAddr::from([10, 0, 0, 1]), now, four), Ok(()));
        now = now.after(Duration::from_millis(250));
        assert_eq!(rate.admit(ADDRESS, now, four), Ok(()));
        assert!(rate.admit(ADDRESS, now, four).is_err());
        now = now.after(Duration::from_secs(60));
        for _ in 0..4 {
            assert_eq!(rate.admit(ADDRESS, now, four), Ok(()));
        }
        assert!(rate.admit(ADDRESS, now, four).is_err());
    }
    #[test]
    fn a_rate_may_change() {
        let (rate, now) = (Rate::default(), Moment::from_nanos(1));
        let of = |number| NonZeroU32::new(number).unwrap();
        assert_eq!(rate.admit(ADDRESS, now, of(1)), Ok(()));
        assert!(rate.admit(ADDRESS, now, of(1)).is_err());
        assert_eq!(rate.admit(ADDRESS, now.after(Duration::from_millis(500)), of(2)), Ok(()));
    }
}
