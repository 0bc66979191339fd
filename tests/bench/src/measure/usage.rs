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
    /// Memory that is resident now and belongs to no file (`RssAnon`), in KiB.
    pub(crate) anon_kib: u64,
}

/// Reads the process's CPU clock (what `getrusage` reports, in nanoseconds) and
/// `/proc/self/status`.
pub(crate) fn usage() -> Usage {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Usage {
        cpu_us: cpu.tv_sec as f64 * 1e6 + cpu.tv_nsec as f64 / 1e3,
        rss_kib: status_kib(&status, "VmHWM:").unwrap_or(0),
        anon_kib: status_kib(&status, "RssAnon:").unwrap_or(0),
    }
}

fn status_kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
