//! Units that have counted a little of everything.

use seam_telemetry::{
    CallCount, Gauge, HttpCount, HttpLatency, Latency, LinkState, Outcome, ProcessUsage,
    ServiceGauges, Side, Snapshot,
};

/// The trace of the slowest call.
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// `front`, whose service `order` calls `payment`, and `pay`, where that runs.
pub(crate) fn units() -> [Snapshot; 2] {
    let made = [
        calls("payment", "charge", "order", Side::Made, Outcome::Answered, "", 3),
        calls("payment", "charge", "order", Side::Made, Outcome::Unknown, "caller_gone", 1),
        calls("order", "place", "edge", Side::Served, Outcome::Answered, "", 3),
        calls("order", "place", "edge", Side::Served, Outcome::ServiceError, "not_\"paid\"\\\n", 1),
    ];
    let served = [calls("payment", "charge", "order", Side::Served, Outcome::Answered, "", 4)];
    let front = Snapshot {
        unit: "front".into(),
        started_us: 1_700_000_000_000_000,
        at_us: 1_700_000_060_000_000,
        calls: made.into(),
        durations: vec![
            times("payment", "charge", Side::Made),
            times("order", "place", Side::Served),
        ],
        waits: vec![times("payment", "charge", Side::Made), times("order", "place", Side::Served)],
        http: vec![
            requests("/api/order", 201, 3),
            requests("/api/order", 0, 1),
            requests("", 404, 2),
        ],
        http_durations: vec![request_times("/api/order", 4), request_times("", 2)],
        services: vec![
            ServiceGauges {
                service: "order".into(),
                version: "1.0".into(),
                up: true,
                restarts: 0,
                in_flight: 2,
            },
            // Two majors of a service are one.
            ServiceGauges {
                service: "loyalty".into(),
                version: "1.0".into(),
                up: true,
                restarts: 1,
                in_flight: 1,
            },
            ServiceGauges {
                service: "loyalty".into(),
                version: "2.0".into(),
                up: false,
                restarts: 2,
                in_flight: 1,
            },
        ],
        ready: true,
        links: vec![LinkState { peer: "pay".into(), up: false }],
        unknown_open: 1,
        dropped: vec![Gauge { what: "spans".into(), value: 7 }],
        process: ProcessUsage {
            cpu_seconds: 1.5,
            resident_bytes: 1 << 24,
            open_fds: 33,
            threads: 9,
        },
    };
    let pay = Snapshot {
        unit: "pay".into(),
        started_us: 1_700_000_001_500_000,
        at_us: 1_700_000_060_000_000,
        calls: served.into(),
        durations: vec![times("payment", "charge", Side::Served)],
        waits: vec![times("payment", "charge", Side::Served)],
        ready: true,
        ..Snapshot::default()
    };
    [front, pay]
}

fn calls(
    service: &str,
    method: &str,
    caller: &str,
    side: Side,
    outcome: Outcome,
    code: &str,
    count: u64,
) -> CallCount {
    let (service, method, caller) = (service.into(), method.into(), caller.into());
    CallCount { service, method, caller, side, outcome, code: code.into(), count, slow: count / 3 }
}

/// Four: two within 32.768 µs, one within 524.288 µs, one of 40 s.
fn times(service: &str, method: &str, side: Side) -> Latency {
    Latency {
        service: service.into(),
        method: method.into(),
        side,
        buckets: vec![(20_480, 1), (32_768, 1), (491_520, 1), (42_949_672_960, 1)],
        sum: 40_000_500_000,
        exemplars: vec![
            (20_480, "ab".repeat(16), 20_000),
            (42_949_672_960, TRACE.into(), 40_000_000_000),
        ],
    }
}

fn requests(route: &str, status: u16, count: u64) -> HttpCount {
    HttpCount { method: "POST".into(), route: route.into(), status, count }
}

fn request_times(route: &str, count: u64) -> HttpLatency {
    let buckets = vec![(1 << 20, count)];
    HttpLatency { method: "POST".into(), route: route.into(), buckets, sum: count * 1_000_000 }
}
