//! What came of one publisher, in the order of its log: a state machine.
//!
//! A broker may hand over events in another order than they were published: what a consumer before was
//! handed and left unsettled may come after what is newer. Each is therefore taken after the one that it
//! follows.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::intake::Position;
use crate::record::Record;

/// The events that came and weren't taken.
#[derive(Debug, Default)]
pub struct InOrder {
    /// By position, with that of the event that each follows.
    waiting: BTreeMap<Position, (Position, Record)>,
    /// Since when the first one waits for one before it.
    since: Option<Instant>,
}

impl InOrder {
    /// An event came that follows the one at that position: of those that the stream is after there is
    /// none between the two. It may come more than once.
    pub fn came(&mut self, position: Position, follows: Position, record: Record) {
        self.waiting.insert(position, (follows, record));
    }

    /// Those from a position on with none missing before them, so many at most. All before that position
    /// were taken before.
    pub fn take(&mut self, from: Position, most: usize) -> Vec<(Position, Record)> {
        if self.waiting.first_key_value().is_some_and(|(first, _)| *first < from) {
            self.waiting = self.waiting.split_off(&from);
        }
        let (mut next, mut taken) = (from, Vec::new());
        while taken.len() < most
            && let Some(first) = self.waiting.first_entry()
            && first.get().0 < next
        {
            let (position, (_, record)) = first.remove_entry();
            next = position + 1;
            taken.push((position, record));
        }
        if !taken.is_empty() {
            self.since = None;
        }
        taken
    }

    /// The first event that waits for one before it, after nothing could be taken, and since when.
    pub fn waits(&mut self, now: Instant) -> Option<(Position, Instant)> {
        let Some((position, _)) = self.waiting.first_key_value() else {
            self.since = None;
            return None;
        };
        Some((*position, *self.since.get_or_insert(now)))
    }

    /// It isn't waited for any longer: the next wait begins anew.
    pub fn given_up(&mut self) {
        self.since = None;
    }

    /// All are gone, for the broker hands them over anew.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn came(order: &mut InOrder, position: Position, follows: Position) {
        let (key, trace, body) = (Box::default(), Box::default(), Box::default());
        let record = Record { topic: "t".into(), version: 1, key, at: 0, trace, body };
        order.came(position, follows, record);
    }

    fn taken(order: &mut InOrder, from: Position, most: usize) -> Vec<Position> {
        order.take(from, most).into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn what_was_overtaken_is_waited_for() {
        let mut order = InOrder::default();
        let now = Instant::now();
        for position in [5, 7, 8] {
            came(&mut order, position, position - 1);
        }
        assert_eq!(taken(&mut order, 5, 9), [5]);
        assert_eq!((taken(&mut order, 6, 9), order.waits(now)), (vec![], Some((7, now))));
        let later = now + Duration::from_secs(1);
        assert_eq!(order.waits(later), Some((7, now)), "since it was first seen");
        came(&mut order, 6, 5);
        assert_eq!(taken(&mut order, 6, 2), [6, 7]);
        assert_eq!(order.waits(later), Some((8, later)), "another one");
        // It came once more.
        came(&mut order, 5, 4);
        assert_eq!((taken(&mut order, 8, 9), order.waits(now)), (vec![8], None));
    }

    #[test]
    fn others_in_between_are_nobodys() {
        let mut order = InOrder::default();
        came(&mut order, 9, 4);
        came(&mut order, 20, 9);
        assert_eq!(taken(&mut order, 4, 9), [0; 0], "4 itself is to come");
        assert_eq!(taken(&mut order, 5, 9), [9, 20]);
        came(&mut order, 30, 25);
        assert_eq!(taken(&mut order, 26, 9), [30], "what it follows came another way");
    }

    #[test]
    fn who_gives_up_waits_anew() {
        let mut order = InOrder::default();
        let now = Instant::now();
        came(&mut order, 9, 8);
        assert_eq!(order.waits(now), Some((9, now)));
        order.given_up();
        let later = now + Duration::from_secs(3);
        assert_eq!(order.waits(later), Some((9, later)));
        order.clear();
        assert_eq!(order.waits(now), None);
    }
}
