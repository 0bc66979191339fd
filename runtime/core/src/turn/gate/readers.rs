//! Small gates beside the main one, for shared turns of callers on several threads.
//!
//! A word that every turn writes to travels between the cores that callers run on, twice per turn,
//! and that is more than all else that a short turn costs. So once threads are seen to meet at the
//! main gate, reader counters are opened: each thread enters and leaves by its own, and only looks
//! at the main one. A turn alone has them closed, and waits until nobody is behind any. (A
//! "big-reader lock", opened and closed on demand as in Dice and Kogan, "BRAVO", USENIX ATC 2019.)

#[cfg(seam_loom)]
use loom::sync::atomic::{AtomicU32, Ordering};
#[cfg(not(seam_loom))]
use std::sync::atomic::{AtomicU32, Ordering};

/// Nobody enters.
const CLOSED: u32 = 1 << 31;
/// How many turns are in by this reader counter.
const COUNT: u32 = ONE_MORE - 1;
/// How many more may enter is counted above them.
const ONE_MORE: u32 = 1 << 16;
/// What those two counts hold.
const MOST: u32 = (1 << 15) - 1;

/// The reader counters of a gate.
#[derive(Debug)]
pub(super) struct Readers(Box<[Reader]>);

#[derive(Debug)]
#[repr(align(128))] // two cache lines: neighbours are fetched in pairs
struct Reader(AtomicU32);

/// Why a reader counter let nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barred {
    /// It is closed.
    Closed,
    /// Its share of the mailbox is taken.
    Full,
}

impl Readers {
    /// Closed ones, so many that threads seldom share one: two per core, in a power of two.
    pub(super) fn closed() -> Self {
        let cores = if cfg!(seam_loom) {
            1
        } else {
            std::thread::available_parallelism().map_or(1, usize::from)
        };
        let readers = (2 * cores).next_power_of_two().min(64);
        Self((0..readers).map(|_| Reader(AtomicU32::new(CLOSED))).collect())
    }

    /// Which is this thread's.
    #[inline]
    pub(super) fn mine(&self) -> u8 {
        (crate::thread::number() & (self.0.len() - 1)) as u8
    }

    #[inline]
    fn word(&self, reader: u8) -> &AtomicU32 {
        &self.0[usize::from(reader) & (self.0.len() - 1)].0
    }

    /// Enters by `reader`.
    #[inline]
    pub(super) fn enter(&self, reader: u8) -> Result<(), Barred> {
        let state = self.word(reader);
        let mut word = state.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return Err(Barred::Closed);
            }
            if word < ONE_MORE {
                return Err(Barred::Full);
            }
            let next = word - ONE_MORE + 1;
            match state.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Leaves an open reader counter; says whether it was open.
    #[inline]
    pub(super) fn leave_unnoticed(&self, reader: u8) -> bool {
        let state = self.word(reader);
        let mut word = state.load(Ordering::Relaxed);
        while word & CLOSED == 0 {
            let next = word - 1 + ONE_MORE;
            match state.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Leaves a closed reader counter.
    pub(super) fn leave(&self, reader: u8) {
        self.word(reader).fetch_sub(1, Ordering::Release);
    }

    /// Opens all of them, which are closed and empty, for `room` turns in all; `false` if that is
    /// less than one for each.
    pub(super) fn open(&self, room: u32) -> bool {
        let share = (room / self.0.len() as u32).min(MOST);
        if share > 0 {
            self.0.iter().for_each(|Reader(word)| word.store(share * ONE_MORE, Ordering::Release));
        }
        share > 0
    }

    /// Closes all of them: nobody enters any more, and who leaves tells.
    pub(super) fn close(&self) {
        for Reader(word) in &self.0 {
            word.fetch_or(CLOSED, Ordering::AcqRel);
        }
    }

    /// How many turns are in by them.
    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|Reader(word)| word.load(Ordering::Acquire) & COUNT).sum()
    }

    /// Whether all are closed and nobody is behind them, which stays so until they are opened.
    pub(super) fn are_deserted(&self) -> bool {
        let deserted = |word: u32| word & CLOSED != 0 && word & COUNT == 0;
        self.0.iter().all(|Reader(word)| deserted(word.load(Ordering::Acquire)))
    }
}

#[cfg(all(test, not(seam_loom)))]
impl Readers {
    /// Enters by all of them until none lets anybody in; returns how many have.
    pub(super) fn fill(&self) -> u32 {
        let enter = |reader| std::iter::from_fn(move || self.enter(reader).ok()).count() as u32;
        (0..self.0.len() as u8).map(enter).sum()
    }
}
