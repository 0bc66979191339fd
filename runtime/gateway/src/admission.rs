//! How many connections there may be, and how many requests an address may make.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::time::Moment;

use crate::settings::EdgeLimits;

/// The open connections, by address.
#[derive(Debug)]
pub(crate) struct Connections {
    max: usize,
    max_per_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    pub(crate) fn new(limits: &EdgeLimits) -> Self {
        Self {
            max: limits.connections,
            max_per_address: limits.connections_per_address,
            open: Mutex::default(),
        }
    }

    /// Lets a connection in, or doesn't.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Ticket> {
        let mut open = self.open.lock();
        if open.all >= self.max {
            return None;
        }
        let here = open.by_address.entry(address).or_default();
        if *here >= self.max_per_address {
            return None;
        }
        *here += 1;
        open.all += 1;
        drop(open);
        Some(Ticket { connections: Arc::clone(self), address })
    }
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock();
        open.all -= 1;
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// Addresses remembered at once; those that have paid are forgotten first.
const MAX_ADDRESSES: usize = 100_000;

/// How many requests an address may make: one every `interval`, and `burst` ahead of that (GCRA).
#[derive(Debug)]
pub(crate) struct Rate {
    interval: Duration,
    burst: Duration,
    /// When an address will have paid for all that it has asked.
    paid: Mutex<HashMap<IpAddr, Moment>>,
}

impl Rate {
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let interval = Duration::from_secs(1) / per_second.get();
        Self { interval, burst: Duration::from_secs(1) - interval, paid: Mutex::default() }
    }

    /// Lets a request in, or says how long to wait.
    pub(crate) fn admit(&self, address: IpAddr, now: Moment) -> Result<(), Duration> {
        let mut paid = self.paid.lock();
        let address = network(address);
        if paid.len() >= MAX_ADDRESSES && !paid.contains_key(&address) {
            paid.retain(|_, paid| *paid > now);
            if paid.len() >= MAX_ADDRESSES {
                return Err(self.interval);
            }
        }
        let paid = paid.entry(address).or_insert(now);
        let ahead = paid.since(now);
        if ahead > self.burst {
            return Err(ahead - self.burst);
        }
        *paid = (*paid).max(now).after(self.interval);
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
    fn a_place_is_given_back() {
        let limits =
            EdgeLimits { connections: 3, connections_per_address: 2, ..EdgeLimits::default() };
        let connections = Arc::new(Connections::new(&limits));
        let first = connections.admit(ADDRESS).unwrap();
        let _second = connections.admit(ADDRESS).unwrap();
        assert!(connections.admit(ADDRESS).is_none());
        let other = IpAddr::from([10, 0, 0, 1]);
        let _third = connections.admit(other).unwrap();
        assert!(connections.admit(other).is_none(), "three in all");
        drop(first);
        assert!(connections.admit(other).is_some());
        assert!(connections.admit(ADDRESS).is_some());
    }

    #[test]
    fn a_rate_allows_bursts_and_then_its_share() {
        let rate = Rate::new(NonZeroU32::new(4).unwrap());
        let mut now = Moment::from_nanos(1);
        for _ in 0..4 {
            assert_eq!(rate.admit(ADDRESS, now), Ok(()));
        }
        assert_eq!(rate.admit(ADDRESS, now), Err(Duration::from_millis(250)));
        assert_eq!(rate.admit(IpAddr::from([10, 0, 0, 1]), now), Ok(()));
        now = now.after(Duration::from_millis(250));
        assert_eq!(rate.admit(ADDRESS, now), Ok(()));
        assert!(rate.admit(ADDRESS, now).is_err());
        now = now.after(Duration::from_secs(60));
        for _ in 0..4 {
            assert_eq!(rate.admit(ADDRESS, now), Ok(()));
        }
        assert!(rate.admit(ADDRESS, now).is_err());
    }
}
