//! The time of day, as what is kept notes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, in UTC.
pub type Millis = u64;

/// Now.
pub fn unix_millis() -> Millis {
    at(SystemTime::now())
}

/// That time; what is before 1970 is its beginning.
pub(crate) fn at(time: SystemTime) -> Millis {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// So many milliseconds.
pub fn millis(time: Duration) -> Millis {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
