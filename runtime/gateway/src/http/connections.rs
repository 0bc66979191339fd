//! The open connections of an edge: how many there may be, and how they end with it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Waker;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::settings::EdgeLimits;

/// The open connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
    /// A [`Phase`].
    phase: AtomicU8,
    /// Told when the last one has ended.
    none: Notify,
}

/// How far the edge's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// Everything is answered, each answer is a connection's last, and the unit isn't ready: who
    /// sends requests here has time to send them elsewhere.
    Notice,
    /// A connection ends as soon as nothing is being answered on it.
    Closing,
}

#[derive(Debug, Default)]
struct Open {
    /// Connections that wait may be woken, by their number, to look at the phase.
    all: HashMap<u64, Option<Waker>>,
    by_address: HashMap<IpAddr, usize>,
    next: u64,
}

impl Open {
    fn leaves(&mut self, address: IpAddr) {
        if let Some(here) = self.by_address.get_mut(&address) {
            *here -= 1;
            if *here == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Connections {
    /// Lets a connection in, or doesn't.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, limits: &EdgeLimits) -> Option<Ticket> {
        self.admit_of(address, limits.connections_per_address, limits)
    }

    /// Lets a connection of a proxy in, which has those of many clients, or doesn't.
    pub(crate) fn admit_proxy(
        self: &Arc<Self>,
        address: IpAddr,
        limits: &EdgeLimits,
    ) -> Option<Ticket> {
        self.admit_of(address, limits.connections, limits)
    }

    fn admit_of(
        self: &Arc<Self>,
        address: IpAddr,
        most: usize,
        limits: &EdgeLimits,
    ) -> Option<Ticket> {
        let mut open = self.open.lock();
        if open.all.len() >= limits.connections {
            return None;
        }
        let here = open.by_address.entry(address).or_default();
        if *here >= most {
            return None;
        }
        *here += 1;
        let number = open.next;
        open.next += 1;
        open.all.insert(number, None);
        drop(open);
        Some(Ticket { connections: Arc::clone(self), address, number })
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::Notice,
            _ => Phase::Closing,
        }
    }

    /// Goes on to the next phase, and has all connections look at it.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
        let wakers: Vec<_> = self.open.lock().all.values().flatten().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Until no connection is open.
    pub(crate) async fn none(&self) {
        loop {
            let told = self.none.notified();
            if self.open.lock().all.is_empty() {
                return;
            }
            told.await;
        }
    }
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    connections: Arc<Connections>,
    address: IpAddr,
    number: u64,
}

impl Ticket {
    pub(crate) fn phase(&self) -> Phase {
        self.connections.phase()
    }

    /// It is of a client behind a proxy, for whom it counts, if there is room; the proxy has as many as
    /// there may be.
    pub(crate) fn belongs_to(&mut self, client: IpAddr, limits: &EdgeLimits) -> bool {
        let mut open = self.connections.open.lock();
        let there = open.by_address.entry(client).or_default();
        if *there >= limits.connections_per_address {
            return false;
        }
        *there += 1;
        open.leaves(self.address);
        self.address = client;
        true
    }

    /// Wakes this when the phase changes. Who waits looks at the phase once more afterwards.
    pub(crate) fn wake(&self, waker: Waker) {
        if let Some(known) = self.connections.open.lock().all.get_mut(&self.number) {
            *known = Some(waker);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock();
        open.all.remove(&self.number);
        open.leaves(self.address);
        if open.all.is_empty() {
            self.connections.none.notify_waiters();
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

    #[tokio::test]
    async fn the_end_of_the_last_one_is_told() {
        let connections = Arc::new(Connections::default());
        connections.none().await;
        let ticket = connections.admit(ADDRESS, &EdgeLimits::default()).unwrap();
        assert_eq!(ticket.phase(), Phase::Serving);
        connections.enter(Phase::Closing);
        assert_eq!(ticket.phase(), Phase::Closing);
        let none = connections.none();
        tokio::join!(none, async { drop(ticket) });
    }
}
