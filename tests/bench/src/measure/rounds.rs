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

/// The contenders of one cell, and how often each is measured.
pub(crate) struct Group {
    pub(crate) entries: Vec<Entry>,
    pub(crate) rounds: usize,
}

impl Group {
    /// How many measurements it takes.
    pub(crate) fn steps(&self) -> usize {
        self.entries.len() * self.rounds
    }

    /// Measures, round after round. One that fails is out, and its row says nothing; the reason goes
    /// to stderr.
    pub(crate) fn run(&self, progress: &Progress) -> Vec<Row> {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); self.entries.len()];
        let mut out = vec![false; self.entries.len()];
        for round in 0..self.rounds {
            for at in order(round, self.entries.len()) {
                let entry = &self.entries[at];
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
        let row = |(entry, samples): (&Entry, &Vec<Sample>)| {
            Row::new(entry.labels.clone(), Figures::of(samples))
        };
        let mut rows: Vec<Row> = self.entries.iter().zip(&samples).map(row).collect();
        crate::report::compare(&mut rows, &samples);
        rows
    }
}

/// The order of a round: every one once. Rounds begin one further on, and step differently, so that
/// none always comes first, or always after the same neighbour.
fn order(round: usize, count: usize) -> impl Iterator<Item = usize> {
    let strides: Vec<usize> = (1..=count).filter(|&stride| gcd(stride, count) == 1).collect();
    let stride = strides.get(round % strides.len().max(1)).copied().unwrap_or_default();
    (0..count).map(move |step| (round + step * stride) % count)
}

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_has_each_once() {
        for count in 0..20 {
            for round in 0..20 {
                let mut order: Vec<_> = order(round, count).collect();
                order.sort_unstable();
                assert!(order.into_iter().eq(0..count), "{count} in round {round}");
            }
        }
    }

    #[test]
    fn neighbours_and_the_first_change() {
        let rounds: Vec<Vec<_>> = (0..3).map(|round| order(round, 5).collect()).collect();
        assert_eq!(rounds, [[0, 1, 2, 3, 4], [1, 3, 0, 2, 4], [2, 0, 3, 1, 4]]);
    }
}
