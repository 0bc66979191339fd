//! Settings that can be changed while what reads them runs.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;

/// A handle on settings: who holds one reads what is in force now, and whoever holds another sets
/// it anew. Clones share the value.
///
/// Reading takes no lock. Who reads several fields that belong together reads them from one
/// [`load`](Self::load), for the next may find other settings. What is read at every call is kept in
/// atomics beside what reads it, by [`follow`](Self::follow): a load takes some thirty instructions.
///
/// ```
/// use seam_core::live::Live;
///
/// let mailbox = Live::new(1024_usize);
/// let reader = mailbox.clone();
/// mailbox.set(16);
/// assert_eq!(**reader.load(), 16);
/// ```
pub struct Live<T>(Arc<Shared<T>>);

struct Shared<T> {
    value: ArcSwap<T>,
    followers: Mutex<Vec<Box<Follower<T>>>>,
}

/// Is told of settings; `false` once it needn't be any more.
type Follower<T> = dyn Fn(&T) -> bool + Send + Sync;

impl<T> Live<T> {
    /// Settings that hold from now on.
    pub fn new(settings: T) -> Self {
        let value = ArcSwap::from_pointee(settings);
        Self(Arc::new(Shared { value, followers: Mutex::default() }))
    }

    /// What is in force now. Don't keep it across an `await`: use [`get`](Self::get) there.
    #[inline]
    pub fn load(&self) -> Guard<Arc<T>> {
        self.0.value.load()
    }

    /// What is in force now, for as long as the reader wants it.
    pub fn get(&self) -> Arc<T> {
        self.0.value.load_full()
    }

    /// Puts other settings in force, for every handle. When it returns, all who follow have been told.
    pub fn set(&self, settings: T) {
        let settings = Arc::new(settings);
        // Under the lock, so that nobody is told of an earlier value last.
        let mut followers = self.0.followers.lock();
        self.0.value.store(Arc::clone(&settings));
        followers.retain(|follower| follower(&settings));
    }

    /// Tells `follower` what is in force, now and whenever it is set anew, until it returns `false`.
    /// It is called by whoever sets, one after the other, and must not set in turn.
    pub fn follow(&self, follower: impl Fn(&T) -> bool + Send + Sync + 'static) {
        let mut followers = self.0.followers.lock();
        if follower(&self.0.value.load()) {
            followers.push(Box::new(follower));
        }
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<T> for Live<T> {
    fn from(settings: T) -> Self {
        Self::new(settings)
    }
}

impl<T: Default> Default for Live<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&**self.load()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn who_follows_is_told_until_it_is_gone() {
        let live = Live::new(1_u32);
        let seen = Arc::new(AtomicU32::new(0));
        let told = Arc::downgrade(&seen);
        live.follow(move |value| {
            told.upgrade().map(|seen| seen.store(*value, Ordering::Relaxed)).is_some()
        });
        assert_eq!(seen.load(Ordering::Relaxed), 1);
        live.clone().set(2);
        assert_eq!(seen.load(Ordering::Relaxed), 2);
        drop(seen);
        live.set(3);
        assert!(live.0.followers.lock().is_empty());
    }
}
