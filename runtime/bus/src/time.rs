//! The time of day, as what is kept notes it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, in UTC.
pub type Millis = u64;

/// Now.
pub(crate) fn unix_millis() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
