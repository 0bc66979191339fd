//! What the operating system says that this process has used.

use std::fs;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A reading of this process's accounts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// CPU time of all threads since the start, user and system, in microseconds.
    pub(crate) cpu_us: f64,
    /// The most memory that was resident so far (`VmHWM`), in KiB.
    pub(crate) rss_kib: u64,
}

/// Reads the process's CPU clock (what `getrusage` reports, in nanoseconds) and
/// `/proc/self/status`.
pub(crate) fn usage() -> Usage {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    Usage {
        cpu_us: cpu.tv_sec as f64 * 1e6 + cpu.tv_nsec as f64 / 1e3,
        rss_kib: high_water_kib().unwrap_or(0),
    }
}

fn high_water_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
