//! Whether all is well.

use super::board::{Board, Kind, Panel, Query};

pub(super) const OVERVIEW: Board = Board {
    name: "overview",
    title: "Overview",
    narrowed: None,
    panels: &[
        Panel {
            title: "Units that are ready",
            about: "Whose dependencies have all answered once, of those that are there.",
            kind: Kind::Number,
            unit: "short",
            queries: &[
                Query { expr: r#"sum(seam_unit_ready{job=~"$job"})"#, legend: "ready" },
                Query { expr: r#"count(seam_unit_ready{job=~"$job"})"#, legend: "there" },
            ],
        },
        Panel {
            title: "Services that take calls",
            about: "Somewhere, of those that are there.",
            kind: Kind::Number,
            unit: "short",
            queries: &[
                Query {
                    expr: r#"sum(max by (job, service) (seam_service_up{job=~"$job"}))"#,
                    legend: "up",
                },
                Query {
                    expr: r#"count(count by (job, service) (seam_service_up{job=~"$job"}))"#,
                    legend: "there",
                },
            ],
        },
        Panel {
            title: "Unknown outcomes",
            about: "Calls of which nobody knows whether they ran, and that nobody has looked into.",
            kind: Kind::Number,
            unit: "short",
            queries: &[Query { expr: r#"sum(seam_unknown_open{job=~"$job"})"#, legend: "open" }],
        },
        Panel {
            title: "Calls under way",
            about: "They wait or run now.",
            kind: Kind::Number,
            unit: "short",
            queries: &[Query { expr: r#"sum(seam_in_flight{job=~"$job"})"#, legend: "under way" }],
        },
        Panel {
            title: "Requests",
            about: "By status: 0 if the client left before there was a response.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (status) (rate(seam_http_requests_total{job=~"$job"}[$__rate_interval]))"#,
                legend: "{{status}}",
            }],
        },
        Panel {
            title: "How long requests take",
            about: "All routes together.",
            kind: Kind::Lines,
            unit: "s",
            queries: &[
                Query {
                    expr: r#"histogram_quantile(0.5, sum by (le) (rate(seam_http_request_duration_seconds_bucket{job=~"$job"}[$__rate_interval])))"#,
                    legend: "half of them",
                },
                Query {
                    expr: r#"histogram_quantile(0.99, sum by (le) (rate(seam_http_request_duration_seconds_bucket{job=~"$job"}[$__rate_interval])))"#,
                    legend: "99 of 100",
                },
            ],
        },
        Panel {
            title: "Calls between services",
            about: "By outcome, where they were made.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (outcome) (rate(seam_calls_total{job=~"$job",side="made"}[$__rate_interval]))"#,
                legend: "{{outcome}}",
            }],
        },
        Panel {
            title: "Share of calls that fail",
            about: "Those that weren't executed, and those of which nobody knows. A service's own errors are answers.",
            kind: Kind::Lines,
            unit: "percentunit",
            queries: &[Query {
                expr: r#"(sum(rate(seam_calls_total{job=~"$job",side="made",outcome=~"not_executed|unknown"}[$__rate_interval])) or vector(0)) / sum(rate(seam_calls_total{job=~"$job",side="made"}[$__rate_interval]))"#,
                legend: "fail",
            }],
        },
    ],
};
