//! What is remembered until its time is over, and so much of it at most.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::time::Duration;

use seam_core::time::Moment;

/// As much as is remembered at once.
const MOST: usize = 1_000_000;
/// How often at most all of it is looked at while there is as much.
const LOOK: Duration = Duration::from_secs(1);

/// Values by their keys, each until its moment.
#[derive(Debug)]
pub(super) struct Remembered<K, V> {
    all: HashMap<K, (V, Moment)>,
    /// From how many on those whose time is over are looked for.
    look_at: usize,
    looked: Moment,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { all: HashMap::new(), look_at: 0, looked: Moment::default() }
    }
}

impl<K: Eq + Hash, V> Remembered<K, V> {
    /// What is remembered under a key, and until when, also if that is over.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&(V, Moment)>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.all.get(key)
    }

    /// Remembers something in place of what was under its key. False if there is no room for more.
    #[must_use]
    pub(super) fn put(&mut self, key: K, value: V, until: Moment, now: Moment) -> bool {
        self.forget(now);
        let is_full = self.all.len() >= MOST;
        match self.all.entry(key) {
            Entry::Vacant(_) if is_full => return false,
            Entry::Vacant(place) => drop(place.insert((value, until))),
            Entry::Occupied(mut place) => drop(place.insert((value, until))),
        }
        true
    }

    /// All that is remembered, and until when.
    pub(super) fn all(&self) -> impl Iterator<Item = (&K, Moment)> {
        self.all.iter().map(|(key, (_, until))| (key, *until))
    }

    /// Forgets what is over, whenever there is twice as much as it left.
    fn forget(&mut self, now: Moment) {
        let is_due = self.all.len() >= self.look_at.max(1024)
            && (self.all.len() < MOST || now.since(self.looked) >= LOOK);
        if is_due {
            self.all.retain(|_, (_, until)| *until > now);
            self.all.shrink_to(2 * self.all.len());
            (self.look_at, self.looked) = ((2 * self.all.len()).min(MOST), now);
        }
    }

    /// How much is kept, also of what is over.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}
