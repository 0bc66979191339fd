//! The time of a manual clock, and who waits for a later one.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use super::Moment;

/// The time, as it was set last, and who is to be woken when it is later: those alone whose moment
/// has come, in the order of their moments.
#[derive(Default)]
pub(super) struct Hands {
    now: AtomicU64,
    standstills: AtomicU64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Tells apart who waits for one moment.
    next: u64,
    wakers: BTreeMap<(Moment, u64), Waker>,
}

impl Hands {
    pub(super) fn now(&self) -> Moment {
        Moment::from_nanos(self.now.load(Ordering::Acquire))
    }

    pub(super) fn standstills(&self) -> u64 {
        self.standstills.load(Ordering::Acquire)
    }

    pub(super) fn advance(&self, by: Duration) {
        let due = {
            let mut waiting = self.waiting.lock();
            let now = self.now().after(by);
            self.now.store(now.as_nanos(), Ordering::Release);
            let later = waiting.wakers.split_off(&(now.after_nanos(1), 0));
            std::mem::replace(&mut waiting.wakers, later)
        };
        // Without the lock: a waker may run anything.
        due.into_values().for_each(Waker::wake);
    }

    pub(super) fn stand_still(&self, for_: Duration) {
        self.standstills.fetch_add(1, Ordering::AcqRel);
        self.advance(for_);
    }

    pub(super) const fn wait_until(&self, moment: Moment) -> Until<'_> {
        Until { hands: self, moment, key: None }
    }
}

/// Ready once a moment has come.
pub(super) struct Until<'a> {
    hands: &'a Hands,
    moment: Moment,
    /// Its place among those who wait, once it has one.
    key: Option<u64>,
}

impl Future for Until<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.hands.waiting.lock();
        if self.hands.now() >= self.moment {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            waiting.next += 1;
            waiting.next
        });
        let before = waiting.wakers.insert((self.moment, key), cx.waker().clone());
        drop(waiting);
        drop(before);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Until<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.hands.waiting.lock().wakers.remove(&(self.moment, key));
            drop(waker);
        }
    }
}

impl fmt::Debug for Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hands({:?})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn those_alone_are_woken_whose_moment_has_come() {
        let hands = Hands::default();
        let cx = &mut Context::from_waker(Waker::noop());
        let at = |after| Moment::default().after(secs(after));
        let (mut soon, mut late) = (pin!(hands.wait_until(at(1))), pin!(hands.wait_until(at(2))));
        assert!(soon.as_mut().poll(cx).is_pending() && late.as_mut().poll(cx).is_pending());
        assert!(late.as_mut().poll(cx).is_pending(), "a second poll takes no second place");
        hands.advance(secs(1));
        assert_eq!(hands.waiting.lock().wakers.len(), 1);
        assert!(soon.poll(cx).is_ready() && late.as_mut().poll(cx).is_pending());
        {
            let mut gone = pin!(hands.wait_until(at(3)));
            assert!(gone.as_mut().poll(cx).is_pending());
        }
        assert_eq!(hands.waiting.lock().wakers.len(), 1, "who leaves waits no more");
        hands.advance(secs(1));
        assert!(late.poll(cx).is_ready() && hands.waiting.lock().wakers.is_empty());
    }
}
