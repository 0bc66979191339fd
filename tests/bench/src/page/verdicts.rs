//! The aims, beside what runs reached of them.

use super::aims::{Aim, Bound, aims};
use super::history::{History, Record};
use super::markdown;
use super::rows::Rows;
use super::runs::Run;
use crate::report::{Figure, number};

/// What a run reached.
pub(super) fn record(run: &Run) -> Record {
    let reached = aims().into_iter().filter_map(|aim| {
        let value = aim.reached(&run.rows)?;
        // More digits than that mean nothing.
        Some((aim.name.to_owned(), (value * 1e4).round() / 1e4))
    });
    Record { bench: run.bench.clone(), measured: run.measured.clone(), reached: reached.collect() }
}

/// Aim by aim: the bound, what the last run reached and what all of them did, and whether it holds.
pub(super) fn table(last: &Rows, history: &History) -> String {
    let line = |aim: &Aim| {
        let all: Vec<f64> = history.of(aim.name).collect();
        vec![
            aim.what.to_owned(),
            aim.bound.text(),
            markdown::maybe(aim.reached(last)),
            range(&all),
            verdict(&all, aim.bound),
        ]
    };
    let lines: Vec<_> = aims().iter().map(line).collect();
    markdown::table(&["", "aim", "last run", "median of all runs (range)", "&nbsp;"], &lines)
}

/// The middle of several runs, and how far they lie apart.
fn range(all: &[f64]) -> String {
    match Figure::of(all.iter().copied()) {
        Some(of) if all.len() > 1 => {
            let [median, min, max] = [of.median, of.min, of.max].map(number);
            format!("{median} ({min} – {max})")
        }
        _ => "–".to_owned(),
    }
}

/// Whether runs agree that an aim is met.
fn verdict(all: &[f64], bound: Bound) -> String {
    let (runs, met) = (all.len(), all.iter().filter(|value| bound.holds(**value)).count());
    match met {
        _ if runs == 0 => "not measured".to_owned(),
        0 => "**missed**".to_owned(),
        met if met == runs => "met".to_owned(),
        met => format!("**met in {met} of {runs}**"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_disagree_are_told() {
        let bound = Bound::AtMost(1.0);
        assert_eq!(verdict(&[], bound), "not measured");
        assert_eq!(verdict(&[1.0, 0.5], bound), "met");
        assert_eq!(verdict(&[1.5], bound), "**missed**");
        assert_eq!(verdict(&[0.5, 1.5, 0.6], bound), "**met in 2 of 3**");
        assert_eq!(range(&[0.5, 1.5, 0.6]), "0.60 (0.50 – 1.50)");
        assert_eq!(range(&[0.5]), "–");
    }
}
