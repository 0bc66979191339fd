//! What seam aims at, beside what was reached.

use serde_json::{Value, json};

use super::markdown;
use super::rows::{Row, Rows};
use crate::report::BESIDE_SLOW;

/// One thing that must hold.
struct Aim {
    what: &'static str,
    /// Labels of the row that it is about.
    labels: Value,
    figure: Figure,
    bound: Bound,
}

/// What of the row is held against the aim.
enum Figure {
    /// A ratio of the row: which, and to whom.
    Ratio(&'static str, &'static str),
    /// Time per call by the peer's: the inverse of the ratio of calls per second.
    Time(&'static str),
    /// How many times less: the inverse of a ratio.
    Less(&'static str, &'static str),
    /// A figure itself.
    Median(&'static str),
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// Aim by aim: the bound, what was measured, and whether it holds.
pub(super) fn table(rows: &Rows) -> String {
    let line = |aim: &Aim| {
        let (word, bound) = match aim.bound {
            Bound::AtMost(bound) => ("≤", bound),
            Bound::AtLeast(bound) => ("≥", bound),
        };
        let reached = rows.iter().find(|row| aim.is_about(row)).and_then(|row| aim.figure.of(row));
        let verdict = match (reached, &aim.bound) {
            (None, _) => "not measured",
            (Some(value), Bound::AtMost(bound)) if value <= *bound => "met",
            (Some(value), Bound::AtLeast(bound)) if value >= *bound => "met",
            _ => "**missed**",
        };
        let bound = format!("{word} {}", plain(bound));
        vec![aim.what.to_owned(), bound, markdown::maybe(reached), verdict.to_owned()]
    };
    let lines: Vec<_> = aims().iter().map(line).collect();
    markdown::table(&["", "aim", "reached", "&nbsp;"], &lines)
}

/// A bound as it was set, without digits that mean nothing.
fn plain(bound: f64) -> String {
    if bound >= 1_000.0 { markdown::number(bound) } else { bound.to_string() }
}

impl Aim {
    fn is_about(&self, row: &Row) -> bool {
        self.labels.as_object().is_some_and(|labels| labels.iter().all(|(k, v)| row.is(k, v)))
    }
}

impl Figure {
    fn of(&self, row: &Row) -> Option<f64> {
        match self {
            Self::Ratio(which, peer) => row.ratio(which, peer),
            Self::Time(peer) => Some(1.0 / row.ratio("ratio", peer)?),
            Self::Less(which, peer) => Some(1.0 / row.ratio(which, peer)?),
            Self::Median(figure) => row.median(figure),
        }
    }
}

fn aims() -> Vec<Aim> {
    let mut aims = local();
    aims.extend(remote());
    aims.extend(edge());
    aims.extend(boutique());
    aims.extend(memory());
    aims
}

fn local() -> Vec<Aim> {
    let one = |contender: &str, turn: &str| {
        json!({"bench": "local", "message": "price", "callers": 1, "contender": contender,
               "turn": turn})
    };
    let many = |turn: &str| {
        json!({"bench": "local", "message": "price", "callers": 64, "threads": 4,
               "contender": "seam", "turn": turn})
    };
    let time = |what, peer, bound| Aim {
        what,
        labels: one("seam", "shared"),
        figure: Figure::Time(peer),
        bound: Bound::AtMost(bound),
    };
    let beside = |what, turn, bound| Aim {
        what,
        labels: many(turn),
        figure: Figure::Ratio("ratio", "actix-other"),
        bound: Bound::AtLeast(bound),
    };
    vec![
        time("in process, one caller: time per call ÷ actix-same", "actix-same", 0.55),
        time("… ÷ actix-same-async", "actix-same-async", 0.35),
        time("… ÷ kameo", "kameo", 0.3),
        time("… ÷ plain", "plain", 2.6),
        Aim {
            what: "… policies off ÷ dyn",
            labels: one("seam-off", "shared"),
            figure: Figure::Time("dyn"),
            bound: Bound::AtMost(1.5),
        },
        beside("64 callers on 4 threads, shared turns: calls/s ÷ actix-other", "shared", 4.0),
        beside("… exclusive turns", "exclusive", 1.5),
    ]
}

fn remote() -> Vec<Aim> {
    let row = |contender: &str, pinned: bool, in_flight: usize| {
        json!({"bench": "remote", "message": "price", "contender": contender,
               "pinned": pinned, "in_flight": in_flight})
    };
    let aim = |what, labels, which, peer, bound| Aim {
        what,
        labels,
        figure: Figure::Ratio(which, peer),
        bound,
    };
    let (most, least) = (Bound::AtMost, Bound::AtLeast);
    let pinned = || row("seam", true, 64);
    let unpinned = || row("seam", false, 1_024);
    vec![
        aim(
            "the floor, pinned, 64 in flight: raw's calls/s ÷ tonic",
            row("raw", true, 64),
            "ratio",
            "tonic",
            least(20.0),
        ),
        aim("pinned, 64 in flight: CPU per call ÷ raw", pinned(), "ratio_cpu", "raw", most(1.3)),
        aim("… calls/s ÷ tonic", pinned(), "ratio", "tonic", least(14.0)),
        aim("… calls/s ÷ tarpc", pinned(), "ratio", "tarpc", least(3.0)),
        aim("… calls/s ÷ http-json", pinned(), "ratio", "http-json", least(24.0)),
        aim("… p99 ÷ tonic", pinned(), "ratio_p99", "tonic", most(0.1)),
        aim("pinned, 1 in flight: p50 ÷ raw", row("seam", true, 1), "ratio_p50", "raw", most(1.15)),
        aim(
            "unpinned, 1,024 in flight: calls/s ÷ tonic",
            unpinned(),
            "ratio",
            "tonic",
            least(15.0),
        ),
        aim("… p99 ÷ raw", unpinned(), "ratio_p99", "raw", most(1.3)),
        aim(
            "pinned, 64 in flight and one of 20 ms beside them: p50 ÷ without that one",
            json!({"bench": "remote", "message": BESIDE_SLOW, "contender": "seam"}),
            "ratio_p50",
            "seam",
            most(1.1),
        ),
    ]
}

fn edge() -> Vec<Aim> {
    let aim = |what, in_flight: usize| Aim {
        what,
        labels: json!({"bench": "edge", "contender": "seam", "in_flight": in_flight}),
        figure: Figure::Ratio("ratio", "actix-web"),
        bound: Bound::AtLeast(0.85),
    };
    vec![
        aim("edge, 64 in flight: requests/s ÷ actix-web", 64),
        aim("… 256 in flight", 256),
        aim("… 1 in flight", 1),
    ]
}

fn boutique() -> Vec<Aim> {
    let aim = |what, units: usize, which, bound| Aim {
        what,
        labels: json!({"bench": "boutique", "contender": "seam", "units": units}),
        figure: Figure::Less(which, "tonic"),
        bound: Bound::AtLeast(bound),
    };
    vec![
        aim("boutique, ten units: so many times less CPU than tonic", 10, "ratio_cpu", 4.0),
        aim("… one unit", 1, "ratio_cpu", 20.0),
        aim("boutique, ten units: so many times less median latency", 10, "ratio_p50", 3.0),
        aim("… one unit", 1, "ratio_p50", 15.0),
    ]
}

fn memory() -> Vec<Aim> {
    let aim = |what, labels, bound| Aim {
        what,
        labels,
        figure: Figure::Median("bytes_each"),
        bound: Bound::AtMost(bound),
    };
    vec![
        aim("bytes per idle service", json!({"bench": "scale", "series": "service"}), 4_096.0),
        aim(
            "bytes per idle connection, accepting side",
            json!({"bench": "scale", "series": "connection", "side": "server"}),
            16_384.0,
        ),
        aim(
            "… dialling side",
            json!({"bench": "scale", "series": "connection", "side": "client"}),
            16_384.0,
        ),
    ]
}
