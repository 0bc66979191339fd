//! What is given back, and when.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{LogError, LogOptions, Millis, Position, engine::Engine};

/// The first position that is to be kept, by the age of records and by the bytes of their tables.
pub(crate) fn first_kept(
    engine: &Engine,
    options: &LogOptions,
    (first, head): (Position, Position),
    now: Millis,
) -> Result<Position, LogError> {
    let keep = Millis::try_from(options.keep.as_millis()).unwrap_or(Millis::MAX);
    let by_age = position_at(engine, (first, head), now.saturating_sub(keep))?;
    let tables = engine.tables()?;
    let mut bytes: u64 = tables.iter().map(|table| table.bytes).sum();
    let mut by_bytes = first;
    // The newest stays, however large it is.
    for table in tables.iter().take(tables.len().saturating_sub(1)) {
        if bytes <= options.table_bytes() {
            break;
        }
        bytes -= table.bytes;
        by_bytes = by_bytes.max(table.last.min(head) + 1);
    }
    Ok(by_age.max(by_bytes))
}

/// The first position that happened at a time or later; one after `head` if none did.
pub(crate) fn position_at(
    engine: &Engine,
    (first, head): (Position, Position),
    at: Millis,
) -> Result<Position, LogError> {
    let (mut low, mut high) = (first, head + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        // What was trimmed meanwhile was before.
        match engine.time(middle)? {
            Some(time) if time >= at => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(low)
}

pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
