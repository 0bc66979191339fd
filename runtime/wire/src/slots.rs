//! A slab whose slots are used again as they are, so that nothing is moved into it or out of it: who
//! takes a slot writes what is new, in number.

/// Slots by number, the lowest ones first, each free or taken. A slot must tell by itself whether
/// it is taken, where that is asked.
#[derive(Debug)]
pub(crate) struct Slots<S> {
    slots: Vec<S>,
    /// Free ones, the one that is taken next at the end.
    free: Vec<u32>,
}

impl<S> Slots<S> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// How many slots are taken.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the slot that is taken next.
    #[inline]
    pub(crate) fn next(&self) -> usize {
        self.free.last().map_or(self.slots.len(), |number| *number as usize)
    }

    /// Takes the slot of this number, which must be [`Slots::next`]. It is as it was left, or new.
    #[inline]
    pub(crate) fn take(&mut self, number: usize) -> &mut S
    where
        S: Default,
    {
        debug_assert_eq!(number, self.next());
        if self.free.pop().is_none() {
            self.slots.push(S::default());
        }
        &mut self.slots[number]
    }

    #[inline]
    pub(crate) fn get(&mut self, number: usize) -> Option<&mut S> {
        self.slots.get_mut(number)
    }

    /// The slot of this number is free again.
    #[inline]
    pub(crate) fn leave(&mut self, number: usize) {
        debug_assert!(number < self.slots.len() && self.free.len() < self.slots.len());
        // As many as fit a connection's window.
        self.free.push(number as u32);
    }

    /// All slots, free or not.
    pub(crate) fn slots(&mut self) -> impl Iterator<Item = (usize, &mut S)> {
        self.slots.iter_mut().enumerate()
    }

    /// All slots, free or not, and the table's end.
    pub(crate) fn into_slots(self) -> impl Iterator<Item = S> {
        self.slots.into_iter()
    }

    /// Gives the memory back, if no slot is taken.
    pub(crate) fn shrink(&mut self) -> Self {
        if self.is_empty() { std::mem::replace(self, Self::new()) } else { Self::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_as_they_were_left() {
        let mut slots = Slots::<String>::new();
        for n in 0..3 {
            assert_eq!(slots.next(), n);
            slots.take(n).push('a');
        }
        slots.leave(1);
        drop(slots.shrink());
        assert_eq!((slots.len(), slots.next()), (2, 1));
        assert_eq!(slots.take(1), "a");
        for number in [2, 0, 1] {
            slots.leave(number);
        }
        assert_eq!(slots.next(), 1, "the last one left, for it is still in the cache");
        assert_eq!(slots.shrink().slots().count(), 3);
        assert_eq!((slots.next(), slots.slots().count()), (0, 0));
    }
}
