//! How much memory all connections of a server may hold together for frames on their way.
//!
//! Each frame has its cap, but a thousand half frames of that size are too many.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What each connection may hold without being counted: what calls of ordinary size need.
const FREE: usize = 256 << 10;

/// What may be held and what is held now, in bytes, by all who have a share.
#[derive(Debug)]
pub(super) struct Budget {
    all: usize,
    held: AtomicUsize,
}

impl Budget {
    pub(super) const fn new(all: usize) -> Self {
        Self { all, held: AtomicUsize::new(0) }
    }
}

/// One connection's part of the budget; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    held: usize,
}

impl Share {
    pub(super) const fn new(budget: Arc<Budget>) -> Self {
        Self { budget, held: 0 }
    }

    /// The connection holds so many bytes now; whether that is all right.
    #[inline]
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        let bytes = bytes.saturating_sub(FREE);
        if bytes == self.held {
            return true;
        }
        let before = if bytes > self.held {
            self.budget.held.fetch_add(bytes - self.held, Ordering::Relaxed)
        } else {
            // Less than before is never too much.
            self.budget.held.fetch_sub(self.held - bytes, Ordering::Relaxed);
            0
        };
        let grown = bytes.saturating_sub(self.held);
        self.held = bytes;
        before + grown <= self.budget.all
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = 16 << 20;

    #[test]
    fn who_holds_little_is_not_counted_and_who_leaves_gives_back() {
        let budget = Arc::new(Budget::new(ALL));
        let mut small: Vec<_> = (0..4_096).map(|_| Share::new(Arc::clone(&budget))).collect();
        assert!(small.iter_mut().all(|share| share.hold(FREE)));

        let mut large = Share::new(Arc::clone(&budget));
        assert!(large.hold(FREE + ALL));
        let mut late = Share::new(Arc::clone(&budget));
        assert!(late.hold(FREE) && !late.hold(FREE + 1));
        assert!(large.hold(FREE + ALL - 1) && late.hold(FREE + 1));
        drop((large, late));
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
