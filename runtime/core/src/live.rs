//! Settings that can be changed while what reads them runs.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

/// A handle on settings: who holds one reads what is in force now, and whoever holds another sets
/// it anew. Clones share the value.
///
/// Reading takes no lock. Who reads several fields that belong together reads them from one
/// [`load`](Self::load), for the next may find other settings.
///
/// ```
/// use seam_core::live::Live;
///
/// let mailbox = Live::new(1024_usize);
/// let reader = mailbox.clone();
/// mailbox.set(16);
/// assert_eq!(**reader.load(), 16);
/// ```
#[derive(Debug)]
pub struct Live<T>(Arc<ArcSwap<T>>);

impl<T> Live<T> {
    /// Settings that hold from now on.
    pub fn new(settings: T) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(settings)))
    }

    /// What is in force now. Don't keep it across an `await`: use [`get`](Self::get) there.
    #[inline]
    pub fn load(&self) -> Guard<Arc<T>> {
        self.0.load()
    }

    /// What is in force now, for as long as the reader wants it.
    pub fn get(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Puts other settings in force, for every handle.
    pub fn set(&self, settings: T) {
        self.0.store(Arc::new(settings));
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Live<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}
