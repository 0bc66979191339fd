//! What the unit at the other end of a link offers of a service, as callers ask and are told.

use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;

/// Whether a service can be called at the other end of a link, as far as this side knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Offering {
    /// It can't.
    #[default]
    Nothing,
    /// It can, though its unit says that it isn't well.
    Unwell,
    /// It can.
    Well,
}

/// Who is told of a change.
type Follower = Box<dyn Fn(Offering) + Send + Sync>;

#[derive(Default)]
pub(super) struct Offered {
    is: AtomicU8,
    followers: Mutex<Followers>,
}

#[derive(Default)]
struct Followers {
    /// What they were told last.
    told: Offering,
    all: Vec<Follower>,
}

impl Offering {
    /// Whether the service can be called.
    #[inline]
    pub const fn is_some(self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

impl Offered {
    #[inline]
    pub(super) fn is(&self) -> Offering {
        match self.is.load(Ordering::Acquire) {
            0 => Offering::Nothing,
            1 => Offering::Unwell,
            _ => Offering::Well,
        }
    }

    /// What is offered from now on. Who follows is to be told then.
    pub(super) fn set(&self, offering: Offering) {
        self.is.store(offering as u8, Ordering::Release);
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
    fn tell(&mut self, is: Offering) {
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
        use Offering::{Nothing, Unwell, Well};
        let offered = Offered::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        offered.follow(Box::new(move |is| tell.lock().push(is)));
        for is in [Nothing, Well, Well, Unwell, Unwell, Nothing, Well] {
            offered.set(is);
            offered.tell();
        }
        assert_eq!(*told.lock(), [Nothing, Well, Unwell, Nothing, Well]);
        let late = Arc::clone(&told);
        offered.follow(Box::new(move |is| late.lock().push(is)));
        assert_eq!(told.lock().len(), 6);
    }
}
