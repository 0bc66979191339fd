//! What a service does, for whom, and how fast.

use super::board::{Board, Kind, Panel, Query};

pub(super) const SERVICES: Board = Board {
    name: "services",
    title: "Services",
    narrowed: Some(("seam_service_up", "service")),
    panels: &[
        Panel {
            title: "Calls by method",
            about: "Where they ran.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (service, method) (rate(seam_calls_total{job=~"$job",service=~"$narrowed",side="served"}[$__rate_interval]))"#,
                legend: "{{service}}.{{method}}",
            }],
        },
        Panel {
            title: "Calls by caller",
            about: "A service, `edge`, `program` or `operator`.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (caller, service) (rate(seam_calls_total{job=~"$job",service=~"$narrowed",side="made"}[$__rate_interval]))"#,
                legend: "{{caller}} → {{service}}",
            }],
        },
        Panel {
            title: "How long 99 of 100 calls take",
            about: "Where they ran: their wait in the mailbox included, the wire not.",
            kind: Kind::Lines,
            unit: "s",
            queries: &[Query {
                expr: r#"histogram_quantile(0.99, sum by (service, method, le) (rate(seam_call_duration_seconds_bucket{job=~"$job",service=~"$narrowed",side="served"}[$__rate_interval])))"#,
                legend: "{{service}}.{{method}}",
            }],
        },
        Panel {
            title: "How long 99 of 100 calls wait",
            about: "In the mailbox, before they run.",
            kind: Kind::Lines,
            unit: "s",
            queries: &[Query {
                expr: r#"histogram_quantile(0.99, sum by (service, method, le) (rate(seam_call_wait_seconds_bucket{job=~"$job",service=~"$narrowed",side="served"}[$__rate_interval])))"#,
                legend: "{{service}}.{{method}}",
            }],
        },
        Panel {
            title: "How long 99 of 100 calls take their callers",
            about: "Where they were made: the wire and every try included.",
            kind: Kind::Lines,
            unit: "s",
            queries: &[Query {
                expr: r#"histogram_quantile(0.99, sum by (service, method, le) (rate(seam_call_duration_seconds_bucket{job=~"$job",service=~"$narrowed",side="made"}[$__rate_interval])))"#,
                legend: "{{service}}.{{method}}",
            }],
        },
        Panel {
            title: "Calls over their limit",
            about: "By `slow` of [calls], of the service, or of the method.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (service, method) (rate(seam_slow_calls_total{job=~"$job",service=~"$narrowed",side="made"}[$__rate_interval]))"#,
                legend: "{{service}}.{{method}}",
            }],
        },
        Panel {
            title: "Outcomes and codes",
            about: "Where they were made.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (service, outcome, code) (rate(seam_calls_total{job=~"$job",service=~"$narrowed",side="made"}[$__rate_interval]))"#,
                legend: "{{service}} {{outcome}} {{code}}",
            }],
        },
        Panel {
            title: "Calls under way",
            about: "They wait or run now. Beyond `mailbox` they are refused as overloaded.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"sum by (service, unit) (seam_in_flight{job=~"$job",service=~"$narrowed"})"#,
                legend: "{{service}} in {{unit}}",
            }],
        },
        Panel {
            title: "Restarts",
            about: "How often an actor was built anew within ten minutes.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"sum by (service, unit) (increase(seam_restarts_total{job=~"$job",service=~"$narrowed"}[10m]))"#,
                legend: "{{service}} in {{unit}}",
            }],
        },
    ],
};
