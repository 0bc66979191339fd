//! The services that wait for a call, so that a cycle is seen before it deadlocks.

use std::fmt;
use std::sync::Arc;

use crate::name::ServiceId;

/// A call may pass through this many services.
pub const HOP_LIMIT: usize = 32;
/// So many are kept without an allocation: few graphs are deeper.
const FLAT: usize = 7;

/// The services on the way to a call, outermost first. Copied with every call, so it is small.
#[derive(Default)]
pub struct Chain {
    first: [u16; FLAT],
    len: u16,
    rest: Option<Arc<[u16]>>,
}

impl PartialEq for Chain {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // What nobody is in needs no further look, and few have a rest.
        self.len == other.len
            && (self.len == 0
                || self.first == other.first && (self.len() <= FLAT || self.rest == other.rest))
    }
}

impl Eq for Chain {}

impl Clone for Chain {
    #[inline]
    fn clone(&self) -> Self {
        Self { first: self.first, len: self.len, rest: self.rest.clone() }
    }

    #[inline]
    fn clone_from(&mut self, from: &Self) {
        (self.first, self.len) = (from.first, from.len);
        if self.rest.is_some() || from.rest.is_some() {
            self.rest.clone_from(&from.rest);
        }
    }
}

impl Chain {
    /// The services, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = ServiceId> + '_ {
        let first = &self.first[..self.len().min(FLAT)];
        let rest = self.rest.as_deref().unwrap_or_default();
        first.iter().chain(rest).map(|raw| ServiceId::from_raw(*raw))
    }

    /// How many services wait.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether nobody waits.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `service` waits for this call already.
    pub fn contains(&self, service: ServiceId) -> bool {
        self.len != 0 && self.iter().any(|on_the_way| on_the_way == service)
    }

    /// Whether a call may go on to `service`: it doesn't wait already, and the way isn't too long.
    #[inline]
    pub fn may_enter(&self, service: ServiceId) -> bool {
        self.len() < HOP_LIMIT && !self.contains(service)
    }

    /// Adds the service that is entered now; `false` at the hop limit.
    #[must_use]
    pub fn push(&mut self, service: ServiceId) -> bool {
        let len = self.len();
        if len >= HOP_LIMIT {
            return false;
        }
        match self.first.get_mut(len) {
            Some(free) => *free = service.raw(),
            None => {
                let rest = self.rest.as_deref().unwrap_or_default();
                self.rest = Some(rest.iter().copied().chain([service.raw()]).collect());
            }
        }
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
        let id = |n: usize| ServiceId::of(&format!("chain-{n}")).unwrap();
        let mut chain = Chain::default();
        for n in 0..HOP_LIMIT {
            assert!(!chain.contains(id(n)));
            assert!(chain.push(id(n)));
        }
        assert!(!chain.push(id(99)));
        assert!(!chain.may_enter(id(99)), "it would be one too many");
        assert!(chain.iter().eq((0..HOP_LIMIT).map(id)));
        assert!(chain.contains(id(0)) && chain.contains(id(31)));
    }

    #[test]
    fn a_path_begins_where_the_cycle_does() {
        let [a, b, c] = ["chain-a", "chain-b", "chain-c"].map(|name| ServiceId::of(name).unwrap());
        let mut chain = Chain::default();
        assert!(chain.push(a) && chain.push(b) && chain.push(c));
        assert!(chain.contains(b) && !chain.may_enter(b));
        assert_eq!(chain.path_to(b).join(" -> "), "chain-b -> chain-c -> chain-b");
    }
}
