//! What is registered and claimed at a keeper: a machine without I/O, which is told the time.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use seam_core::time::Moment;

use super::request::Seen;
use crate::engine::Claimed;
use crate::entry::{Entry, Place};

/// So many instances can be registered, and as many claims held.
pub(super) const MOST: usize = 4_096;
/// The longest text that is kept.
pub(super) const LONGEST: usize = 256;
/// A keeper that didn't look at the clock for longer has stood still, and may not have read yet what
/// was renewed meanwhile.
const STANDSTILL: Duration = Duration::from_secs(2);

/// What is registered and claimed.
#[derive(Debug)]
pub(super) struct Book {
    lease: Duration,
    seen: Seen,
    entries: BTreeMap<Place, Registered>,
    claims: BTreeMap<String, Held>,
    /// The highest fence that was granted.
    fence: u64,
    /// When it was opened: who holds a claim of an earlier keeper is known a lease later.
    opened: Moment,
    /// The last look at the clock.
    looked: Moment,
}

#[derive(Debug)]
struct Registered {
    entry: Entry,
    until: Moment,
}

#[derive(Debug)]
struct Held {
    holder: u64,
    fence: u64,
    until: Moment,
}

/// It takes no more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Book {
    /// An empty one. `keeper`: a random number; `fence`: a number that is higher with each start of a
    /// keeper, so that fences go on growing.
    pub(super) fn new(now: Moment, lease: Duration, keeper: u64, fence: u64) -> Self {
        let seen = Seen { keeper, changes: 0 };
        let (entries, claims) = (BTreeMap::new(), BTreeMap::new());
        Self { lease, seen, entries, claims, fence, opened: now, looked: now }
    }

    /// Up to where it has come.
    pub(super) const fn seen(&self) -> Seen {
        self.seen
    }

    /// All that is registered.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.values().map(|registered| registered.entry.clone()).collect()
    }

    pub(super) fn register(&mut self, now: Moment, entry: Entry) -> Result<(), Full> {
        let place = entry.place();
        if self.entries.len() >= MOST && !self.entries.contains_key(&place) {
            return Err(Full);
        }
        let until = now.after(self.lease);
        let changed = self.entries.get(&place).is_none_or(|before| before.entry != entry);
        self.entries.insert(place, Registered { entry, until });
        self.seen.changes += u64::from(changed);
        Ok(())
    }

    pub(super) fn renew(&mut self, now: Moment, place: &Place, launch: u64) -> bool {
        let until = now.after(self.lease);
        let registered = self.entries.get_mut(place);
        let Some(registered) = registered.filter(|there| there.entry.launch == launch) else {
            return false;
        };
        registered.until = until;
        true
    }

    pub(super) fn leave(&mut self, place: &Place, launch: u64) {
        if self.entries.get(place).is_some_and(|there| there.entry.launch == launch) {
            self.entries.remove(place);
            self.seen.changes += 1;
        }
    }

    pub(super) fn claim(&mut self, now: Moment, name: &str, holder: u64) -> Result<Claimed, Full> {
        let until = now.after(self.lease);
        let full = self.claims.len() >= MOST;
        match self.claims.get_mut(name) {
            Some(held) if held.holder == holder => {
                held.until = until;
                Ok(Claimed::Granted { fence: held.fence })
            }
            Some(_) => Ok(Claimed::Held),
            None if now < self.opened.after(self.lease) => Ok(Claimed::Held),
            None if full => Err(Full),
            None => {
                self.fence += 1;
                let fence = self.fence;
                self.claims.insert(name.to_owned(), Held { holder, fence, until });
                Ok(Claimed::Granted { fence })
            }
        }
    }

    pub(super) fn renew_claim(&mut self, now: Moment, name: &str, holder: u64, fence: u64) -> bool {
        let until = now.after(self.lease);
        // A grant of an earlier keeper is taken up while nobody can have been granted the same since.
        let early = now < self.opened.after(self.lease) && fence <= self.fence;
        let full = self.claims.len() >= MOST;
        match self.claims.get_mut(name) {
            Some(held) if (held.holder, held.fence) == (holder, fence) => held.until = until,
            Some(held) if early && held.fence < fence => *held = Held { holder, fence, until },
            None if early && !full => {
                self.claims.insert(name.to_owned(), Held { holder, fence, until });
            }
            _ => return false,
        }
        true
    }

    pub(super) fn release(&mut self, name: &str, holder: u64, fence: u64) {
        if self.claims.get(name).is_some_and(|held| (held.holder, held.fence) == (holder, fence)) {
            self.claims.remove(name);
        }
    }

    /// When the next entry's lease runs out.
    pub(super) fn next(&self) -> Moment {
        let leases = self.entries.values().map(|registered| registered.until);
        leases.min().unwrap_or(Moment::NEVER)
    }

    /// Time has come so far: what wasn't renewed is gone. A keeper that stood still gives everybody as
    /// much time as there is.
    pub(super) fn tick(&mut self, now: Moment) {
        let stood_still = now.since(self.looked) > STANDSTILL;
        self.looked = self.looked.max(now);
        if stood_still {
            let until = now.after(self.lease);
            self.entries.values_mut().for_each(|registered| registered.until = until);
            self.claims.values_mut().for_each(|held| held.until = until);
        }
        let before = self.entries.len();
        self.entries.retain(|_, registered| registered.until > now);
        self.seen.changes += u64::from(self.entries.len() < before);
        self.claims.retain(|_, held| held.until > now);
    }
}
