//! A run is the same twice, nothing is found in good ones, and what is done wrong on purpose is found.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use seam_sim::{Batch, Options, Plant, batch, run};

#[test]
fn a_seed_is_the_same_run_to_the_byte() {
    for seed in [1, 8, 21] {
        let traced = Options { trace: true, ..Options::default() };
        let (first, second) = (run(seed, traced), run(seed, traced));
        assert!(first.trace.lines().count() > 100, "{}", first.trace);
        let differs = first.trace.lines().zip(second.trace.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first, second, "seed {seed}");
        // Whether it is told makes no difference to it.
        let untold = run(seed, Options::default());
        assert_eq!(
            (untold.counts.calls, untold.counts.turns),
            (first.counts.calls, first.counts.turns),
            "seed {seed}"
        );
    }
}

#[test]
fn what_is_promised_holds_and_much_befalls() {
    let runs = Batch { from: 10_000, seeds: 12, threads: 2, options: Options::default() };
    let summary = batch(runs, |_| ());
    let failed: Vec<_> = summary.failed.iter().map(|run| (run.seed, &run.violations)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(summary.runs, 12);
    for end in ["answered", "not executed", "unknown"] {
        assert!(summary.counts.calls.get(end).is_some_and(|count| *count > 0), "{summary}");
    }
    assert!(summary.counts.faults > 20 && summary.counts.takeovers > 12, "{summary}");
}

/// The first run in which a mistake is found, and what is said of it.
#[track_caller]
fn found(plant: Plant, says: &str) {
    let options = Options { plant: Some(plant), ..Options::default() };
    let said = (0..150).find_map(|seed| {
        let report = run(seed, options);
        report.violations.into_iter().find(|violation| violation.contains(says))
    });
    assert!(said.is_some(), "{plant:?} isn't found");
}

#[test]
fn an_unknown_call_that_is_made_again_is_found() {
    found(Plant::RetryUnknown, "ran 2 times");
}

#[test]
fn a_second_owner_is_found() {
    found(Plant::LooseLock, "owns the ledger, and so does");
}

#[test]
fn a_turn_after_its_deadline_is_found() {
    found(Plant::Unnoticed, "and its deadline was");
}

#[test]
fn an_acknowledged_effect_that_is_lost_is_found() {
    found(Plant::EarlyAnswer, "was acknowledged, and is lost");
}
