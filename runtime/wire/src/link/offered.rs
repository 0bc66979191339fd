//! Whether a service is offered at the other end of a link, as callers ask and are told.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// Who is told of a change.
type Follower = Box<dyn Fn(bool) + Send + Sync>;

#[derive(Default)]
pub(super) struct Offered {
    is: AtomicBool,
    followers: Mutex<Followers>,
}

#[derive(Default)]
struct Followers {
    /// What they were told last.
    told: bool,
    all: Vec<Follower>,
}

impl Offered {
    #[inline]
    pub(super) fn is(&self) -> bool {
        self.is.load(Ordering::Acquire)
    }

    /// Whether it is, from now on. Who follows is to be told then.
    pub(super) fn set(&self, offered: bool) {
        self.is.store(offered, Ordering::Release);
    }

    /// Tells who follows, if they know otherwise: one change after the other, without the link's lock.
    pub(super) fn tell(&self) {
        self.followers.lock().tell(self.is());
    }

    /// Tells `follower` now, and whenever it changes.
    pub(super) fn follow(&self, follower: Follower) {
        let mut followers = self.followers.lock();
        followers.tell(self.is());
        follower(followers.told);
        followers.all.push(follower);
    }
}

impl Followers {
    fn tell(&mut self, is: bool) {
        if self.told != is {
            self.told = is;
            self.all.iter().for_each(|follower| follower(is));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn who_follows_is_told_each_change_once() {
        let offered = Offered::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        offered.follow(Box::new(move |is| tell.lock().push(is)));
        for is in [false, true, true, false, false, true] {
            offered.set(is);
            offered.tell();
        }
        assert_eq!(*told.lock(), [false, true, false, true]);
        let late = Arc::clone(&told);
        offered.follow(Box::new(move |is| late.lock().push(is)));
        assert_eq!(told.lock().len(), 5);
    }
}
