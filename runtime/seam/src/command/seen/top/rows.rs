//! What was called over some time, by method, and in which order it is shown.

use std::{cmp::Ordering, collections::BTreeMap};

use seam_telemetry::{Outcome, Side, Snapshot};
use serde::Serialize;

use super::super::rates::quantile_us;

/// What stands first: a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::command) enum Sort {
    /// By name.
    Name,
    /// What is called most.
    Calls,
    /// What fails most.
    Failures,
    /// What is slow most often.
    Slow,
    /// What mostly takes longest.
    P50,
    /// What takes longest.
    P99,
}

/// A method, over some time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) service: String,
    pub(super) method: String,
    pub(super) calls_per_s: f64,
    /// Not executed, or unknown.
    pub(super) failures_per_s: f64,
    pub(super) slow_per_s: f64,
    #[serde(rename = "p50Us")]
    pub(super) p50_us: f64,
    #[serde(rename = "p99Us")]
    pub(super) p99_us: f64,
}

impl Row {
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.service, self.method)
    }

    /// What of it stands in a column; nothing for its name.
    fn value(&self, column: Sort) -> f64 {
        match column {
            Sort::Name => 0.0,
            Sort::Calls => self.calls_per_s,
            Sort::Failures => self.failures_per_s,
            Sort::Slow => self.slow_per_s,
            Sort::P50 => self.p50_us,
            Sort::P99 => self.p99_us,
        }
    }
}

/// Those of the rows, which are in the order of their names, that have `filter` in theirs: by a column, the
/// largest first; `turned`, the other way round.
pub(super) fn arranged(rows: &[Row], sort: Sort, turned: bool, filter: &str) -> Vec<Row> {
    let is_asked = |row: &&Row| filter.is_empty() || row.name().contains(filter);
    let mut rows: Vec<Row> = rows.iter().filter(is_asked).cloned().collect();
    if turned {
        // What is equal stands by name, however it is turned.
        if sort == Sort::Name {
            rows.reverse();
        }
        rows.sort_by(|one, other| compared(one, other, sort));
    } else {
        rows.sort_by(|one, other| compared(other, one, sort));
    }
    rows
}

fn compared(one: &Row, other: &Row, sort: Sort) -> Ordering {
    one.value(sort).total_cmp(&other.value(sort))
}

/// What was counted of a method's calls.
#[derive(Default)]
struct Sums {
    calls: u64,
    failed: u64,
    slow: u64,
    times: BTreeMap<u64, u64>,
}

type Method<'a> = (&'a str, &'a str);

/// Of all methods, where they were made: adds what `snapshots` have, by `add`.
fn sum<'a>(
    sums: &mut BTreeMap<Method<'a>, Sums>,
    snapshots: &[&'a Snapshot],
    add: impl Fn(&mut u64, u64),
) {
    for snapshot in snapshots {
        for calls in snapshot.calls.iter().filter(|calls| calls.side == Side::Made) {
            let sums = sums.entry((&calls.service, &calls.method)).or_default();
            add(&mut sums.calls, calls.count);
            add(&mut sums.slow, calls.slow);
            if matches!(calls.outcome, Outcome::NotExecuted | Outcome::Unknown) {
                add(&mut sums.failed, calls.count);
            }
        }
        for times in snapshot.durations.iter().filter(|times| times.side == Side::Made) {
            let sums = sums.entry((&times.service, &times.method)).or_default();
            for (upper, count) in &times.buckets {
                add(sums.times.entry(*upper).or_default(), *count);
            }
        }
    }
}

/// What was called between these moments, by name. `seconds` lie between them.
pub(super) fn rows(before: &[Snapshot], now: &[Snapshot], seconds: f64) -> Vec<Row> {
    let is = |one: &Snapshot, other: &Snapshot| {
        one.unit == other.unit && one.started_us == other.started_us
    };
    // What a process had counted that said nothing before isn't known, unless it is as young as that.
    let young = |own: &Snapshot| own.at_us.saturating_sub(own.started_us) as f64 <= seconds * 1e6;
    let counts = |now: &&Snapshot| young(now) || before.iter().any(|before| is(before, now));
    let now: Vec<&Snapshot> = now.iter().filter(counts).collect();
    let before: Vec<&Snapshot> =
        before.iter().filter(|before| now.iter().any(|now| is(before, now))).collect();
    let mut sums = BTreeMap::new();
    sum(&mut sums, &now, |sum, count| *sum += count);
    sum(&mut sums, &before, |sum, count| *sum = sum.saturating_sub(count));
    let per_s = |count: u64| (count as f64 / seconds * 10.0).round() / 10.0;
    let rows = sums.into_iter().map(|((service, method), sums)| Row {
        service: service.to_owned(),
        method: method.to_owned(),
        calls_per_s: per_s(sums.calls),
        failures_per_s: per_s(sums.failed),
        slow_per_s: per_s(sums.slow),
        p50_us: quantile_us(&sums.times, 0.5),
        p99_us: quantile_us(&sums.times, 0.99),
    });
    rows.collect()
}

#[cfg(test)]
pub(super) mod tests {
    use seam_telemetry::{CallCount, Latency};

    use super::*;

    pub(in crate::command::seen::top) fn snapshot(
        unit: &str,
        started_us: u64,
        method: &str,
        count: u64,
    ) -> Snapshot {
        let (service, method) = ("order".to_owned(), method.to_owned());
        Snapshot {
            unit: unit.into(),
            started_us,
            calls: vec![CallCount {
                service: service.clone(),
                method: method.clone(),
                caller: "edge".into(),
                side: Side::Made,
                outcome: Outcome::Answered,
                code: String::new(),
                count,
                slow: 0,
            }],
            durations: vec![Latency {
                service,
                method,
                side: Side::Made,
                buckets: vec![(64_000, count)],
                sum: 0,
                exemplars: Vec::new(),
            }],
            ..Snapshot::default()
        }
    }

    #[test]
    fn what_is_called_most_stands_first() {
        let before = [snapshot("a", 1, "get", 100), snapshot("b", 1, "place", 1_000)];
        // `b` was killed, and began anew.
        let now = [snapshot("a", 1, "get", 110), snapshot("b", 2, "place", 4)];
        let rows = rows(&before, &now, 2.0);
        let names = |sort, turned, filter: &str| {
            let rows = arranged(&rows, sort, turned, filter).into_iter();
            rows.map(|row| (row.method, row.calls_per_s)).collect::<Vec<_>>()
        };
        let (get, place) = (("get".to_owned(), 5.0), ("place".to_owned(), 2.0));
        assert_eq!(names(Sort::Calls, false, "order"), [get.clone(), place.clone()]);
        assert_eq!(names(Sort::Calls, true, ""), [place.clone(), get.clone()]);
        assert_eq!(names(Sort::Name, false, ""), [get.clone(), place.clone()]);
        assert_eq!(names(Sort::Name, true, ""), [place.clone(), get.clone()]);
        // Equal ones stand by name.
        assert_eq!(names(Sort::P99, true, ""), [get, place.clone()]);
        assert_eq!(names(Sort::P99, false, "pla"), [place]);
    }
}
