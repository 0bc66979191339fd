//! What seam aims at: what of which row is held against which bound.

use serde_json::{Value, json};

use super::rows::{Row, Rows};
use crate::report::{BESIDE_SLOW, number};

/// One thing that must hold.
pub(super) struct Aim {
    /// By which runs are kept: it stays if the words change.
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Labels of the row that it is about.
    labels: Value,
    figure: Figure,
    pub(super) bound: Bound,
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

#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    pub(super) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::AtMost(bound) => format!("≤ {}", plain(bound)),
            Self::AtLeast(bound) => format!("≥ {}", plain(bound)),
        }
    }
}

/// A bound as it was set, without digits that mean nothing.
fn plain(bound: f64) -> String {
    if bound >= 1_000.0 { number(bound) } else { bound.to_string() }
}

impl Aim {
    pub(super) fn reached(&self, rows: &Rows) -> Option<f64> {
        rows.iter().find(|row| self.is_about(row)).and_then(|row| self.figure.of(row))
    }

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

/// All of them, in the order of the table.
pub(super) fn aims() -> Vec<Aim> {
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
    let time = |name, what, peer, bound| Aim {
        name,
        what,
        labels: one("seam", "shared"),
        figure: Figure::Time(peer),
        bound: Bound::AtMost(bound),
    };
    let beside = |name, what, turn, bound| Aim {
        name,
        what,
        labels: many(turn),
        figure: Figure::Ratio("ratio", "actix-other"),
        bound: Bound::AtLeast(bound),
    };
    vec![
        time(
            "call-actix-same",
            "in process, one caller: time per call ÷ actix-same",
            "actix-same",
            0.55,
        ),
        time("call-actix-same-async", "… ÷ actix-same-async", "actix-same-async", 0.35),
        time("call-kameo", "… ÷ kameo", "kameo", 0.3),
        time("call-plain", "… ÷ plain", "plain", 2.6),
        Aim {
            name: "call-off-dyn",
            what: "… policies off ÷ dyn",
            labels: one("seam-off", "shared"),
            figure: Figure::Time("dyn"),
            bound: Bound::AtMost(1.5),
        },
        beside(
            "callers-shared",
            "64 callers on 4 threads, shared turns: calls/s ÷ actix-other",
            "shared",
            4.0,
        ),
        beside("callers-exclusive", "… exclusive turns", "exclusive", 1.5),
    ]
}

fn remote() -> Vec<Aim> {
    let row = |contender: &str, pinned: bool, in_flight: usize| {
        json!({"bench": "remote", "message": "price", "contender": contender,
               "pinned": pinned, "in_flight": in_flight})
    };
    let aim = |name, what, labels, which, peer, bound| Aim {
        name,
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
            "floor-tonic",
            "the floor, pinned, 64 in flight: raw's calls/s ÷ tonic",
            row("raw", true, 64),
            "ratio",
            "tonic",
            least(20.0),
        ),
        aim(
            "pinned-cpu-raw",
            "pinned, 64 in flight: CPU per call ÷ raw",
            pinned(),
            "ratio_cpu",
            "raw",
            most(1.3),
        ),
        aim("pinned-tonic", "… calls/s ÷ tonic", pinned(), "ratio", "tonic", least(14.0)),
        aim("pinned-tarpc", "… calls/s ÷ tarpc", pinned(), "ratio", "tarpc", least(3.0)),
        aim(
            "pinned-http-json",
            "… calls/s ÷ http-json",
            pinned(),
            "ratio",
            "http-json",
            least(24.0),
        ),
        aim("pinned-p99-tonic", "… p99 ÷ tonic", pinned(), "ratio_p99", "tonic", most(0.1)),
        aim(
            "pinned-1-p50-raw",
            "pinned, 1 in flight: p50 ÷ raw",
            row("seam", true, 1),
            "ratio_p50",
            "raw",
            most(1.15),
        ),
        aim(
            "unpinned-tonic",
            "unpinned, 1,024 in flight: calls/s ÷ tonic",
            unpinned(),
            "ratio",
            "tonic",
            least(15.0),
        ),
        aim("unpinned-p99-raw", "… p99 ÷ raw", unpinned(), "ratio_p99", "raw", most(1.3)),
        aim(
            "slow-p50",
            "pinned, 64 in flight and one of 20 ms beside them: p50 ÷ without that one",
            json!({"bench": "remote", "message": BESIDE_SLOW, "contender": "seam"}),
            "ratio_p50",
            "seam",
            most(1.1),
        ),
    ]
}

fn edge() -> Vec<Aim> {
    let aim = |name, what, in_flight: usize| Aim {
        name,
        what,
        labels: json!({"bench": "edge", "contender": "seam", "in_flight": in_flight}),
        figure: Figure::Ratio("ratio", "actix-web"),
        bound: Bound::AtLeast(0.85),
    };
    vec![
        aim("edge-64", "edge, 64 in flight: requests/s ÷ actix-web", 64),
        aim("edge-256", "… 256 in flight", 256),
        aim("edge-1", "… 1 in flight", 1),
        Aim {
            name: "edge-known-64",
            what: "… 64 in flight, with tokens and limits",
            labels: json!({
                "bench": "edge", "contender": "seam, tokens and limits", "in_flight": 64,
            }),
            figure: Figure::Ratio("ratio", "actix-web"),
            bound: Bound::AtLeast(0.7),
        },
    ]
}

fn boutique() -> Vec<Aim> {
    let aim = |name, what, units: usize, which, bound| Aim {
        name,
        what,
        labels: json!({"bench": "boutique", "contender": "seam", "units": units}),
        figure: Figure::Less(which, "tonic"),
        bound: Bound::AtLeast(bound),
    };
    vec![
        aim(
            "boutique-10-cpu",
            "boutique, ten units: so many times less CPU than tonic",
            10,
            "ratio_cpu",
            4.0,
        ),
        aim("boutique-1-cpu", "… one unit", 1, "ratio_cpu", 20.0),
        aim(
            "boutique-10-p50",
            "boutique, ten units: so many times less median latency",
            10,
            "ratio_p50",
            3.0,
        ),
        aim("boutique-1-p50", "… one unit", 1, "ratio_p50", 15.0),
    ]
}

fn memory() -> Vec<Aim> {
    let aim = |name, what, labels, bound| Aim {
        name,
        what,
        labels,
        figure: Figure::Median("bytes_each"),
        bound: Bound::AtMost(bound),
    };
    vec![
        aim(
            "idle-service",
            "bytes per idle service",
            json!({"bench": "scale", "series": "service"}),
            4_096.0,
        ),
        aim(
            "idle-connection-server",
            "bytes per idle connection, accepting side",
            json!({"bench": "scale", "series": "connection", "side": "server"}),
            16_384.0,
        ),
        aim(
            "idle-connection-client",
            "… dialling side",
            json!({"bench": "scale", "series": "connection", "side": "client"}),
            16_384.0,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn aims_have_names_of_their_own() {
        let aims = aims();
        let names: BTreeSet<_> = aims.iter().map(|aim| aim.name).collect();
        assert_eq!(names.len(), aims.len());
    }
}
