//! Which messages of a queue aren't settled yet: a state machine.

use std::collections::{BTreeMap, BTreeSet};

use seam_bus::intake::Position;

/// The number that the broker gives to a message on a channel: they ascend.
pub(super) type Tag = u64;

/// What is to be said to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ack {
    /// All up to this one are settled.
    Upto(Tag),
    /// This one is.
    One(Tag),
}

/// The messages that the broker has handed over on one channel.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    open: BTreeSet<Tag>,
}

/// Those of one publisher.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// An event may have come more than once.
    by_position: BTreeMap<Position, Vec<Tag>>,
    upto: Position,
}

impl Unsettled {
    /// A message came.
    pub(super) fn came(&mut self, tag: Tag) {
        self.open.insert(tag);
    }

    /// These are settled: what to say of that.
    pub(super) fn settle(&mut self, tags: &[Tag]) -> Vec<Ack> {
        let mut settled: BTreeSet<Tag> = tags.iter().copied().collect();
        settled.retain(|tag| self.open.remove(tag));
        let first_open = self.open.first().copied().unwrap_or(Tag::MAX);
        let rest = settled.split_off(&first_open);
        let upto = settled.last().map(|tag| Ack::Upto(*tag));
        upto.into_iter().chain(rest.into_iter().map(Ack::One)).collect()
    }
}

impl Tags {
    /// An event came under that tag; false if it was settled before.
    pub(super) fn came(&mut self, position: Position, tag: Tag) -> bool {
        if position <= self.upto {
            return false;
        }
        self.by_position.entry(position).or_default().push(tag);
        true
    }

    /// All events up to there are settled: under which tags they came.
    pub(super) fn settled(&mut self, upto: Position) -> Vec<Tag> {
        self.upto = self.upto.max(upto);
        let rest = self.by_position.split_off(&(self.upto + 1));
        std::mem::replace(&mut self.by_position, rest).into_values().flatten().collect()
    }

    /// The channel is gone, and its tags with it.
    pub(super) fn clear(&mut self) {
        self.by_position.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_are_settled_by_one_word() {
        let mut unsettled = Unsettled::default();
        (1..=6).for_each(|tag| unsettled.came(tag));
        assert_eq!(unsettled.settle(&[2, 1]), [Ack::Upto(2)]);
        assert_eq!(unsettled.settle(&[4, 6]), [Ack::One(4), Ack::One(6)]);
        assert_eq!(unsettled.settle(&[3, 4]), [Ack::Upto(3)], "no tag twice");
        assert_eq!(unsettled.settle(&[5]), [Ack::Upto(5)]);
        assert_eq!(unsettled.settle(&[]), []);
    }

    #[test]
    fn what_came_twice_is_settled_twice() {
        let mut tags = Tags::default();
        assert!(tags.came(7, 1) && tags.came(9, 2) && tags.came(7, 3));
        assert_eq!(tags.settled(8), [1, 3]);
        assert!(!tags.came(8, 4), "it was settled before it came once more");
        assert!(tags.came(10, 5));
        tags.clear();
        assert_eq!(tags.settled(20), [0; 0]);
    }
}
