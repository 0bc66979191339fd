//! Events that may be delivered now, and which of them is next.

use std::collections::BTreeSet;

use super::Position;

/// So many that have never failed go before one that has, while there are such. What fails costs more
/// than what is handled, and comes back several times: a log with many such events would otherwise be
/// read at the pace of those.
const FRESH: u32 = 32;

/// The first ones of their keys. Of each kind the one that was published first is next.
#[derive(Debug, Default)]
pub(super) struct Ready {
    fresh: BTreeSet<Position>,
    failed: BTreeSet<Position>,
    /// How many have gone since the last one that had failed.
    since: u32,
}

impl Ready {
    /// One that has failed so often.
    pub(super) fn insert(&mut self, position: Position, failed: u32) {
        let kind = if failed == 0 { &mut self.fresh } else { &mut self.failed };
        kind.insert(position);
    }

    pub(super) fn pop(&mut self) -> Option<Position> {
        if (self.since >= FRESH || self.fresh.is_empty())
            && let Some(position) = self.failed.pop_first()
        {
            self.since = 0;
            return Some(position);
        }
        let position = self.fresh.pop_first()?;
        self.since = self.since.saturating_add(1);
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_failed_let_many_others_go_first() {
        let mut ready = Ready::default();
        (1..=100).for_each(|position| ready.insert(position, 1));
        (101..=300).for_each(|position| ready.insert(position, 0));
        let order: Vec<_> = std::iter::from_fn(|| ready.pop()).collect();
        assert_eq!(order[..32], (101..=132).collect::<Vec<_>>());
        assert_eq!(order[32..35], [1, 133, 134]);
        let failed = |order: &[Position]| order.iter().filter(|position| **position <= 100).count();
        assert_eq!((failed(&order[..200]), failed(&order)), (6, 100));
    }

    #[test]
    fn who_is_alone_waits_for_nobody() {
        let mut ready = Ready::default();
        ready.insert(7, 3);
        assert_eq!(ready.pop(), Some(7));
        assert_eq!(ready.pop(), None);
    }
}
