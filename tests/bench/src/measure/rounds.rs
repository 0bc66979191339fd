//! Contenders in turn, round after round, so that a drift of the machine hits them all alike.

use std::io::Write;

use super::sample::Sample;
use crate::report::{Figures, Labels, Progress, Row};

/// One contender in one cell.
pub(crate) struct Entry {
    pub(crate) labels: Labels,
    pub(crate) measure: Box<dyn Fn() -> anyhow::Result<Sample>>,
}

impl Entry {
    pub(crate) fn new(
        labels: Labels,
        measure: impl Fn() -> anyhow::Result<Sample> + 'static,
    ) -> Self {
        Self { labels, measure: Box::new(measure) }
    }
}

/// Measures the contenders of one cell: A B C, A B C, … One that fails is out, and its row says
/// nothing; the reason goes to stderr.
pub(crate) fn run_group(entries: &[Entry], rounds: usize, progress: &Progress) -> Vec<Row> {
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); entries.len()];
    let mut out = vec![false; entries.len()];
    for _ in 0..rounds {
        for (at, entry) in entries.iter().enumerate() {
            progress.step(&entry.labels);
            if out[at] {
                continue;
            }
            match (entry.measure)() {
                Ok(sample) => samples[at].push(sample),
                Err(why) => {
                    out[at] = true;
                    samples[at].clear();
                    progress.suspend(|| {
                        let _ = writeln!(std::io::stderr(), "{}: {why:#}", entry.labels);
                    });
                }
            }
        }
    }
    let figures: Vec<Figures> = samples.iter().map(|all| Figures::of(all)).collect();
    let mut rows: Vec<Row> = entries
        .iter()
        .zip(figures)
        .map(|(entry, figures)| Row::new(entry.labels.clone(), figures))
        .collect();
    crate::report::compare(&mut rows, &samples);
    rows
}
