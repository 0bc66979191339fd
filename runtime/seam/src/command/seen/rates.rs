//! How much units call each other now: by what they had counted some seconds ago.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use seam_telemetry::{Outcome, Side, Snapshot};

/// Over so long.
const WINDOW: Duration = Duration::from_secs(10);

/// Who calls, and who is called.
type Edge = (String, String);

/// How much one service calls another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::command) struct Rate {
    pub(in crate::command) calls_per_s: f64,
    /// Not executed, or unknown: errors of a service are answers.
    pub(in crate::command) failures_per_s: f64,
    /// Of all calls of that service in the caller's units, in microseconds; 0 of none.
    pub(in crate::command) p50_us: f64,
    pub(in crate::command) p99_us: f64,
}

/// How much is called now.
#[derive(Debug, Default)]
pub(in crate::command) struct Now(BTreeMap<Edge, Rate>);

impl Now {
    /// How much one service calls another.
    pub(in crate::command) fn calls(&self, from: &str, to: &str) -> Rate {
        self.0.get(&(from.to_owned(), to.to_owned())).copied().unwrap_or_default()
    }

    /// How much these methods of a service are called, whoever does; the longest times of any.
    pub(in crate::command) fn of<'m>(
        &self,
        service: &str,
        methods: impl Iterator<Item = &'m str>,
    ) -> Rate {
        let found = methods.filter_map(|own| self.0.get(&method(service, own)));
        found.fold(Rate::default(), |sum, own| Rate {
            calls_per_s: sum.calls_per_s + own.calls_per_s,
            failures_per_s: sum.failures_per_s + own.failures_per_s,
            p50_us: sum.p50_us.max(own.p50_us),
            p99_us: sum.p99_us.max(own.p99_us),
        })
    }
}

/// What units had counted at several moments of the last seconds.
#[derive(Debug, Default)]
pub(in crate::command) struct Rates(Mutex<BTreeMap<String, VecDeque<Moment>>>);

/// What a unit had counted of the calls that it made.
#[derive(Debug)]
struct Moment {
    at: Instant,
    started_us: u64,
    calls: BTreeMap<Edge, Calls>,
    /// Of each service that was called, and of each method: how many took how long.
    times: BTreeMap<String, BTreeMap<u64, u64>>,
}

/// Under which a method's calls stand, whoever made them: nobody, and the method.
fn method(service: &str, method: &str) -> Edge {
    (String::new(), format!("{service}.{method}"))
}

#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    all: u64,
    failed: u64,
}

impl Rates {
    /// This is counted now.
    pub(in crate::command) fn add(&self, snapshots: &[Snapshot], now: Instant) {
        let mut units = self.0.lock();
        for snapshot in snapshots {
            let moments = units.entry(snapshot.unit.clone()).or_default();
            // Another process of that unit counts from nothing.
            moments.retain(|moment| moment.started_us == snapshot.started_us);
            if moments.is_empty() {
                let lived =
                    Duration::from_micros(snapshot.at_us.saturating_sub(snapshot.started_us));
                // One that is as young as that had counted nothing when it began.
                if let Some(at) = now.checked_sub(lived).filter(|_| lived < WINDOW) {
                    moments.push_back(Moment::begin(snapshot, at));
                }
            }
            moments.push_back(Moment::of(snapshot, now));
            // One is as old as the window, or older.
            while moments.get(1).is_some_and(|next| now.duration_since(next.at) >= WINDOW) {
                moments.pop_front();
            }
        }
        units.retain(|_, moments| {
            moments.back().is_some_and(|last| now.duration_since(last.at) < WINDOW)
        });
    }

    /// How much is called now, where anything is.
    pub(in crate::command) fn now(&self) -> Now {
        Now(self.edges())
    }

    fn edges(&self) -> BTreeMap<Edge, Rate> {
        let mut all: BTreeMap<Edge, (Rate, BTreeMap<u64, u64>)> = BTreeMap::new();
        for moments in self.0.lock().values() {
            let (Some(first), Some(last)) = (moments.front(), moments.back()) else { continue };
            let seconds = last.at.duration_since(first.at).as_secs_f64();
            if seconds <= 0.0 {
                continue;
            }
            for (edge, calls) in &last.calls {
                let before = first.calls.get(edge).copied().unwrap_or_default();
                let made = calls.all.saturating_sub(before.all);
                if made == 0 {
                    continue;
                }
                let (rate, times) = all.entry(edge.clone()).or_default();
                rate.calls_per_s += made as f64 / seconds;
                rate.failures_per_s += calls.failed.saturating_sub(before.failed) as f64 / seconds;
                for (upper, count) in last.times.get(&edge.1).into_iter().flatten() {
                    let before = first.times.get(&edge.1).and_then(|times| times.get(upper));
                    *times.entry(*upper).or_default() +=
                        count.saturating_sub(*before.unwrap_or(&0));
                }
            }
        }
        let rate = |(edge, (rate, times))| {
            let (p50_us, p99_us) = (quantile_us(&times, 0.5), quantile_us(&times, 0.99));
            (edge, Rate { p50_us, p99_us, ..rate })
        };
        all.into_iter().map(rate).collect()
    }
}

impl Moment {
    fn begin(snapshot: &Snapshot, at: Instant) -> Self {
        Self { at, started_us: snapshot.started_us, calls: BTreeMap::new(), times: BTreeMap::new() }
    }

    fn of(snapshot: &Snapshot, at: Instant) -> Self {
        let mut moment = Self::begin(snapshot, at);
        for calls in snapshot.calls.iter().filter(|calls| calls.side == Side::Made) {
            let edge = (calls.caller.clone(), calls.service.clone());
            for edge in [edge, method(&calls.service, &calls.method)] {
                let sum = moment.calls.entry(edge).or_default();
                sum.all += calls.count;
                if matches!(calls.outcome, Outcome::NotExecuted | Outcome::Unknown) {
                    sum.failed += calls.count;
                }
            }
        }
        for times in snapshot.durations.iter().filter(|times| times.side == Side::Made) {
            let (_, method) = method(&times.service, &times.method);
            for callee in [times.service.clone(), method] {
                let sums = moment.times.entry(callee).or_default();
                for (upper, count) in &times.buckets {
                    *sums.entry(*upper).or_default() += count;
                }
            }
        }
        moment
    }
}

/// Of how many took how long, in nanoseconds: the time that a share of them took at most.
pub(in crate::command) fn quantile_us(times: &BTreeMap<u64, u64>, share: f64) -> f64 {
    let all: u64 = times.values().sum();
    let rank = ((all as f64 * share).ceil() as u64).max(1);
    let mut sum = 0;
    let found = times.iter().find(|(_, count)| {
        sum += **count;
        sum >= rank
    });
    found.map_or(0.0, |(upper, _)| *upper as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use seam_telemetry::{CallCount, Latency};

    use super::*;

    fn snapshot(started_us: u64, count: u64, unknown: u64) -> Snapshot {
        let call = |outcome, count| CallCount {
            service: "payment".into(),
            method: "charge".into(),
            caller: "order".into(),
            side: Side::Made,
            outcome,
            code: String::new(),
            count,
            slow: 0,
        };
        let times = Latency {
            service: "payment".into(),
            method: "charge".into(),
            side: Side::Made,
            buckets: vec![(1_000, count), (1_000_000, unknown)],
            sum: 0,
            exemplars: Vec::new(),
        };
        Snapshot {
            unit: "front".into(),
            started_us,
            at_us: 100_000_000,
            calls: vec![call(Outcome::Answered, count), call(Outcome::Unknown, unknown)],
            durations: vec![times],
            ..Snapshot::default()
        }
    }

    fn order(rates: &Rates) -> Option<Rate> {
        let now = rates.now();
        let rate = now.calls("order", "payment");
        assert_eq!(now.of("payment", ["charge", "other"].into_iter()), rate);
        (rate != Rate::default()).then_some(rate)
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let (rates, began) = (Rates::default(), Instant::now());
        let add = |second: u64, snapshot: Snapshot| {
            rates.add(&[snapshot], began + Duration::from_secs(second));
        };
        add(0, snapshot(1, 1_000, 0));
        assert_eq!(order(&rates), None, "nobody knows when these were");
        add(2, snapshot(1, 1_020, 0));
        assert_eq!(order(&rates).unwrap().calls_per_s, 10.0);
        add(12, snapshot(1, 1_070, 50));
        let rate = order(&rates).unwrap();
        assert_eq!((rate.calls_per_s, rate.failures_per_s), (10.0, 5.0));
        assert_eq!((rate.p50_us, rate.p99_us), (1.0, 1_000.0));
        add(30, snapshot(1, 1_070, 50));
        assert_eq!(order(&rates), None, "nobody calls any more");
    }

    #[test]
    fn a_process_that_began_just_now_had_counted_nothing() {
        let (rates, now) = (Rates::default(), Instant::now());
        rates.add(&[snapshot(1, 5_000, 0)], now);
        rates.add(&[snapshot(98_000_000, 20, 0)], now + Duration::from_secs(4));
        assert_eq!(order(&rates).unwrap().calls_per_s, 10.0);
    }
}
