//! When a method is due that runs by itself.

mod cron;
mod date;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use self::cron::{Cron, CronError};

/// When a method runs by itself. It is asked with a time, and has no clock: all who ask with the same
/// time hear the same, so that instances agree without a word between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// At each multiple of this time since the first moment of 1970 in UTC: `1h` is due on the hour,
    /// `1d` at midnight.
    Every(Duration),
    /// At the minutes of a cron, in UTC.
    Cron(Cron),
}

impl Schedule {
    /// The first time at which it is due after `time`, which counts as 1970 if it is before that;
    /// `None` if it is never due again: every zero seconds, or past what the system's time can tell.
    pub fn next(&self, time: SystemTime) -> Option<SystemTime> {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let next = match self {
            Self::Every(every) => multiple_after(*every, since)?,
            Self::Cron(cron) => {
                let minute = cron.minute_after(since.as_secs() / 60)?;
                Duration::from_secs(minute.checked_mul(60)?)
            }
        };
        UNIX_EPOCH.checked_add(next)
    }
}

/// The first multiple of `step` after `time`.
fn multiple_after(step: Duration, time: Duration) -> Option<Duration> {
    const NANOS: u128 = 1_000_000_000;
    let step = step.as_nanos();
    let nanos = time.as_nanos().checked_div(step)?.checked_add(1)?.checked_mul(step)?;
    Some(Duration::new(u64::try_from(nanos / NANOS).ok()?, (nanos % NANOS) as u32))
}

#[cfg(test)]
mod tests;
