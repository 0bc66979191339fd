//! Many runs, on all cores.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::run::{Counts, Options, Report, run};

/// Which runs are made.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// The first seed.
    pub from: u64,
    /// How many seeds.
    pub seeds: u64,
    /// How many runs at a time.
    pub threads: usize,
    /// How each is made.
    pub options: Options,
}

/// What came of them.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many runs were made.
    pub runs: u64,
    /// How much of everything there was in all of them.
    pub counts: Counts,
    /// How long it took.
    pub seconds: f64,
    /// Runs in which something didn't hold, by seed.
    pub failed: Vec<Report>,
}

impl Summary {
    fn add(&mut self, report: Report) {
        self.runs += 1;
        self.counts += &report.counts;
        if !report.violations.is_empty() {
            self.failed.push(report);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, counts, seconds, .. } = self;
        let Counts { calls, turns, rows, faults, takeovers, millis } = counts;
        writeln!(f, "{runs} seeds in {seconds:.1} s, {} simulated s", millis / 1_000)?;
        let ends: Vec<_> = calls.iter().map(|(word, n)| format!("{n} {word}")).collect();
        writeln!(f, "{} calls: {}", calls.values().sum::<u64>(), ends.join(", "))?;
        writeln!(f, "{turns} turns ran, {rows} rows written")?;
        write!(f, "{faults} faults, {takeovers} times the ledger was taken")
    }
}

/// Makes runs, and tells `progress` from time to time how many. Ends early once some have failed.
pub fn batch(batch: Batch, progress: impl Fn(&Summary) + Sync) -> Summary {
    /// With so many failures there is enough to look at.
    const ENOUGH: usize = 5;
    let began = Instant::now();
    let (next, enough) = (AtomicU64::new(batch.from), AtomicBool::new(false));
    let end = batch.from + batch.seeds;
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..batch.threads.max(1) {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let report = run(seed, batch.options);
                    let mut summary = summary.lock();
                    summary.add(report);
                    summary.seconds = began.elapsed().as_secs_f64();
                    enough.store(summary.failed.len() >= ENOUGH, Ordering::Relaxed);
                    progress(&summary);
                }
            });
        }
    });
    let mut summary = summary.into_inner();
    summary.failed.sort_by_key(|report| report.seed);
    summary
}
