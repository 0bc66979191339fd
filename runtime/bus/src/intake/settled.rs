//! Which events of a log a subscription needn't be given any more.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Position;

/// All positions up to a cursor, and some stretches beyond it.
#[derive(Debug, Default)]
pub(super) struct Settled {
    cursor: Position,
    /// From their first position to their last, apart from one another.
    ahead: BTreeMap<Position, Position>,
}

impl Settled {
    pub(super) fn new(cursor: Position, ahead: impl IntoIterator<Item = Position>) -> Self {
        let mut settled = Self { cursor, ahead: BTreeMap::new() };
        ahead.into_iter().for_each(|position| settled.settle(position..=position));
        settled
    }

    /// Everything up to there is settled.
    pub(super) const fn cursor(&self) -> Position {
        self.cursor
    }

    pub(super) fn has(&self, position: Position) -> bool {
        let stretch = self.ahead.range(..=position).next_back();
        position <= self.cursor || stretch.is_some_and(|(_, last)| position <= *last)
    }

    /// Those are settled, too.
    pub(super) fn settle(&mut self, positions: RangeInclusive<Position>) {
        let (mut first, mut last) = positions.into_inner();
        if last <= self.cursor || last < first {
            return;
        }
        // What it touches becomes a part of it.
        while let Some((&start, &end)) = self.ahead.range(..=last.saturating_add(1)).next_back()
            && end.saturating_add(1) >= first
        {
            self.ahead.remove(&start);
            (first, last) = (first.min(start), last.max(end));
        }
        if first <= self.cursor + 1 {
            self.cursor = last;
        } else {
            self.ahead.insert(first, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_agrees_with_a_plain_set() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let (mut settled, mut plain) = (Settled::default(), BTreeSet::new());
            for _ in 0..60 {
                let first = random.u64(1..90);
                let last = first + random.u64(..4);
                settled.settle(first..=last);
                plain.extend(first..=last);
                let cursor = (1..).find(|position| !plain.contains(position)).unwrap() - 1;
                assert_eq!(settled.cursor(), cursor);
                assert!(
                    (1..100).all(|position| settled.has(position) == plain.contains(&position))
                );
            }
        }
    }
}
