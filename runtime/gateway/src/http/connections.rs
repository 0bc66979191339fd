//! How many connections there may be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::settings::EdgeLimits;

/// The open connections, by address.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    /// Lets a connection in, or doesn't.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, limits: &EdgeLimits) -> Option<Ticket> {
        let mut open = self.open.lock();
        if open.all >= limits.connections {
            return None;
        }
        let here = open.by_address.entry(address).or_default();
        if *here >= limits.connections_per_address {
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

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

    #[test]
    fn a_place_is_given_back() {
        let limits =
            EdgeLimits { connections: 3, connections_per_address: 2, ..EdgeLimits::default() };
        let connections = Arc::new(Connections::default());
        let first = connections.admit(ADDRESS, &limits).unwrap();
        let _second = connections.admit(ADDRESS, &limits).unwrap();
        assert!(connections.admit(ADDRESS, &limits).is_none());
        let other = IpAddr::from([10, 0, 0, 1]);
        let _third = connections.admit(other, &limits).unwrap();
        assert!(connections.admit(other, &limits).is_none(), "three in all");
        drop(first);
        assert!(connections.admit(other, &limits).is_some());
        assert!(connections.admit(ADDRESS, &limits).is_some());
    }
}
