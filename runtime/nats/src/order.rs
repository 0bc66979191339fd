//! What came, in the order of its publisher's log: a state machine.
//!
//! The server may get a publisher's events in another order than they were published, and one that it
//! said it keeps may be lost with its machine. Positions have no gaps, so that is seen.

use std::collections::BTreeMap;

use seam_bus::Record;
use seam_bus::intake::Position;

/// The number of a message in its stream.
pub(crate) type Sequence = u64;

/// The events that came and weren't taken, and the messages that aren't settled.
#[derive(Debug, Default)]
pub(crate) struct Order {
    waiting: BTreeMap<Position, Record>,
    /// The events of messages, and where their arrival is confirmed.
    messages: BTreeMap<Sequence, (Position, String)>,
    settled: Position,
}

impl Order {
    /// An event came.
    pub(crate) fn came(
        &mut self,
        (sequence, reply): (Sequence, String),
        position: Position,
        record: Record,
    ) {
        self.messages.insert(sequence, (position, reply));
        if position > self.settled {
            self.waiting.insert(position, record);
        }
    }

    /// Something else came, which nobody waits for.
    pub(crate) fn passed(&mut self, (sequence, reply): (Sequence, String)) {
        self.messages.insert(sequence, (0, reply));
    }

    /// Those from a position on that have no gap before them, so many at most.
    pub(crate) fn take(&mut self, from: Position, most: usize) -> Vec<(Position, Record)> {
        // What comes before was taken before.
        self.waiting = self.waiting.split_off(&from);
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(first) = self.waiting.first_entry()
            && *first.key() == from + taken.len() as u64
        {
            taken.push(first.remove_entry());
        }
        taken
    }

    /// The first event that waits for others before it.
    pub(crate) fn waits(&self) -> Option<Position> {
        self.waiting.first_key_value().map(|(position, _)| *position)
    }

    /// All events up to there are settled: where to say so of the last message of all those, and those
    /// before it, that are.
    pub(crate) fn settled(&mut self, upto: Position) -> Option<String> {
        self.settled = self.settled.max(upto);
        self.waiting = self.waiting.split_off(&(self.settled + 1));
        let mut last = None;
        while let Some(first) = self.messages.first_entry()
            && first.get().0 <= self.settled
        {
            last = Some(first.remove().1);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let (key, trace, body) = (Box::default(), Box::default(), Box::default());
        Record { topic: "t".into(), version: 1, key, at: 0, trace, body }
    }

    fn came(order: &mut Order, sequence: Sequence, position: Position) {
        order.came((sequence, sequence.to_string()), position, record());
    }

    fn taken(order: &mut Order, from: Position, most: usize) -> Vec<Position> {
        order.take(from, most).into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn what_was_overtaken_is_waited_for() {
        let mut order = Order::default();
        for (sequence, position) in [(1, 5), (2, 7), (3, 8)] {
            came(&mut order, sequence, position);
        }
        assert_eq!(taken(&mut order, 5, 9), [5]);
        assert_eq!((taken(&mut order, 6, 9), order.waits()), (vec![], Some(7)));
        came(&mut order, 4, 6);
        assert_eq!((taken(&mut order, 6, 2), order.waits()), (vec![6, 7], Some(8)));
        // It came once more.
        came(&mut order, 5, 5);
        assert_eq!((taken(&mut order, 8, 9), order.waits()), (vec![8], None));
    }

    #[test]
    fn a_message_is_settled_with_all_before_it() {
        let mut order = Order::default();
        for (sequence, position) in [(1, 5), (2, 7), (4, 6)] {
            came(&mut order, sequence, position);
        }
        order.passed((3, "3".into()));
        assert_eq!(order.settled(4), None);
        assert_eq!(order.settled(6).as_deref(), Some("1"), "the second one isn't");
        assert_eq!(order.settled(7).as_deref(), Some("4"));
        came(&mut order, 9, 7);
        assert_eq!((order.waits(), order.settled(7).as_deref()), (None, Some("9")));
    }
}
