//! Servers under a driver's load: what each of them used within the driver's window.

use std::time::Duration;

use anyhow::{Context, ensure};

use super::child::Child;
use super::sample::Sample;
use super::usage::Usage;

/// What a server used within the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) cpu_us: f64,
    /// The most resident memory since its start.
    pub(crate) rss_kib: u64,
}

/// Waits for the driver's sample, reading the servers' accounts when its window opens and closes.
pub(crate) fn under_load(
    servers: &mut [Child],
    driver: &mut Child,
    work: Duration,
) -> anyhow::Result<(Sample, Vec<Used>)> {
    let mut readings: Vec<Vec<Usage>> = Vec::new();
    let sample = driver.sample(work, |_| {
        let now: anyhow::Result<_> = servers.iter_mut().map(Child::usage).collect();
        readings.push(now.context("reading a server's accounts")?);
        Ok(())
    })?;
    ensure!(readings.len() == 2, "the driver's window didn't open and close");
    let used = readings[0].iter().zip(&readings[1]).map(|(before, after)| Used {
        cpu_us: after.cpu_us - before.cpu_us,
        rss_kib: after.rss_kib,
    });
    Ok((sample, used.collect()))
}
