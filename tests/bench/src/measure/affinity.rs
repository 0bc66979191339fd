//! Which cores a process may use.

use anyhow::Context;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that this process may use, by number.
pub(crate) fn cores() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_else(|_| {
        let mut first = CpuSet::new();
        first.set(0);
        first
    });
    (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect()
}

/// Confines this process to the given cores. To be called before any thread starts.
pub(crate) fn pin(cores: &[usize]) -> anyhow::Result<()> {
    if cores.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core);
    }
    sched_setaffinity(None, &set).context("confining the process to its cores")
}
