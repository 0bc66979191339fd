//! From what units have counted to metrics.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    catalogue::{
        CALL_DURATION, CALL_WAIT, CALLS, CPU, DROPPED, HTTP_REQUEST_DURATION, HTTP_REQUESTS,
        IN_FLIGHT, LINK_UP, METRICS, Metric, OPEN_FDS, RESIDENT_MEMORY, RESTARTS, SERVICE_UP,
        SLOW_CALLS, START_TIME, THREADS, UNIT_READY, UNKNOWN_OPEN,
    },
    family::Family,
};
use crate::{Gauge, Side, Snapshot};

/// All metrics of these units, in the order of [`METRICS`]; those that nothing is known of are empty.
///
/// What has the same labels is one: counts are added, and what isn't so for one isn't so. `dropped` is what
/// processes that are no units have dropped, each with its name.
pub fn families<'a>(snapshots: &'a [Snapshot], dropped: &'a [(String, Gauge)]) -> Vec<Family<'a>> {
    let mut families = Families(BTreeMap::new());
    for snapshot in snapshots {
        families.calls(snapshot);
        families.requests(snapshot);
        families.states(snapshot);
        families.process(snapshot);
    }
    for (process, dropped) in dropped {
        families.of(DROPPED).count([process, &dropped.what], dropped.value);
    }
    let mut found = families.0;
    let family = |metric: &Metric| found.remove(metric.name).unwrap_or(Family::new(*metric));
    METRICS.iter().map(family).collect()
}

/// By their names.
struct Families<'a>(BTreeMap<&'static str, Family<'a>>);

impl<'a> Families<'a> {
    fn of(&mut self, metric: Metric) -> &mut Family<'a> {
        self.0.entry(metric.name).or_insert_with(|| Family::new(metric))
    }

    fn calls(&mut self, snapshot: &'a Snapshot) {
        let unit = snapshot.unit.as_str();
        for calls in &snapshot.calls {
            let (service, method) = (calls.service.as_str(), calls.method.as_str());
            let (caller, side) = (calls.caller.as_str(), calls.side.as_str());
            let (outcome, code) = (calls.outcome.as_str(), calls.code.as_str());
            let labels = [unit, service, method, caller, side, outcome, code];
            self.of(CALLS).count(labels, calls.count);
            self.of(SLOW_CALLS).count([unit, service, method, caller, side], calls.slow);
        }
        for (metric, all) in [(CALL_DURATION, &snapshot.durations), (CALL_WAIT, &snapshot.waits)] {
            for times in all {
                let labels = [unit, &times.service, &times.method, times.side.as_str()];
                self.of(metric).times(labels, &times.buckets, times.sum, &times.exemplars);
            }
        }
    }

    fn requests(&mut self, snapshot: &'a Snapshot) {
        let unit = snapshot.unit.as_str();
        for requests in &snapshot.http {
            let labels = [unit, &requests.method, &requests.route].map(Cow::Borrowed);
            let status = Cow::Owned(requests.status.to_string());
            self.of(HTTP_REQUESTS).counted([&labels[..], &[status]].concat(), requests.count);
        }
        for times in &snapshot.http_durations {
            let labels = [unit, &times.method, &times.route];
            self.of(HTTP_REQUEST_DURATION).times(labels, &times.buckets, times.sum, &[]);
        }
    }

    fn states(&mut self, snapshot: &'a Snapshot) {
        let unit = snapshot.unit.as_str();
        for service in &snapshot.services {
            let labels = [unit, service.service.as_str()];
            self.of(IN_FLIGHT).count(labels, service.in_flight);
            self.of(RESTARTS).count(labels, service.restarts);
            self.of(SERVICE_UP).flag(labels, service.up);
        }
        self.of(UNIT_READY).flag([unit], snapshot.ready);
        for link in &snapshot.links {
            self.of(LINK_UP).flag([unit, &link.peer], link.up);
        }
        self.of(UNKNOWN_OPEN).count([unit], snapshot.unknown_open);
        for dropped in &snapshot.dropped {
            self.of(DROPPED).count([unit, &dropped.what], dropped.value);
        }
    }

    fn process(&mut self, snapshot: &'a Snapshot) {
        let (unit, process) = ([snapshot.unit.as_str()], &snapshot.process);
        self.of(CPU).measure(unit, process.cpu_seconds);
        self.of(RESIDENT_MEMORY).count(unit, process.resident_bytes);
        self.of(OPEN_FDS).count(unit, process.open_fds);
        self.of(THREADS).count(unit, process.threads);
        self.of(START_TIME).measure(unit, snapshot.started_us as f64 / 1e6);
    }
}

impl Side {
    /// As JSON and metrics have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Served => "served",
        }
    }
}
