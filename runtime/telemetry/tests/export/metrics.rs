//! What Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};

use seam_telemetry::{
    Gauge, Snapshot,
    metrics::{METRICS, families},
    prometheus::{self, Exposition},
};

use crate::{
    promtool::promtool,
    sample::{TRACE, units},
};

fn lines<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

#[test]
fn counts_have_the_labels_that_were_promised() {
    let text = prometheus::write(&units());
    assert_eq!(
        lines(&text, "seam_calls_total{unit=\"front\",service=\"payment\""),
        [
            "seam_calls_total{unit=\"front\",service=\"payment\",method=\"charge\",caller=\"order\",\
             side=\"made\",outcome=\"answered\",code=\"\"} 3",
            "seam_calls_total{unit=\"front\",service=\"payment\",method=\"charge\",caller=\"order\",\
             side=\"made\",outcome=\"unknown\",code=\"caller_gone\"} 1",
        ]
    );
    assert_eq!(
        lines(&text, "seam_http_requests_total"),
        [
            "seam_http_requests_total{unit=\"front\",method=\"POST\",route=\"\",status=\"404\"} 2",
            "seam_http_requests_total{unit=\"front\",method=\"POST\",route=\"/api/order\",status=\"0\"} 1",
            "seam_http_requests_total{unit=\"front\",method=\"POST\",route=\"/api/order\",status=\"201\"} 3",
        ]
    );
    assert!(text.contains("code=\"not_\\\"paid\\\"\\\\\\n\"} 1\n"), "{text}");
    for line in [
        "seam_slow_calls_total{unit=\"front\",service=\"payment\",method=\"charge\",caller=\"order\",side=\"made\"} 1",
        "seam_service_up{unit=\"front\",service=\"loyalty\"} 0",
        "seam_restarts_total{unit=\"front\",service=\"loyalty\"} 3",
        "seam_in_flight{unit=\"front\",service=\"loyalty\"} 2",
        "seam_unit_ready{unit=\"pay\"} 1",
        "seam_link_up{unit=\"front\",peer=\"pay\"} 0",
        "seam_unknown_open{unit=\"front\"} 1",
        "seam_dropped_total{unit=\"front\",what=\"spans\"} 7",
        "process_cpu_seconds_total{unit=\"front\"} 1.5",
        "process_resident_memory_bytes{unit=\"front\"} 16777216",
        "process_start_time_seconds{unit=\"pay\"} 1700000001.5",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
}

#[test]
fn buckets_are_cumulative_and_end_with_all() {
    let text = prometheus::write(&units());
    let buckets = lines(&text, "seam_call_duration_seconds_bucket{unit=\"pay\"");
    let value = |le: &str| -> u64 {
        let line = buckets.iter().find(|line| line.contains(&format!("le=\"{le}\"")));
        line.and_then(|line| line.rsplit(' ').next()).unwrap().parse().unwrap()
    };
    assert_eq!(buckets.len(), 23);
    assert_eq!(["0.000016384", "0.000032768", "0.000262144"].map(value), [0, 2, 2]);
    assert_eq!(["0.000524288", "34.359738368", "+Inf"].map(value), [3, 3, 4]);
    let labels = "{unit=\"pay\",service=\"payment\",method=\"charge\",side=\"served\"}";
    assert!(text.contains(&format!("seam_call_duration_seconds_sum{labels} 40.0005\n")));
    assert!(text.contains(&format!("seam_call_duration_seconds_count{labels} 4\n")));
}

#[test]
fn every_series_is_there_once_and_has_its_unit() {
    for form in [Exposition::Text, Exposition::OpenMetrics] {
        // Nobody is to be believed that each set of labels comes once.
        let text = form.write(&[units(), units()].concat(), &[]);
        let series: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_once("} ").unwrap().0)
            .collect();
        assert!(series.iter().all(|series| series.contains("{unit=\"")), "{text}");
        assert_eq!(series.iter().collect::<BTreeSet<_>>().len(), series.len());
    }
}

#[test]
fn what_others_than_units_have_dropped_is_told_with_their_names() {
    let missed = Gauge { what: "events".into(), value: 7 };
    let text = Exposition::Text.write(&[], &[("up+split".into(), missed)]);
    assert!(
        text.ends_with("\nseam_dropped_total{unit=\"up+split\",what=\"events\"} 7\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3, "and nothing else is");
}

#[test]
fn openmetrics_names_the_trace_of_the_slowest_in_a_bucket() {
    let text = Exposition::OpenMetrics.write(&units(), &[]);
    let last = lines(&text, "seam_call_duration_seconds_bucket{unit=\"pay\"").pop().unwrap();
    assert!(last.ends_with(&format!("le=\"+Inf\"}} 4 # {{trace_id=\"{TRACE}\"}} 40")), "{last}");
    assert!(text.contains("# TYPE seam_calls counter\n"));
    assert!(text.contains("\nseam_calls_total{"));
    assert!(text.ends_with("\n# EOF\n"));
    assert!(!prometheus::write(&units()).contains(TRACE));
}

#[test]
fn promtool_finds_nothing_to_say_of_it() {
    let folder = std::env::temp_dir();
    assert_eq!(promtool(&folder, &["check", "metrics"], &prometheus::write(&units())), "");
    let fresh = Snapshot { unit: "front".into(), ..Snapshot::default() };
    assert_eq!(promtool(&folder, &["check", "metrics"], &prometheus::write(&[fresh])), "");
}

#[test]
fn every_metric_of_the_list_is_told() {
    let units = units();
    let told: BTreeMap<_, _> = families(&units, &[])
        .iter()
        .map(|family| (family.metric.name, family.points.len()))
        .collect();
    assert_eq!(told.len(), METRICS.len());
    assert!(told.values().all(|points| *points > 0), "{told:?}");
}
