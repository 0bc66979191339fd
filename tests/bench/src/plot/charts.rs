//! Which curves are drawn.

use super::axis::{Scale, short};
use super::svg::{Chart, Label, Line};
use crate::page::{Row, Rows};

/// Every picture with the name of its file.
pub(super) fn all(rows: &Rows) -> Vec<(&'static str, Chart)> {
    vec![
        ("cores", cores(rows)),
        ("actors", actors(rows)),
        ("payload", payload(rows)),
        ("connections", connections(rows)),
    ]
}

/// The points of the rows that `wanted` picks.
fn line(
    rows: &Rows,
    name: impl Into<String>,
    wanted: impl Fn(&Row) -> bool,
    x: &str,
    y: impl Fn(&Row) -> Option<f64>,
) -> Line {
    let points = rows.iter().filter(|row| wanted(row));
    let mut points: Vec<_> = points.filter_map(|row| Some((row.number(x)?, y(row)?))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Line { name: name.into(), points }
}

fn calls(row: &Row) -> Option<f64> {
    row.median("calls_per_s")
}

fn of(row: &Row, series: &str) -> bool {
    row.text("bench") == Some("scale") && row.text("series") == Some(series)
}

fn cores(rows: &Rows) -> Chart {
    let seam = |name: &str, turn: &'static str, actors: f64| {
        let wanted = move |row: &Row| {
            of(row, "cores")
                && row.text("turn") == Some(turn)
                && row.number("actors") == Some(actors)
        };
        line(rows, name, wanted, "threads", calls)
    };
    let plain = |row: &Row| of(row, "cores") && row.text("contender") == Some("plain");
    Chart {
        title: "Calls in one process, 64 callers, over cores",
        x: Label::new("cores", Scale::Linear),
        y: Label::new("calls/s", Scale::Log),
        lines: vec![
            seam("shared, 16 actors", "shared", 16.0),
            seam("exclusive, 16 actors", "exclusive", 16.0),
            seam("shared, 1 actor", "shared", 1.0),
            seam("exclusive, 1 actor", "exclusive", 1.0),
            line(rows, "plain async fn", plain, "threads", calls),
        ],
    }
}

fn actors(rows: &Rows) -> Chart {
    let seam = |turn: &'static str| {
        let wanted = move |row: &Row| of(row, "actors") && row.text("turn") == Some(turn);
        line(rows, format!("{turn} turns"), wanted, "actors", calls)
    };
    Chart {
        title: "Calls in one process, 64 callers, over actors of one contract",
        x: Label::new("actors, called one after the other", Scale::Log),
        y: Label::new("calls/s", Scale::Linear),
        lines: vec![seam("shared"), seam("exclusive")],
    }
}

fn payload(rows: &Rows) -> Chart {
    let seam = |name: &str, route: &'static str, kind: &'static str| {
        let wanted = move |row: &Row| {
            of(row, "payload") && row.text("route") == Some(route) && row.text("kind") == Some(kind)
        };
        let micros = |row: &Row| row.median("ns_per_call").map(|ns| ns / 1e3);
        line(rows, name, wanted, "payload", micros)
    };
    Chart {
        title: "An echo, one caller, over the size of its message",
        x: Label { text: "bytes each way", scale: Scale::Log, show: bytes },
        y: Label { text: "µs per call", scale: Scale::Log, show: short },
        lines: vec![
            seam("local", "local", "bytes"),
            seam("encoded, Vec<u8>", "encoded", "bytes").escaped(),
            seam("encoded, String", "encoded", "text"),
            seam("remote, Vec<u8>", "remote", "bytes").escaped(),
            seam("remote, String", "remote", "text"),
        ],
    }
}

fn connections(rows: &Rows) -> Chart {
    let all_busy =
        |row: &Row| of(row, "connections") && row.number("busy") == row.number("connections");
    let one_busy = |row: &Row| of(row, "connections") && row.number("busy") == Some(1.0);
    Chart {
        title: "Calls between two processes, 64 in flight, over connections",
        x: Label::new("connections to one unit", Scale::Log),
        y: Label::new("calls/s", Scale::Linear),
        lines: vec![
            line(rows, "over one, the others idle", one_busy, "connections", calls),
            line(rows, "over all in turn", all_busy, "connections", calls),
        ],
    }
}

impl Line {
    /// Its name as XML has it.
    fn escaped(mut self) -> Self {
        self.name = self.name.replace('<', "&lt;").replace('>', "&gt;");
        self
    }
}

fn bytes(n: f64) -> String {
    match n {
        n if n >= f64::from(1 << 20) => format!("{} MiB", n / f64::from(1 << 20)),
        n if n >= 1024.0 => format!("{} KiB", n / 1024.0),
        n => format!("{n} B"),
    }
}
