//! What guards calls to a service: `[calls]`, `[services.NAME.calls]`, `[services.NAME.breaker]`.

use std::ops::RangeInclusive;

use seam_core::call::CallPolicy;
use seam_core::policy::{Balance, BreakerSettings};

use super::{load::positive, reader::Reader, types::AllowedCaller, value::Choice};

/// More attempts than this help nobody.
const MOST_ATTEMPTS: u32 = 10;

impl Choice for Balance {
    const ALL: &'static [(&'static str, Self)] = &[
        ("p2c", Self::P2c),
        ("round_robin", Self::RoundRobin),
        ("random", Self::Random),
        ("least", Self::Least),
        ("hash", Self::Hash),
    ];
}

/// Reads a policy; what isn't said is as in `default`.
pub(super) fn read_policy(reader: &mut Reader<'_>, default: CallPolicy) -> CallPolicy {
    CallPolicy {
        attempts: number(reader, "attempts", default.attempts, 1..=MOST_ATTEMPTS),
        retry_budget: reader.within("retry_budget", default.retry_budget, 0.0..=10.0),
        retry_floor: number(reader, "retry_floor", default.retry_floor, 0..=1_000_000),
        in_flight: number(reader, "in_flight", default.in_flight, 1..=1_000_000),
        rate: number(reader, "rate", default.rate, 0..=1_000_000_000),
        wait: reader.value("wait", default.wait),
        slow: reader.checked("slow", default.slow, positive),
    }
}

fn number(
    reader: &mut Reader<'_>,
    key: &'static str,
    default: u32,
    range: RangeInclusive<u32>,
) -> u32 {
    let range = (*range.start()).into()..=(*range.end()).into();
    // No wider than it was.
    u32::try_from(reader.within::<u64>(key, default.into(), range)).unwrap_or(default)
}

/// Reads `[services.NAME.breaker]`; also whose calls find it open.
pub(super) fn read_breaker(mut reader: Reader<'_>) -> (BreakerSettings, Vec<AllowedCaller>) {
    let default = BreakerSettings::default();
    let breaker = BreakerSettings {
        failures: number(&mut reader, "failures", default.failures, 0..=1_000_000),
        success: reader.within("success", default.success, 0.0..=1.0),
        window: reader.checked("window", default.window, positive),
        open: reader.checked("open", default.open, positive),
        longest: reader.checked("longest", default.longest, positive),
    };
    let refuse: Vec<String> = reader.value("refuse", Vec::new());
    reader.finish();
    (breaker, refuse.iter().map(|name| AllowedCaller::of(name)).collect())
}
