//! What processes use, and whether they reach each other.

use super::board::{Board, Kind, Panel, Query};

pub(super) const UNITS: Board = Board {
    name: "units",
    title: "Units",
    narrowed: Some(("seam_unit_ready", "unit")),
    panels: &[
        Panel {
            title: "Ready",
            about: "1 once every dependency has answered.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"min by (unit) (seam_unit_ready{job=~"$job",unit=~"$narrowed"})"#,
                legend: "{{unit}}",
            }],
        },
        Panel {
            title: "Links",
            about: "1 if the connection to another unit stands; a unit that calls no other has none.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"min by (unit, peer) (seam_link_up{job=~"$job",unit=~"$narrowed"})"#,
                legend: "{{unit}} → {{peer}}",
            }],
        },
        Panel {
            title: "Processors",
            about: "How many it keeps busy.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"sum by (unit) (rate(process_cpu_seconds_total{job=~"$job",unit=~"$narrowed"}[$__rate_interval]))"#,
                legend: "{{unit}}",
            }],
        },
        Panel {
            title: "Memory",
            about: "That is resident.",
            kind: Kind::Lines,
            unit: "bytes",
            queries: &[Query {
                expr: r#"sum by (unit) (process_resident_memory_bytes{job=~"$job",unit=~"$narrowed"})"#,
                legend: "{{unit}}",
            }],
        },
        Panel {
            title: "Open files",
            about: "Sockets included.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"sum by (unit) (process_open_fds{job=~"$job",unit=~"$narrowed"})"#,
                legend: "{{unit}}",
            }],
        },
        Panel {
            title: "Threads",
            about: "All of them.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"sum by (unit) (process_threads{job=~"$job",unit=~"$narrowed"})"#,
                legend: "{{unit}}",
            }],
        },
        Panel {
            title: "Up for",
            about: "How long ago the process began.",
            kind: Kind::Lines,
            unit: "s",
            queries: &[Query {
                expr: r#"time() - max by (unit) (process_start_time_seconds{job=~"$job",unit=~"$narrowed"})"#,
                legend: "{{unit}}",
            }],
        },
        Panel {
            title: "Dropped",
            about: "What telemetry had no room for, by what it was.",
            kind: Kind::Lines,
            unit: "cps",
            queries: &[Query {
                expr: r#"sum by (unit, what) (rate(seam_dropped_total{job=~"$job",unit=~"$narrowed"}[$__rate_interval])) or vector(0)"#,
                legend: "{{unit}} {{what}}",
            }],
        },
        Panel {
            title: "Unknown outcomes",
            about: "That nobody has looked into.",
            kind: Kind::Lines,
            unit: "short",
            queries: &[Query {
                expr: r#"sum by (unit) (seam_unknown_open{job=~"$job",unit=~"$narrowed"})"#,
                legend: "{{unit}}",
            }],
        },
    ],
};
