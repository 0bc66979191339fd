//! What came of one publisher, and which messages of the stream aren't settled: a state machine.
//!
//! The server may get a publisher's events in another order than they were published, and one that it
//! said it keeps may be lost with its machine. Positions have no gaps, so that is seen.

use std::collections::BTreeMap;

use seam_bus::Record;
use seam_bus::broker::InOrder;
use seam_bus::intake::Position;
use tokio::time::Instant;

/// The number of a message in its stream.
pub(crate) type Sequence = u64;

/// The events that came and weren't taken, and the messages that aren't settled.
#[derive(Debug, Default)]
pub(crate) struct Order {
    waiting: InOrder,
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
            self.waiting.came(position, position - 1, record);
        }
    }

    /// Something else came, which nobody waits for.
    pub(crate) fn passed(&mut self, (sequence, reply): (Sequence, String)) {
        self.messages.insert(sequence, (0, reply));
    }

    /// As [`InOrder::take`].
    pub(crate) fn take(&mut self, from: Position, most: usize) -> Vec<(Position, Record)> {
        self.waiting.take(from, most)
    }

    /// As [`InOrder::waits`].
    pub(crate) fn waits(&mut self, now: Instant) -> Option<(Position, Instant)> {
        self.waiting.waits(now)
    }

    /// As [`InOrder::given_up`].
    pub(crate) fn given_up(&mut self) {
        self.waiting.given_up();
    }

    /// All events up to there are settled: where to say so of the last message of all those, and those
    /// before it, that are.
    pub(crate) fn settled(&mut self, upto: Position) -> Option<String> {
        self.settled = self.settled.max(upto);
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
        assert_eq!(order.settled(7).as_deref(), Some("9"));
        assert_eq!(order.take(8, 9), []);
    }
}
