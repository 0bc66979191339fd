//! Whether this process may do what only one may: own a database, serve what has an order.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::time::Moment;

/// The numbers behind a [`Lease`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseSettings {
    /// It is held for so long after it was last asked for. 10 s.
    pub time: Duration,
    /// It is renewed so often. 3 s.
    pub heartbeat: Duration,
    /// A process that stood still for longer serves nothing before the lease was renewed. 2 s.
    pub stall: Duration,
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            heartbeat: Duration::from_secs(3),
            stall: Duration::from_secs(2),
        }
    }
}

/// The holder's side of a lease, which a registry grants.
///
/// The holder must know before the registry that the lease has run out: its time is counted from
/// when it was asked for, not from when the answer came. Each grant has a fence, a number that grows,
/// so that what the holder before wrote late can be told and refused.
///
/// It must be told the time more often than [`LeaseSettings::stall`]: each tick lets it serve for
/// that much longer, and no more. So a process that stood still doesn't serve a single call before
/// it has seen that it did, whichever of its threads runs first.
///
/// (Orleans counts a silo dead after three missed probes: three heartbeats fit in the lease.)
#[derive(Debug)]
pub struct Lease {
    /// Serve before this moment: what calls look at.
    serve_until: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: LeaseSettings,
    held: Option<Held>,
    /// The highest fence seen.
    fence: u64,
    /// The last look at the clock.
    ticked: Moment,
    /// The lease was lost, and the next tick says so.
    lost: bool,
}

#[derive(Debug)]
struct Held {
    until: Moment,
    /// When to ask for more time.
    renew: Moment,
    /// Since when the lease is in doubt, for the process had stood still.
    doubted: Option<Moment>,
}

/// What the holder is to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Nothing is held. Who wants it claims it.
    Claim,
    /// Nothing before that moment.
    Wait(Moment),
    /// Ask for more time.
    Renew,
    /// The process stood still: stop serving, and ask for more time. It serves again once that was
    /// given.
    Recheck,
    /// It is lost: stop serving and let go of what it stood for. Said once; then it can be claimed.
    Lost,
}

impl Lease {
    /// Nothing is held.
    pub const fn new(settings: LeaseSettings) -> Self {
        let inner =
            Inner { settings, held: None, fence: 0, ticked: Moment::from_nanos(0), lost: false };
        Self { serve_until: AtomicU64::new(0), inner: Mutex::new(inner) }
    }

    /// Whether this process may serve now.
    #[inline]
    pub fn serves(&self, now: Moment) -> bool {
        now.as_nanos() < self.serve_until.load(Ordering::Relaxed)
    }

    /// Until when it is held, if it is: also while it is in doubt.
    pub fn held_until(&self) -> Option<Moment> {
        self.inner.lock().held.as_ref().map(|held| held.until)
    }

    /// The fence of the last grant: goes with all that is written by its right.
    pub fn fence(&self) -> u64 {
        self.inner.lock().fence
    }

    /// The registry granted what was asked for at `asked`. False if that is no use: the fence isn't
    /// a new one, or it took so long that the lease has run out.
    pub fn granted(&self, now: Moment, asked: Moment, fence: u64) -> bool {
        let inner = &mut *self.inner.lock();
        inner.look(now);
        let until = asked.after(inner.settings.time);
        if fence <= inner.fence || until <= now {
            return false;
        }
        inner.fence = fence;
        let renew = asked.after(inner.settings.heartbeat);
        inner.held = Some(Held { until, renew, doubted: None });
        inner.lost = false;
        self.publish(inner);
        true
    }

    /// The registry gave more time, for which it was asked at `asked`, to the grant with that fence.
    /// False if it came too late, or was asked for before the process stood still: then nothing
    /// changes.
    pub fn renewed(&self, now: Moment, asked: Moment, fence: u64) -> bool {
        let inner = &mut *self.inner.lock();
        inner.look(now);
        let until = asked.after(inner.settings.time);
        let renew = asked.after(inner.settings.heartbeat);
        let of_this_grant = fence == inner.fence;
        let Some(held) = inner.held.as_mut().filter(|_| of_this_grant) else {
            self.publish(inner);
            return false;
        };
        let counts = until > now && held.doubted.is_none_or(|doubted| asked >= doubted);
        if counts {
            held.doubted = None;
            held.until = held.until.max(until);
            held.renew = held.renew.max(renew);
        }
        self.publish(inner);
        counts
    }

    /// The registry says that the lease is another's, or that there is no such lease.
    pub fn refused(&self, now: Moment) {
        let inner = &mut *self.inner.lock();
        inner.look(now);
        inner.lose();
        self.publish(inner);
    }

    /// The registry couldn't be asked: nothing is lost before the time has run out.
    pub fn failed(&self, now: Moment) {
        let inner = &mut *self.inner.lock();
        inner.look(now);
        self.publish(inner);
    }

    /// Time has come so far. Says what is to be done; a request that is said once is said again
    /// after a third of a heartbeat, if it had no answer.
    pub fn tick(&self, now: Moment) -> Advice {
        let inner = &mut *self.inner.lock();
        inner.look(now);
        let advice = inner.advise(now);
        self.publish(inner);
        advice
    }

    /// Gives the lease back: it isn't served from now on. The registry is to be told.
    pub fn release(&self) {
        let inner = &mut *self.inner.lock();
        (inner.held, inner.lost) = (None, false);
        self.publish(inner);
    }

    /// Changes the settings. What is held stays as it was granted.
    pub fn set(&self, settings: LeaseSettings) {
        self.inner.lock().settings = settings;
    }

    /// Says to calls until when they are served.
    fn publish(&self, inner: &Inner) {
        // One later than the last moment that isn't over the stall.
        let awake = inner.ticked.after(inner.settings.stall).as_nanos().saturating_add(1);
        let until = match &inner.held {
            Some(Held { until, doubted: None, .. }) => until.as_nanos().min(awake),
            _ => 0,
        };
        self.serve_until.store(until, Ordering::Relaxed);
    }
}

impl Inner {
    /// Looks at the clock: has the process stood still, or the time run out?
    fn look(&mut self, now: Moment) {
        let stood_still = now.since(self.ticked) > self.settings.stall;
        self.ticked = self.ticked.max(now);
        let Some(held) = &mut self.held else { return };
        if now >= held.until {
            self.lose();
        } else if stood_still {
            (held.doubted, held.renew) = (Some(now), now);
        }
    }

    fn lose(&mut self) {
        self.lost |= self.held.take().is_some();
    }

    fn advise(&mut self, now: Moment) -> Advice {
        if std::mem::take(&mut self.lost) {
            return Advice::Lost;
        }
        let Some(held) = &mut self.held else { return Advice::Claim };
        if now < held.renew {
            return Advice::Wait(held.renew.min(held.until));
        }
        held.renew = now.after(self.settings.heartbeat / 3);
        if held.doubted.is_some() { Advice::Recheck } else { Advice::Renew }
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self::new(LeaseSettings::default())
    }
}
