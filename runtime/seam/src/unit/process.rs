//! What this process uses, as the system tells it.

use std::fs;

use seam_telemetry::ProcessUsage;

/// What this process uses; what the system doesn't tell is 0.
pub(super) fn usage() -> ProcessUsage {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name before may have anything in it.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // Counted from the state on: proc(5) has it as the third.
    let ticks = field(11) + field(12);
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let open = fs::read_dir("/proc/self/fd").map_or(0, |open| open.count() as u64);
    ProcessUsage {
        cpu_seconds: ticks as f64 / per_second as f64,
        resident_bytes: field(21) * rustix::param::page_size() as u64,
        // One of them is the folder that was just read.
        open_fds: open.saturating_sub(1),
        threads: field(17),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_something() {
        let usage = usage();
        assert!(usage.resident_bytes > 1 << 20 && usage.threads >= 1 && usage.open_fds >= 1);
    }
}
