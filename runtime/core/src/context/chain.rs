//! The services that wait for a call, so that a cycle is seen before it deadlocks.

use std::fmt;

use crate::name::ServiceId;

/// A call may pass through this many services.
pub const HOP_LIMIT: usize = 32;

/// The services on the way to a call, outermost first. Copied with every call, so it is flat.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Chain {
    services: [u16; HOP_LIMIT],
    len: u8,
}

impl Chain {
    /// The services, outermost first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ServiceId> + '_ {
        self.services[..usize::from(self.len)].iter().map(|raw| ServiceId::from_raw(*raw))
    }

    /// How many services wait.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `service` waits for this call already.
    pub fn contains(&self, service: ServiceId) -> bool {
        self.services[..usize::from(self.len)].contains(&service.raw())
    }

    /// Adds the service that is entered now; `false` at the hop limit.
    #[must_use]
    pub fn push(&mut self, service: ServiceId) -> bool {
        let Some(free) = self.services.get_mut(usize::from(self.len)) else { return false };
        *free = service.raw();
        self.len += 1;
        true
    }

    /// The names, with the service that would be entered again, or one too many, at the end.
    pub fn path_to(&self, service: ServiceId) -> Box<[Box<str>]> {
        let start = self.iter().position(|on_the_way| on_the_way == service).unwrap_or(0);
        self.iter().skip(start).chain([service]).map(|id| id.name().into()).collect()
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_ends_at_the_hop_limit() {
        let service = ServiceId::of("chain-test").unwrap();
        let mut chain = Chain::default();
        for _ in 0..HOP_LIMIT {
            assert!(chain.push(service));
        }
        assert!(!chain.push(service));
        assert_eq!(chain.len(), HOP_LIMIT);
    }

    #[test]
    fn a_path_begins_where_the_cycle_does() {
        let [a, b, c] = ["chain-a", "chain-b", "chain-c"].map(|name| ServiceId::of(name).unwrap());
        let mut chain = Chain::default();
        assert!(chain.push(a) && chain.push(b) && chain.push(c));
        assert!(chain.contains(b));
        assert_eq!(chain.path_to(b).join(" -> "), "chain-b -> chain-c -> chain-b");
    }
}
