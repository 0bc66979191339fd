//! What one process knows of the registry: a machine without I/O, which is told news and the time.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use seam_core::time::Moment;

use crate::engine::{Expiry, News};
use crate::entry::{Entry, Place};
use crate::settings::Settings;

/// Who didn't look at the clock for longer has stood still: what was renewed meanwhile it may not have
/// seen.
const STANDSTILL: Duration = Duration::from_secs(2);

/// What has become of the entries that others have registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// There are these now, which there were not.
    pub added: Vec<Entry>,
    /// These are another process by now, or are reached elsewhere.
    pub updated: Vec<Entry>,
    /// These are gone: they have left, or their leases have run out.
    pub removed: Vec<Entry>,
}

impl Changes {
    /// Whether nothing has changed.
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.updated.is_empty() && self.removed.is_empty()
    }
}

/// All that one process knows of the registry.
///
/// It is fresh while the registry tells of every change. While it isn't, nothing is forgotten and no
/// lease runs out; all of them begin anew once it is fresh again.
#[derive(Debug)]
pub struct View {
    settings: Settings,
    expiry: Expiry,
    known: BTreeMap<Place, Known>,
    fresh: bool,
    /// Until when the registry, which is back, may still take for dead who couldn't renew while it was away.
    settles: Moment,
    /// The last look at the clock.
    looked: Moment,
}

#[derive(Debug)]
struct Known {
    entry: Entry,
    /// When its lease runs out unless it is renewed; none where that is the engine's to say.
    until: Option<Moment>,
}

impl View {
    /// Knows nobody. `expiry`: who looks after the leases.
    pub fn new(settings: Settings, expiry: Expiry) -> Self {
        let (known, zero) = (BTreeMap::new(), Moment::default());
        Self { settings, expiry, known, fresh: false, settles: zero, looked: zero }
    }

    /// Whether the registry tells of every change.
    pub const fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Who is known.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.known.values().map(|known| &known.entry)
    }

    /// The registry has told something.
    pub fn told(&mut self, now: Moment, news: News) -> Changes {
        self.look(now);
        let mut changes = Changes::default();
        match news {
            News::All(entries) => self.all(now, entries, &mut changes),
            News::Put(entry) => self.put(now, entry, &mut changes),
            News::Gone(place) if now < self.settles => {
                let until = self.lease(now);
                if let Some(known) = self.known.get_mut(&place) {
                    known.until = Some(until);
                }
            }
            News::Gone(place) => {
                changes.removed.extend(self.known.remove(&place).map(|known| known.entry));
            }
        }
        changes
    }

    /// The registry can't be reached.
    pub const fn away(&mut self) {
        self.fresh = false;
    }

    /// Time has come so far: whose leases have run out.
    pub fn tick(&mut self, now: Moment) -> Changes {
        self.look(now);
        let mut changes = Changes::default();
        if self.fresh {
            let over = |known: &Known| known.until.is_some_and(|until| until <= now);
            let gone = self.known.extract_if(.., |_, known| over(known));
            changes.removed.extend(gone.map(|(_, known)| known.entry));
        }
        changes
    }

    /// When the next lease runs out, if nobody renews it.
    pub fn next(&self) -> Moment {
        let leases = self.known.values().filter_map(|known| known.until);
        leases.filter(|_| self.fresh).min().unwrap_or(Moment::NEVER)
    }

    fn all(&mut self, now: Moment, entries: Vec<Entry>, changes: &mut Changes) {
        self.fresh = true;
        // The registry may have forgotten who is known: they have a lease's time to register anew.
        let until = self.lease(now);
        if !self.known.is_empty() {
            self.settles = until;
        }
        let there: BTreeSet<Place> = entries.iter().map(Entry::place).collect();
        for entry in entries {
            self.put(now, entry, changes);
        }
        for (_, known) in self.known.iter_mut().filter(|(place, _)| !there.contains(place)) {
            known.until = Some(until);
        }
    }

    fn put(&mut self, now: Moment, entry: Entry, changes: &mut Changes) {
        let until = match self.expiry {
            Expiry::Watchers => Some(self.lease(now)),
            Expiry::Engine => None,
        };
        let place = entry.place();
        match self.known.insert(place, Known { entry: entry.clone(), until }) {
            None => changes.added.push(entry),
            Some(before) if before.entry != entry => changes.updated.push(entry),
            Some(_) => {}
        }
    }

    fn lease(&self, now: Moment) -> Moment {
        now.after(self.settings.lease)
    }

    /// Looks at the clock: who stood still gives everybody as much time as there is.
    fn look(&mut self, now: Moment) {
        let stood_still = now.since(self.looked) > STANDSTILL;
        self.looked = self.looked.max(now);
        if stood_still {
            let until = self.lease(now);
            let leases = self.known.values_mut().filter_map(|known| known.until.as_mut());
            leases.for_each(|lease| *lease = until);
        }
    }
}
