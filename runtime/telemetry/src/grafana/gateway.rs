//! What clients ask for, and what they get.

use super::board::{Board, Kind, Panel, Query};

pub(super) const GATEWAY: Board = Board {
    name: "gateway",
    title: "Gateway",
    narrowed: Some(("seam_http_requests_total", "route")),
    panels: &[
        Panel {
            title: "Requests by route",
            about: "Those without a route have an empty one.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (method, route) (rate(seam_http_requests_total{job=~"$job",route=~"$narrowed"}[$__rate_interval]))"#,
                legend: "{{method}} {{route}}",
            }],
        },
        Panel {
            title: "Requests by status",
            about: "0 if the client left before there was a response.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (status) (rate(seam_http_requests_total{job=~"$job",route=~"$narrowed"}[$__rate_interval]))"#,
                legend: "{{status}}",
            }],
        },
        Panel {
            title: "How long half of the requests take",
            about: "By route.",
            kind: Kind::Lines,
            unit: "s",
            queries: &[Query {
                expr: r#"histogram_quantile(0.5, sum by (method, route, le) (rate(seam_http_request_duration_seconds_bucket{job=~"$job",route=~"$narrowed"}[$__rate_interval])))"#,
                legend: "{{method}} {{route}}",
            }],
        },
        Panel {
            title: "How long 99 of 100 requests take",
            about: "By route.",
            kind: Kind::Lines,
            unit: "s",
            queries: &[Query {
                expr: r#"histogram_quantile(0.99, sum by (method, route, le) (rate(seam_http_request_duration_seconds_bucket{job=~"$job",route=~"$narrowed"}[$__rate_interval])))"#,
                legend: "{{method}} {{route}}",
            }],
        },
        Panel {
            title: "Share of requests that fail",
            about: "Those with a status of 500 and above.",
            kind: Kind::Lines,
            unit: "percentunit",
            queries: &[Query {
                expr: r#"(sum(rate(seam_http_requests_total{job=~"$job",route=~"$narrowed",status=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(seam_http_requests_total{job=~"$job",route=~"$narrowed"}[$__rate_interval]))"#,
                legend: "5xx",
            }],
        },
        Panel {
            title: "Calls that the edge makes",
            about: "By the method that is called.",
            kind: Kind::Lines,
            unit: "reqps",
            queries: &[Query {
                expr: r#"sum by (service, method) (rate(seam_calls_total{job=~"$job",caller="edge",side="made"}[$__rate_interval]))"#,
                legend: "{{service}}.{{method}}",
            }],
        },
    ],
};
