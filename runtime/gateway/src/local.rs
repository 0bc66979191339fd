//! What one thread makes of settings that all threads share, made anew when those were swapped.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use seam_core::live::Live;

/// A thread's own of a `T` that may be swapped: reading it touches nothing that another thread
/// writes to, and whoever holds one keeps it however often it is swapped meanwhile.
pub(crate) struct Local<T, L> {
    live: Live<T>,
    make: fn(Arc<T>) -> L,
    /// Made of which.
    made: RefCell<(Arc<T>, Rc<L>)>,
}

impl<T, L> Local<T, L> {
    pub(crate) fn new(live: Live<T>, make: fn(Arc<T>) -> L) -> Self {
        let now = live.get();
        let made = RefCell::new((Arc::clone(&now), Rc::new(make(now))));
        Self { live, make, made }
    }

    /// What is made of what is in force now.
    pub(crate) fn get(&self) -> Rc<L> {
        let now = self.live.load();
        let mut made = self.made.borrow_mut();
        if !Arc::ptr_eq(&made.0, &now) {
            *made = (Arc::clone(&now), Rc::new((self.make)(Arc::clone(&now))));
        }
        Rc::clone(&made.1)
    }
}

impl<T, L> fmt::Debug for Local<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_anew_only_when_it_was_swapped() {
        let live = Live::new(1);
        let local = Local::new(live.clone(), |number| *number * 10);
        let first = local.get();
        assert!(Rc::ptr_eq(&first, &local.get()));
        live.set(2);
        assert_eq!((*first, *local.get()), (10, 20));
    }
}
