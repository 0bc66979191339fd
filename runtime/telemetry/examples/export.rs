//! Sends a collector a little of everything, and says what of it didn't get there:
//!
//! ```text
//! cargo run -p seam-telemetry --example export -- http://127.0.0.1:4318
//! ```
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::{env, error::Error, time::Duration};

use seam_telemetry::{
    CallCount, Latency, Outcome, Side, Snapshot, Span,
    otlp::{Drops, Endpoint, Exporter, Headers, Settings},
};

fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = env::args().nth(1).ok_or("say where: http://127.0.0.1:4318")?;
    let headers = env::var("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
    let settings = Settings {
        endpoint: Endpoint::parse(&endpoint)?,
        headers: Headers::parse_list(&headers)?,
        app: "shop".into(),
        unit: "pay".into(),
    };
    let drops = Drops::default();
    let exporter = Exporter::start(settings, drops.clone(), counted)?;
    exporter.spans(vec![Span {
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
        span_id: "00f067aa0ba902b7".into(),
        unit: "pay".into(),
        service: "payment".into(),
        method: "charge".into(),
        caller: "order".into(),
        start_us: 1_700_000_000_000_000,
        took_us: 2_500,
        ..Span::default()
    }]);
    exporter.lines(vec![
        r#"{"timestamp":"2023-11-14T22:13:20Z","level":"INFO","message":"charged","service":"payment"}"#
            .into(),
    ]);
    exporter.end(Duration::from_secs(2));
    for dropped in drops.gauges() {
        println!("{}: {} dropped", dropped.what, dropped.value);
    }
    Ok(())
}

fn counted() -> Snapshot {
    Snapshot {
        unit: "pay".into(),
        started_us: 1_700_000_000_000_000,
        at_us: 1_700_000_060_000_000,
        calls: vec![CallCount {
            service: "payment".into(),
            method: "charge".into(),
            caller: "order".into(),
            side: Side::Served,
            outcome: Outcome::Answered,
            code: String::new(),
            count: 3,
            slow: 0,
        }],
        durations: vec![Latency {
            service: "payment".into(),
            method: "charge".into(),
            side: Side::Served,
            buckets: vec![(1 << 20, 3)],
            sum: 3_000_000,
            exemplars: Vec::new(),
        }],
        ready: true,
        ..Snapshot::default()
    }
}
