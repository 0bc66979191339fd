//! What a collector gets, and what becomes of it if there is none.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{
        AggregationTemporality, Metric as Told, metric::Data, number_data_point::Value as Number,
    },
    resource::v1::Resource,
    trace::v1::{Span as Sent, span::SpanKind as Kind, status::StatusCode},
};
use seam_telemetry::{
    Http, Link, Outcome, Span, SpanKind,
    metrics::METRICS,
    otlp::{Drops, Endpoint, Export, Exporter, Headers, Settings},
};

use crate::{
    collector::{Collector, Reply},
    sample::{TRACE, units},
};

/// Long enough for everything, if nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

fn settings(url: &str) -> Settings {
    Settings {
        endpoint: Endpoint::parse(url).unwrap(),
        headers: Headers::parse_list("api-key=mine").unwrap(),
        app: "shop".into(),
        unit: "front".into(),
    }
}

fn exporter(url: &str, drops: &Drops) -> Exporter {
    Exporter::start(settings(url), drops.clone(), || units()[0].clone()).unwrap()
}

/// Spans, metrics, log lines.
fn dropped(drops: &Drops) -> [u64; 3] {
    let gauges = drops.gauges();
    let names: Vec<_> = gauges.iter().map(|gauge| &*gauge.what).collect();
    assert_eq!(names, ["otlp_spans", "otlp_metrics", "otlp_log_lines"]);
    [0, 1, 2].map(|at| gauges[at].value)
}

fn span(id: &str, parent: Option<&str>, service: &str, method: &str) -> Span {
    Span {
        trace_id: TRACE.into(),
        span_id: id.into(),
        parent_id: parent.map(str::to_owned),
        unit: "front".into(),
        service: service.into(),
        method: method.into(),
        start_us: 1_700_000_000_000_000,
        took_us: 2_500,
        ..Span::default()
    }
}

/// A request that calls `order`, which calls `payment` in another unit.
fn request() -> Vec<Span> {
    let http = Http {
        method: "POST".into(),
        route: Some("/api/order".into()),
        path: "/api/order".into(),
        status: 503,
    };
    vec![
        Span {
            http: Some(http),
            outcome: Outcome::Unknown,
            code: Some("timeout".into()),
            ..span("00f067aa0ba90201", Some("00f067aa0ba902b7"), "edge", "POST /api/order")
        },
        Span {
            caller: "edge".into(),
            outcome: Outcome::ServiceError,
            code: Some("not_charged".into()),
            link: Some(Link { trace_id: "ab".repeat(16), span_id: "cd".repeat(8) }),
            ..span("00f067aa0ba90202", Some("00f067aa0ba90201"), "order", "place")
        },
        Span {
            kind: SpanKind::Client,
            caller: "order".into(),
            outcome: Outcome::Unknown,
            code: Some("timeout".into()),
            wait_us: 7,
            ..span("00f067aa0ba90203", Some("00f067aa0ba90202"), "payment", "charge")
        },
    ]
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => panic!("{other:?}"),
    }
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let all: BTreeMap<_, _> =
        pairs.iter().map(|pair| (pair.key.clone(), text(pair.value.as_ref()))).collect();
    assert_eq!(all.len(), pairs.len(), "a key stands there twice");
    all
}

/// The service that a resource is; it is the unit's and the app's.
fn service(resource: Option<&Resource>) -> String {
    let mut all = attributes(&resource.unwrap().attributes);
    assert_eq!(all.remove("service.namespace").unwrap(), "shop");
    assert_eq!(all.remove("service.instance.id").unwrap(), "front");
    let service = all.remove("service.name").unwrap();
    assert!(all.is_empty(), "{all:?}");
    service
}

fn pairs<const N: usize>(all: [(&str, &str); N]) -> BTreeMap<String, String> {
    all.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn spans_arrive_as_a_tree_of_services() {
    let (collector, drops) = (Collector::start(&[Reply::Ok]), Drops::default());
    let exporter = exporter(&collector.url, &drops);
    let nameless = Span { trace_id: "0".repeat(32), ..span("00f067aa0ba90204", None, "a", "b") };
    exporter.spans([request(), vec![nameless]].concat());
    let received = collector.next();
    assert_eq!(received.path, "/v1/traces");
    for line in ["content-type: application/x-protobuf", "content-encoding: gzip", "api-key: mine"]
    {
        assert!(received.head.contains(&format!("{line}\r\n")), "{}", received.head);
    }
    let sent = received.traces();
    let mut spans: BTreeMap<String, (String, Sent)> = BTreeMap::new();
    for resource in sent.resource_spans {
        let service = service(resource.resource.as_ref());
        for scope in resource.scope_spans {
            assert_eq!(scope.scope.unwrap().name, "seam");
            let named = |span: Sent| (format!("{service} {}", span.name), (service.clone(), span));
            spans.extend(scope.spans.into_iter().map(named));
        }
    }
    let names: Vec<_> = spans.keys().map(String::as_str).collect();
    // The call is the caller's, where it was made.
    assert_eq!(names, ["edge POST /api/order", "order order/place", "order payment/charge"]);
    let [edge, place, charge] =
        ["edge POST /api/order", "order order/place", "order payment/charge"]
            .map(|name| spans[name].1.clone());
    assert_eq!(
        [&edge, &place, &charge].map(|span| span.kind()),
        [Kind::Server, Kind::Server, Kind::Client]
    );
    assert_eq!((&place.parent_span_id, &charge.parent_span_id), (&edge.span_id, &place.span_id));
    assert_eq!(edge.parent_span_id, [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
    assert_eq!(edge.trace_id[..4], [0x4b, 0xf9, 0x2f, 0x35]);
    assert_eq!(edge.start_time_unix_nano, 1_700_000_000_000_000_000);
    assert_eq!(edge.end_time_unix_nano - edge.start_time_unix_nano, 2_500_000);
    assert_eq!(place.links[0].trace_id, [0xab; 16]);
    assert_eq!(place.links[0].span_id, [0xcd; 8]);
    // A service's error is none of its server's, but of who called.
    let status =
        |span: &Sent| span.status.as_ref().map(|status| (status.code(), status.message.clone()));
    assert_eq!(status(&edge), Some((StatusCode::Error, String::new())));
    assert_eq!(status(&place), None);
    assert_eq!(status(&charge), Some((StatusCode::Error, "timeout".into())));
    assert_eq!(
        attributes(&edge.attributes),
        pairs([
            ("http.request.method", "POST"),
            ("http.route", "/api/order"),
            ("url.path", "/api/order"),
            ("http.response.status_code", "503"),
            ("error.type", "timeout"),
            ("seam.unit", "front"),
            ("seam.outcome", "unknown"),
            ("seam.code", "timeout"),
            ("seam.wait_us", "0"),
        ])
    );
    assert_eq!(
        attributes(&charge.attributes),
        pairs([
            ("rpc.system.name", "seam"),
            ("rpc.method", "payment/charge"),
            ("rpc.status_code", "timeout"),
            ("error.type", "timeout"),
            ("seam.unit", "front"),
            ("seam.caller", "order"),
            ("seam.outcome", "unknown"),
            ("seam.code", "timeout"),
            ("seam.wait_us", "7"),
        ])
    );
    assert_eq!(dropped(&drops), [1, 0, 0]);
}

#[test]
fn metrics_are_sent_once_more_at_the_end() {
    let (collector, drops) = (Collector::start(&[Reply::Ok]), Drops::default());
    exporter(&collector.url, &drops).end(PATIENCE);
    let sent = collector.next_to("/v1/metrics").metrics();
    assert_eq!(collector.others(), 0);
    let mut all: BTreeMap<(String, String), Told> = BTreeMap::new();
    for resource in sent.resource_metrics {
        let service = service(resource.resource.as_ref());
        let metrics = resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
        all.extend(metrics.map(|metric| ((service.clone(), metric.name.clone()), metric)));
    }
    let metric = |service: &str, name: &str| {
        all[&(service.to_owned(), name.to_owned())].data.clone().unwrap()
    };

    let Data::Sum(calls) = metric("payment", "seam.calls") else { panic!("no sum") };
    assert!(calls.is_monotonic);
    assert_eq!(calls.aggregation_temporality(), AggregationTemporality::Cumulative);
    assert_eq!(calls.data_points[0].value, Some(Number::AsInt(3)));
    assert_eq!(calls.data_points[0].start_time_unix_nano, 1_700_000_000_000_000_000);
    assert_eq!(calls.data_points[0].time_unix_nano, 1_700_000_060_000_000_000);
    let labels = attributes(&calls.data_points[0].attributes);
    assert_eq!(
        labels,
        pairs([
            ("unit", "front"),
            ("service", "payment"),
            ("method", "charge"),
            ("caller", "order"),
            ("side", "made"),
            ("outcome", "answered"),
            ("code", ""),
        ])
    );

    let Data::Histogram(took) = metric("payment", "seam.call.duration") else {
        panic!("no histogram")
    };
    assert_eq!(took.aggregation_temporality(), AggregationTemporality::Cumulative);
    let point = &took.data_points[0];
    assert_eq!((point.count, point.sum), (4, Some(40.0005)));
    assert_eq!((point.bucket_counts.len(), point.explicit_bounds.len()), (23, 22));
    assert_eq!((point.bucket_counts[1], point.explicit_bounds[1]), (2, 0.000_032_768));
    assert_eq!(point.bucket_counts.iter().sum::<u64>(), 4);
    assert!(point.exemplars.iter().any(|exemplar| exemplar.trace_id[..2] == [0x4b, 0xf9]));

    let Data::Gauge(up) = metric("loyalty", "seam.service.up") else { panic!("no gauge") };
    assert_eq!(up.data_points[0].value, Some(Number::AsInt(0)));
    let Data::Sum(cpu) = metric("shop", "process.cpu") else { panic!("no sum") };
    assert_eq!(cpu.data_points[0].value, Some(Number::AsDouble(1.5)));
    assert!(matches!(metric("edge", "seam.http.request.duration"), Data::Histogram(_)));
    let told: BTreeSet<_> = all.keys().map(|(_, name)| name.as_str()).collect();
    assert_eq!(told, METRICS.iter().map(|metric| metric.otlp).collect());
}

#[test]
fn prometheus_makes_the_same_names_of_them() {
    // As its receiver for OTLP does: letters, then the unit, then what a counter ends with.
    for metric in METRICS {
        let mut name = metric.otlp.replace('.', "_");
        name += match metric.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            unit => {
                assert!(unit.is_empty() || unit.starts_with('{'), "{unit}");
                ""
            }
        };
        if metric.kind == seam_telemetry::metrics::Kind::Counter {
            name += "_total";
        }
        assert_eq!(name, metric.name);
    }
}

#[test]
fn lines_of_the_log_keep_their_fields_and_their_trace() {
    let (collector, drops) = (Collector::start(&[Reply::Ok]), Drops::default());
    let exporter = exporter(&collector.url, &drops);
    let line = format!(
        r#"{{"timestamp":"2023-11-14T22:13:20.000001Z","level":"WARN","message":"not charged",
        "trace_id":"{TRACE}","span_id":"00f067aa0ba90202","service":"order","method":"place",
        "unit":"front","instance":1,"order":7,"share":0.5,"paid":false,"items":[1,"a"],"none":null}}"#
    );
    exporter.lines(vec![line, "no object".into()]);
    let sent = collector.next().logs();
    let mut records = BTreeMap::new();
    for resource in sent.resource_logs {
        let service = service(resource.resource.as_ref());
        let all = resource.scope_logs.into_iter().flat_map(|scope| scope.log_records);
        records.extend(all.map(|record| (service.clone(), record)));
    }
    let record = &records["order"];
    assert_eq!(record.time_unix_nano, 1_700_000_000_000_001_000);
    assert_eq!((record.severity_number, &*record.severity_text), (13, "WARN"));
    assert_eq!(text(record.body.as_ref()), "not charged");
    assert_eq!(record.trace_id[..2], [0x4b, 0xf9]);
    assert_eq!(record.span_id[6..], [0x02, 0x02]);
    assert_eq!(
        attributes(&record.attributes),
        pairs([
            ("method", "place"),
            ("order", "7"),
            ("share", "0.5"),
            ("paid", "false"),
            ("items", "[1,\"a\"]"),
            ("none", ""),
        ])
    );
    assert_eq!(text(records["shop"].body.as_ref()), "no object");
    assert_eq!(dropped(&drops), [0, 0, 0]);
}

#[test]
fn what_cannot_be_taken_now_is_sent_again_when_it_is_asked_for() {
    let replies = [Reply::Status(429, "retry-after: 2\r\n"), Reply::Status(503, ""), Reply::Ok];
    let (collector, drops) = (Collector::start(&replies), Drops::default());
    let exporter = exporter(&collector.url, &drops);
    exporter.spans(request());
    let first = collector.next();
    let at = Instant::now();
    let second = collector.next();
    assert!(at.elapsed() >= Duration::from_millis(1_900), "{:?}", at.elapsed());
    let third = collector.next();
    assert_eq!([&second.body, &third.body], [&first.body; 2]);
    exporter.end(PATIENCE);
    assert_eq!(dropped(&drops), [0, 0, 0]);
}

#[test]
fn what_is_refused_is_counted_and_not_sent_again() {
    for status in [400, 401, 404, 500] {
        let replies = [Reply::Status(status, ""), Reply::Ok];
        let (collector, drops) = (Collector::start(&replies), Drops::default());
        let exporter = exporter(&collector.url, &drops);
        exporter.spans(request());
        collector.next();
        exporter.spans(vec![span("00f067aa0ba90209", None, "user", "get")]);
        assert_eq!(collector.next().traces().resource_spans.len(), 1);
        exporter.end(PATIENCE);
        assert_eq!(dropped(&drops), [3, 0, 0]);
    }
}

#[test]
fn what_a_collector_rejects_of_a_batch_is_counted() {
    let (collector, drops) = (Collector::start(&[Reply::Partly(2), Reply::Ok]), Drops::default());
    let exporter = exporter(&collector.url, &drops);
    exporter.spans(request());
    collector.next();
    exporter.end(PATIENCE);
    assert_eq!(dropped(&drops), [2, 0, 0]);
}

#[test]
fn nobody_waits_for_a_frozen_collector() {
    let (collector, drops) = (Collector::start(&[Reply::Nothing]), Drops::default());
    let exporter = exporter(&collector.url, &drops);
    exporter.spans(request());
    exporter.lines(vec!["first".into()]);
    // Both are on their way, and stay there.
    let paths: BTreeSet<_> = [collector.next().path, collector.next().path].into();
    assert_eq!(paths, ["/v1/logs".to_owned(), "/v1/traces".to_owned()].into());
    let spans = vec![span("00f067aa0ba90209", None, "user", "get"); 30_000];
    let lines = vec!["x".repeat(1 << 20); 5];
    let began = Instant::now();
    exporter.spans(spans);
    exporter.lines(lines);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let [spans, metrics, lines] = dropped(&drops);
    assert!((20_000..25_000).contains(&spans), "{spans}");
    assert_eq!((metrics, lines), (0, 4));
    let began = Instant::now();
    exporter.end(Duration::from_millis(300));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn a_collector_that_is_slow_with_one_holds_up_none_of_the_others() {
    let replies = [Reply::Nothing, Reply::Ok];
    let (collector, drops) = (Collector::start(&replies), Drops::default());
    let exporter = exporter(&collector.url, &drops);
    exporter.spans(request());
    assert_eq!(collector.next().path, "/v1/traces");
    exporter.lines(vec!["first".into()]);
    assert_eq!(collector.next().path, "/v1/logs");
    exporter.end(Duration::from_millis(300));
    assert_eq!(dropped(&drops)[2], 0);
}

#[test]
fn spans_wait_for_a_collector_that_went_away() {
    let (collector, drops) = (Collector::start(&[Reply::Gone, Reply::Ok]), Drops::default());
    let exporter = exporter(&collector.url, &drops);
    exporter.spans(request());
    let (first, second) = (collector.next(), collector.next());
    assert_eq!(first.body, second.body);
    exporter.end(PATIENCE);
    assert_eq!(dropped(&drops), [0, 0, 0]);
}

#[test]
fn an_end_without_a_collector_is_short_and_counts_what_was_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let drops = Drops::default();
    let exporter = exporter(&url, &drops);
    exporter.spans(request());
    exporter.lines(vec!["last".into()]);
    let began = Instant::now();
    exporter.end(PATIENCE);
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    assert_eq!(dropped(&drops), [3, 1, 1]);
}

#[test]
fn another_collector_is_taken_while_spans_come_in() {
    let [first, second] = [(); 2].map(|()| Collector::start(&[Reply::Ok]));
    let export = Export::new(|| units()[0].clone());
    export.spans(request());
    assert!(!export.is_on());
    export.set(Some(settings(&first.url))).unwrap();
    export.spans(request());
    // The same again changes nothing.
    export.set(Some(settings(&first.url))).unwrap();
    export.set(Some(settings(&second.url))).unwrap();
    export.spans(request());
    for collector in [&first, &second] {
        assert_eq!(collector.next_to("/v1/traces").traces().resource_spans.len(), 2);
    }
    export.set(None).unwrap();
    export.spans(request());
    assert!(!export.is_on());
    export.end(PATIENCE);
    assert!(export.dropped().iter().all(|dropped| dropped.value == 0), "{:?}", export.dropped());
}
