//! Is the peer still there? A ping after a silence, and a verdict after a longer one.

use crate::limits::Timeouts;
use seam_core::time::Moment;

/// What to do about a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing before this moment.
    Wait(Moment),
    /// Ping now.
    Ping,
    /// The peer is dead.
    Dead,
}

#[derive(Debug)]
pub(super) struct Keepalive {
    heard: Moment,
    /// When a ping was sent that nothing has followed yet. A peer is judged by a ping that it had
    /// the time to answer, so that a stall on *this* side condemns nobody.
    pinged: Option<Moment>,
}

impl Keepalive {
    pub(super) const fn new(now: Moment) -> Self {
        Self { heard: now, pinged: None }
    }

    /// Bytes came.
    pub(super) const fn heard(&mut self, now: Moment) {
        self.heard = now;
        self.pinged = None;
    }

    pub(super) fn tick(&mut self, now: Moment, timeouts: &Timeouts) -> Silence {
        let due = self.due(timeouts);
        match self.pinged {
            _ if now < due => Silence::Wait(due),
            Some(_) => Silence::Dead,
            None => {
                self.pinged = Some(now);
                Silence::Ping
            }
        }
    }

    /// When the next tick has something to do.
    pub(super) fn due(&self, timeouts: &Timeouts) -> Moment {
        let grace = timeouts.dead_after.saturating_sub(timeouts.ping_after);
        match self.pinged {
            Some(pinged) => pinged.after(grace),
            None => self.heard.after(timeouts.ping_after),
        }
    }
}
