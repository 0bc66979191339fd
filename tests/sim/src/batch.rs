//! Many runs, on all cores.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::run::{Options, Report, run};

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
    /// Calls by how they ended.
    pub calls: BTreeMap<&'static str, u64>,
    /// Turns that ran.
    pub turns: u64,
    /// Rows that were written.
    pub rows: u64,
    /// What befell processes and the network.
    pub faults: u64,
    /// How often a process began to own the ledger.
    pub takeovers: u64,
    /// Simulated milliseconds.
    pub millis: u64,
    /// How long it took.
    pub seconds: f64,
    /// Runs in which something didn't hold, by seed.
    pub failed: Vec<Report>,
}

impl Summary {
    fn add(&mut self, report: Report) {
        self.runs += 1;
        for (word, count) in &report.calls {
            *self.calls.entry(word).or_default() += count;
        }
        self.turns += report.turns;
        self.rows += report.rows;
        self.faults += report.faults;
        self.takeovers += report.takeovers;
        self.millis += report.millis;
        if !report.violations.is_empty() {
            self.failed.push(report);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, turns, rows, faults, takeovers, millis, seconds, .. } = self;
        let calls: u64 = self.calls.values().sum();
        writeln!(f, "{runs} seeds in {seconds:.1} s, {} simulated s", millis / 1_000)?;
        let ends: Vec<_> = self.calls.iter().map(|(word, n)| format!("{n} {word}")).collect();
        writeln!(f, "{calls} calls: {}", ends.join(", "))?;
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
