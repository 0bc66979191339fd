//! `[bus]` and `[services.NAME.on]`: how events are kept, and how they are handed to subscribers.

use std::time::Duration;

use seam_bus::intake::Settings;
use seam_log::LogOptions;

use super::{
    load::positive,
    reader::Reader,
    value::{Age, Bytes},
};

/// The least that a log may keep, in bytes.
const LEAST: u64 = 1 << 20;

/// `[bus]`: events on their way.
///
/// ```toml
/// [bus]
/// keep = "7d"
/// keep_bytes = "1GiB"
/// results = "24h"
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BusConfig {
    /// `keep`: how long a service's log keeps an event, whether it was read or not. Default: `7d`.
    /// `keep_bytes`: how much a log keeps, in bytes or as `1GiB`; 1 MiB at least. The oldest events go
    /// first. Default: `1GiB`.
    pub log: LogOptions,
    /// `results`: how long the result of a command is kept after its end. Default: `24h`.
    pub results: Duration,
}

/// Reads `[bus]`.
pub(super) fn read_bus(mut reader: Reader<'_>) -> BusConfig {
    let default = LogOptions::default();
    let keep = reader.checked("keep", Age(default.keep), some).0;
    let keep_bytes = reader.checked("keep_bytes", Bytes(default.keep_bytes), |bytes| {
        if bytes.0 >= LEAST {
            return Ok(());
        }
        Err(("a log keeps 1 MiB at least".into(), "use e.g. \"64MiB\"".into()))
    });
    let day = Age(Duration::from_secs(24 * 60 * 60));
    let results = reader.checked("results", day, some).0;
    reader.finish();
    BusConfig { log: default.keep(keep).keep_bytes(keep_bytes.0), results }
}

fn some(age: &Age) -> Result<(), (String, String)> {
    positive(&age.0)
}

/// Reads `[services.NAME.on]`.
pub(super) fn read_on(mut reader: Reader<'_>) -> Settings {
    let default = Settings::default();
    let number = |reader: &mut Reader<'_>, key, default: u32, most: u64| {
        // No wider than it was.
        u32::try_from(reader.within::<u64>(key, default.into(), 1..=most)).unwrap_or(default)
    };
    let settings = Settings {
        attempts: number(&mut reader, "attempts", default.attempts, 1_000),
        backoff: reader.checked("backoff", default.backoff, positive),
        backoff_max: reader.checked("backoff_max", default.backoff_max, positive),
        in_flight: number(&mut reader, "in_flight", default.in_flight, 10_000),
    };
    reader.finish();
    settings
}
