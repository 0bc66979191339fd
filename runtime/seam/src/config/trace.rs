//! `[trace]`: which calls are recorded, and how many are kept.

use super::{reader::Reader, value::Bytes};

/// `[trace]`: which calls are recorded, and how many are kept.
///
/// ```toml
/// [trace]
/// per_second = 100
/// keep = "32MiB"
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceConfig {
    /// `per_second`: how many requests that begin here are recorded whole, in a second and at once, and
    /// as many that others have begun and record; calls that were slow, not executed or unknown are
    /// recorded whatever it is. Default: `100`.
    pub per_second: u32,
    /// `keep`: how much a unit keeps of what was recorded, in bytes or as `32MiB`. What was slow or
    /// failed goes last. Default: `32MiB`.
    pub keep: u64,
}

/// Beyond this nobody looks at any of them.
const MOST: u64 = 1_000_000;
/// More would be a part of the unit's memory that nobody has asked for.
const KEPT: u64 = 1 << 30;

/// Reads `[trace]`.
pub(super) fn read_trace(mut reader: Reader<'_>) -> TraceConfig {
    let per_second = reader.within::<u64>("per_second", 100, 0..=MOST);
    let keep = reader.checked("keep", Bytes(32 << 20), |keep: &Bytes| {
        let fix = "write from \"0\" to \"1GiB\"".to_owned();
        if keep.0 <= KEPT { Ok(()) } else { Err(("`keep` is more than 1 GiB".to_owned(), fix)) }
    });
    reader.finish();
    TraceConfig { per_second: u32::try_from(per_second).unwrap_or(u32::MAX), keep: keep.0 }
}
