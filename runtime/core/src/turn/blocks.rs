//! Memory for turns, kept by each thread: most turns end at their first poll, and to ask the
//! allocator for the memory of each, and give it back, takes a tenth of a short call.
//!
//! A thread keeps what turns gave back on it, so that a turn finds a block that is still near the
//! processor, and a turn that another one called finds the next. It keeps no more than 8 blocks of
//! 512 bytes and 4 of 2 KiB, 12 KiB in all, until it ends; what is more goes back to the allocator.
//! A block may be given back on any thread.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::thread::LocalKey;

/// Room for a turn that calls nobody.
pub(super) const SMALL: usize = 512;
/// Room for a turn that makes some calls, whose futures it holds.
pub(super) const LARGE: usize = 2048;
/// How blocks are aligned.
pub(super) const ALIGN: usize = align_of::<Bytes<SMALL>>();

thread_local! {
    /// As many as turns that call one another are deep, mostly.
    pub(super) static KEPT_SMALL: Kept<SMALL, 8> = const { Kept::nothing() };
    pub(super) static KEPT_LARGE: Kept<LARGE, 4> = const { Kept::nothing() };
}

/// As the allocator aligns what it doesn't know.
#[repr(align(16))]
pub(super) struct Bytes<const SIZE: usize>([u8; SIZE]);

/// A block that holds nothing.
pub(super) type Block<const SIZE: usize> = Box<MaybeUninit<Bytes<SIZE>>>;

/// The blocks of one size that a thread keeps.
pub(super) struct Kept<const SIZE: usize, const MOST: usize> {
    /// The first `count` of them hold one.
    blocks: [Cell<Option<Block<SIZE>>>; MOST],
    count: Cell<usize>,
}

impl<const SIZE: usize, const MOST: usize> Kept<SIZE, MOST> {
    const fn nothing() -> Self {
        Self { blocks: [const { Cell::new(None) }; MOST], count: Cell::new(0) }
    }

    #[inline]
    fn pop(&self) -> Option<Block<SIZE>> {
        let last = self.count.get().checked_sub(1)?;
        self.count.set(last);
        self.blocks.get(last)?.take()
    }

    /// Returns what there is no place for.
    #[inline]
    fn push(&self, block: Block<SIZE>) -> Option<Block<SIZE>> {
        let count = self.count.get();
        let Some(free) = self.blocks.get(count) else { return Some(block) };
        self.count.set(count + 1);
        free.replace(Some(block))
    }
}

/// A block: one that this thread keeps, or a new one.
#[inline]
pub(super) fn take<const SIZE: usize, const MOST: usize>(
    kept: &'static LocalKey<Kept<SIZE, MOST>>,
) -> Block<SIZE> {
    // While a thread ends it has kept blocks no longer.
    kept.try_with(Kept::pop).ok().flatten().unwrap_or_else(new)
}

/// Gives a block back, to be kept by this thread if it has room.
#[inline]
pub(super) fn give<const SIZE: usize, const MOST: usize>(
    kept: &'static LocalKey<Kept<SIZE, MOST>>,
    block: Block<SIZE>,
) {
    if let Ok(Some(block)) = kept.try_with(|kept| kept.push(block)) {
        free(block);
    }
}

#[cold]
fn new<const SIZE: usize>() -> Block<SIZE> {
    Box::new_uninit()
}

#[cold]
fn free<const SIZE: usize>(block: Block<SIZE>) {
    drop(block);
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static KEPT: Kept<64, 2> = const { Kept::nothing() };
    }

    fn count() -> usize {
        KEPT.with(|kept| kept.count.get())
    }

    #[test]
    fn what_was_given_back_last_is_taken_first() {
        let (first, second) = (take(&KEPT), take(&KEPT));
        let addresses = [&*first as *const _ as usize, &*second as *const _ as usize];
        assert_ne!(addresses[0], addresses[1]);
        give(&KEPT, first);
        give(&KEPT, second);
        let (second, first) = (take(&KEPT), take(&KEPT));
        assert_eq!(addresses, [&*first as *const _ as usize, &*second as *const _ as usize]);
        assert!(addresses.iter().all(|at| at % ALIGN == 0));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let blocks: Vec<_> = (0..5).map(|_| take(&KEPT)).collect();
        assert_eq!(count(), 0);
        for (n, block) in blocks.into_iter().enumerate() {
            give(&KEPT, block);
            assert_eq!(count(), (n + 1).min(2));
        }
        let _taken = take(&KEPT);
        assert_eq!(count(), 1);
    }

    #[test]
    fn a_block_may_be_given_back_on_another_thread() {
        let block = take(&KEPT);
        let there = std::thread::spawn(|| {
            give(&KEPT, block);
            count()
        });
        assert_eq!((there.join().unwrap(), count()), (1, 0));
    }
}
