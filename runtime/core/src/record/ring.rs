//! A ring of records: one writer, one reader, neither of whom waits.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::written::Words;

/// So many records fit in; at most some 900 KB for each thread that writes any.
pub(super) const LENGTH: usize = 8_192;

/// A ring of records.
#[derive(Debug)]
pub(super) struct Ring {
    places: Box<[[AtomicU64; Words::LENGTH]]>,
    /// How many were ever written.
    written: AtomicUsize,
    /// How many were ever read.
    read: AtomicUsize,
}

impl Default for Ring {
    fn default() -> Self {
        let place = || std::array::from_fn(|_| AtomicU64::new(0));
        Self {
            places: (0..LENGTH).map(|_| place()).collect(),
            written: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }
}

impl Ring {
    /// Writes one, by one thread at a time; `None` if `room` are written that nobody has read. Whether the
    /// ring has become half full by it.
    pub(super) fn push(&self, words: &Words, room: usize) -> Option<bool> {
        let written = self.written.load(Ordering::Relaxed);
        let waiting = written.wrapping_sub(self.read.load(Ordering::Acquire));
        if waiting >= room.min(LENGTH) {
            return None;
        }
        for (place, word) in self.places[written % LENGTH].iter().zip(words.0) {
            place.store(word, Ordering::Relaxed);
        }
        self.written.store(written.wrapping_add(1), Ordering::Release);
        Some(waiting + 1 == LENGTH / 2)
    }

    /// Reads all that is there, by one thread at a time.
    pub(super) fn drain(&self, mut each: impl FnMut(&Words)) {
        let written = self.written.load(Ordering::Acquire);
        let mut read = self.read.load(Ordering::Relaxed);
        while read != written {
            let place = &self.places[read % LENGTH];
            let words = Words(std::array::from_fn(|at| place[at].load(Ordering::Relaxed)));
            read = read.wrapping_add(1);
            self.read.store(read, Ordering::Release);
            each(&words);
        }
    }
}
