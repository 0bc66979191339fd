//! What a unit has counted, as it is told to others.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seam_core::metrics::{Counted, Ended, Meters, Times, Way};
use seam_core::name::ServiceId;
use seam_gateway::CountedRequests;
use seam_telemetry::{
    CallCount, Gauge, HttpCount, HttpLatency, Latency, LinkState, Outcome, ServiceGauges, Side,
    Snapshot,
};
use tokio::time::timeout;

use super::ledger::Ledger;
use super::parts::Parts;
use super::process;

/// How long services may take to say how they are, before they aren't ready.
const READY: Duration = Duration::from_millis(250);

/// Service, method, caller, side, outcome and code.
type CallKey = (String, String, String, Side, Outcome, String);
/// Service, method and side.
type TimesKey = (String, String, Side);

/// Sums of calls, by what they are told apart by.
#[derive(Default)]
struct Sums {
    /// How many, and how many of those were slow.
    calls: BTreeMap<CallKey, (u64, u64)>,
    times: BTreeMap<TimesKey, Times>,
    waits: BTreeMap<TimesKey, Times>,
}

impl Sums {
    fn add(&mut self, service: &str, counted: &Counted) {
        let sides: &[Side] = match counted.way {
            Way::Near => &[Side::Made, Side::Served],
            Way::Made | Way::Far => &[Side::Made],
            Way::Served => &[Side::Served],
        };
        let (method, caller) = (counted.method, counted.caller.label());
        for side in sides {
            for (ended, code, count, slow) in &counted.sums {
                let key = (
                    service.to_owned(),
                    method.to_owned(),
                    caller.to_owned(),
                    *side,
                    outcome(*ended),
                    code.clone().into_owned(),
                );
                let sum = self.calls.entry(key).or_default();
                sum.0 += count;
                sum.1 += slow;
            }
            let key = || (service.to_owned(), method.to_owned(), *side);
            self.times.entry(key()).or_default().add(&counted.times);
            // Who made a call doesn't know how long it waited elsewhere.
            if *side == Side::Served {
                self.waits.entry(key()).or_default().add(&counted.waits);
            }
        }
    }
}

const fn outcome(ended: Ended) -> Outcome {
    match ended {
        Ended::Answered => Outcome::Answered,
        Ended::ServiceError => Outcome::ServiceError,
        Ended::NotExecuted => Outcome::NotExecuted,
        Ended::Unknown => Outcome::Unknown,
    }
}

fn latencies(times: BTreeMap<TimesKey, Times>) -> Vec<Latency> {
    let latency = |((service, method, side), times): (TimesKey, Times)| Latency {
        service,
        method,
        side,
        buckets: times.buckets().collect(),
        sum: times.sum(),
        exemplars: Vec::new(),
    };
    times.into_iter().map(latency).collect()
}

impl Parts {
    /// What was counted here until now.
    pub(super) async fn counted(&self) -> Snapshot {
        // Services may take their time to say how they are.
        let ready = timeout(READY, self.ready()).await.is_ok_and(|ready| ready.is_ok());
        let mut sums = Sums::default();
        let mut add = |id: ServiceId, meters: &Meters| {
            meters.counted().iter().for_each(|counted| sums.add(id.bare(), counted));
        };
        for (id, open) in &self.hosting.opened {
            open.meters().iter().for_each(|meters| add(*id, meters));
        }
        self.plug.each_meters(&mut add);
        let Sums { calls, times, waits } = sums;
        let mut durations = latencies(times);
        self.recording.add_exemplars(&mut durations);
        let calls = calls.into_iter().map(
            |((service, method, caller, side, outcome, code), (count, slow))| CallCount {
                service,
                method,
                caller,
                side,
                outcome,
                code,
                count,
                slow,
            },
        );
        let requests = self.edge.lock().as_ref().map(|edge| edge.requests()).unwrap_or_default();
        let residents = self.residents();
        let services = residents.iter().map(|resident| resident.status()).map(|status| {
            let up = matches!(status.state.as_str(), "running" | "standby");
            ServiceGauges {
                service: status.service,
                version: status.version,
                up,
                restarts: status.restarts,
                in_flight: status.in_flight,
            }
        });
        Snapshot {
            unit: self.layout().process(),
            started_us: self.began_us,
            at_us: unix_micros(),
            calls: calls.collect(),
            durations,
            waits: latencies(waits),
            http: requests.iter().flat_map(http_counts).collect(),
            http_durations: requests.iter().map(http_latency).collect(),
            services: services.collect(),
            ready,
            links: self
                .links
                .peers()
                .into_iter()
                .map(|(peer, up)| LinkState { peer, up })
                .collect(),
            unknown_open: self.ledger.as_ref().map_or(0, Ledger::open),
            dropped: self.dropped(),
            process: process::usage(),
        }
    }
}

impl Parts {
    /// What there was no room for, also where that is nothing.
    fn dropped(&self) -> Vec<Gauge> {
        let spans = Gauge { what: "spans".into(), value: self.recording.dropped() };
        let unwritten = self.ledger.as_ref().map_or(0, Ledger::dropped);
        let ledger = Gauge { what: "ledger".into(), value: unwritten };
        let tap = Gauge { what: "tap".into(), value: self.recording.tapping().dropped() };
        [spans, ledger, tap].into_iter().chain(self.exporting.dropped()).collect()
    }
}

/// This moment, in microseconds since 1970.
pub(super) fn unix_micros() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

fn http_counts(counted: &CountedRequests) -> impl Iterator<Item = HttpCount> {
    counted.statuses.iter().map(|(status, count)| HttpCount {
        method: counted.verb.to_owned(),
        route: counted.route.to_string(),
        status: *status,
        count: *count,
    })
}

fn http_latency(counted: &CountedRequests) -> HttpLatency {
    HttpLatency {
        method: counted.verb.to_owned(),
        route: counted.route.to_string(),
        buckets: counted.times.buckets().collect(),
        sum: counted.times.sum(),
    }
}
