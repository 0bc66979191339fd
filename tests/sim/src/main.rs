//! `seam-sim`: see the crate's documentation.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use seam_sim::{Batch, Options, Summary, batch, run};

/// Runs units on a simulated clock and network, under faults, and says what didn't hold.
///
/// A run alone follows from its seed: `--seed N` shows what happened in one, as often as you like.
#[derive(Parser)]
#[command(name = "seam-sim")]
struct Args {
    /// Makes so many runs, of the seeds from 0 on.
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with = "seed")]
    seeds: u64,
    /// Begins with another seed than 0.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "seed")]
    from: u64,
    /// How many runs at a time; by default one per core.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Makes this run alone, and prints what happens in it.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let told = match args.seed {
        Some(seed) => one(seed),
        None => many(&args),
    };
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Nobody reads on.
        Err(_) => ExitCode::FAILURE,
    }
}

fn one(seed: u64) -> io::Result<bool> {
    let report = run(seed, Options { trace: true, ..Options::default() });
    let mut out = io::stdout().lock();
    out.write_all(report.trace.as_bytes())?;
    match report.violations.len() {
        0 => writeln!(out, "seed {seed}: all held")?,
        count => writeln!(out, "seed {seed}: {count} violations")?,
    }
    out.flush()?;
    Ok(report.violations.is_empty())
}

fn many(args: &Args) -> io::Result<bool> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.unwrap_or_else(cores);
    // Beside others a run may come out otherwise than alone, so what happened in it is kept.
    let options = Options { trace: true, ..Options::default() };
    let runs = Batch { from: args.from, seeds: args.seeds, threads, options };
    let progress = |summary: &Summary| {
        if summary.runs.is_multiple_of(100) {
            // That nobody sees it stops no run.
            let _ = writeln!(io::stderr(), "{} seeds in {:.1} s", summary.runs, summary.seconds);
        }
    };
    let summary = batch(runs, progress);
    let mut out = io::stdout().lock();
    for report in &summary.failed {
        let seed = report.seed;
        writeln!(out, "seed {seed} FAILED:")?;
        for violation in report.violations.iter().take(10) {
            writeln!(out, "  {violation}")?;
        }
        let path = std::env::temp_dir().join(format!("seam-sim-{seed}.txt"));
        std::fs::write(&path, &report.trace)?;
        writeln!(out, "  what happened: {}", path.display())?;
        writeln!(out, "  once more, alone: cargo run --release -p seam-sim -- --seed {seed}")?;
    }
    writeln!(out, "{summary}")?;
    let good = summary.failed.is_empty();
    writeln!(out, "{}", if good { "all held" } else { "not all held" })?;
    Ok(good)
}
