//! How much a host takes: settings that can be changed while it runs.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// How much a host takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls that may wait and run at a time; beyond it they are refused as overloaded. At least 1;
    /// 1,024 by default. Lowering it takes nobody's place: no call is let in until there is room.
    pub mailbox: u32,
    /// How long a turn may run after its caller may have gone; 30 s by default.
    pub turn_limit: Duration,
}

impl Limits {
    /// How many calls may wait and run at a time unless somebody says otherwise.
    pub const MAILBOX: u32 = 1_024;
    /// How long a turn may run after its caller may have gone, unless somebody says otherwise.
    pub const TURN_LIMIT: Duration = Duration::from_secs(30);
}

impl Default for Limits {
    fn default() -> Self {
        Self { mailbox: Self::MAILBOX, turn_limit: Self::TURN_LIMIT }
    }
}

/// The limits in force, as calls read them: an atomic costs no more to read than a field.
#[derive(Debug, Default)]
pub(super) struct InForce {
    mailbox: AtomicU32,
    turn_nanos: AtomicU64,
}

impl InForce {
    /// Puts `limits` in force; `true` if the mailbox's size has changed.
    pub(super) fn set(&self, limits: &Limits) -> bool {
        let nanos = u64::try_from(limits.turn_limit.as_nanos()).unwrap_or(u64::MAX);
        self.turn_nanos.store(nanos, Ordering::Relaxed);
        let mailbox = limits.mailbox.max(1);
        self.mailbox.swap(mailbox, Ordering::Relaxed) != mailbox
    }

    /// How many calls may wait and run at a time.
    #[inline]
    pub(super) fn mailbox(&self) -> u32 {
        self.mailbox.load(Ordering::Relaxed)
    }

    /// How long a turn may run.
    pub(super) fn turn(&self) -> Duration {
        Duration::from_nanos(self.turn_nanos.load(Ordering::Relaxed))
    }
}
