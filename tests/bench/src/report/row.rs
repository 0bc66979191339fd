//! One line of the result: which cell, which contender, which figures.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::date::now;
use super::figure::{Figure, Figures};
use crate::scale::ScaleLabels;

/// The message of rows of `price` that have a slow call beside them on their connection.
pub(crate) const BESIDE_SLOW: &str = "price+slow";

/// What was measured. What a bench doesn't vary is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Labels {
    pub(crate) bench: &'static str,
    pub(crate) message: Option<&'static str>,
    /// `shared` or `exclusive`; null where the contender can't tell.
    pub(crate) turn: Option<&'static str>,
    pub(crate) callers: Option<usize>,
    pub(crate) threads: Option<usize>,
    pub(crate) in_flight: Option<usize>,
    pub(crate) pinned: Option<bool>,
    /// The boutique's processes, without the HTTP front.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) units: Option<usize>,
    /// The boutique's offered load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offered_per_s: Option<f64>,
    /// Of which half is offered, unless a load is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tonic_takes_per_s: Option<Figure>,
    /// The point of the curve that `scale` measures.
    #[serde(flatten)]
    pub(crate) scale: Option<ScaleLabels>,
    pub(crate) contender: String,
}

impl Labels {
    /// The cell in words, without the contender: the title of its table.
    pub(crate) fn cell(&self) -> String {
        let mut words = vec![self.bench.to_owned()];
        words.extend(self.scale.iter().flat_map(ScaleLabels::words));
        words.extend(self.message.map(str::to_owned));
        words.extend(self.callers.map(|n| plural(n, "caller")));
        words.extend(self.threads.map(|n| plural(n, "thread")));
        words.extend(self.in_flight.map(|n| format!("{n} in flight")));
        words.extend(self.offered_per_s.map(|n| format!("{n:.0} requests/s offered")));
        words.extend(self.tonic_takes_per_s.map(|most| {
            let Figure { median, min, max } = most;
            format!("half of what tonic takes, {median:.0} ({min:.0} to {max:.0})")
        }));
        words.extend(
            self.pinned
                .map(|pinned| if pinned { "pinned to one core" } else { "unpinned" }.to_owned()),
        );
        words.join(" · ")
    }

    /// Whether it has a ratio to that row of its cell: to others with the same message, and with a
    /// slow call beside it to itself without.
    pub(crate) fn is_compared_with(&self, peer: &Self) -> bool {
        let same_message = self.message == peer.message;
        match self.contender == peer.contender {
            true => !same_message && self.message == Some(BESIDE_SLOW),
            false => same_message,
        }
    }

    /// What others' ratios call it.
    pub(crate) fn peer(&self) -> String {
        if let Some(scale) = &self.scale {
            return format!("{}{}", self.contender, scale.who());
        }
        match self.units {
            Some(units) if self.contender.starts_with("seam") => {
                format!("{}-{units}", self.contender)
            }
            _ => self.contender.clone(),
        }
    }

    /// The contender, with what tells its variants apart.
    pub(crate) fn who(&self) -> String {
        let mut who = self.contender.clone();
        if let Some(turn) = self.turn {
            who = format!("{who}, {turn}");
        }
        if let Some(scale) = &self.scale {
            who.push_str(&scale.who());
        }
        if let Some(units) = self.units {
            who = format!("{who}, {}", plural(units, "unit"));
        }
        who
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {}", self.cell(), self.who())
    }
}

fn plural(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// A row as it goes into the JSON file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) labels: Labels,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// By peer: the median, over the rounds, of this contender's calls/s by the peer's.
    pub(crate) ratio: BTreeMap<String, f64>,
    /// The same of CPU time per call, and of latency: here less is better.
    pub(crate) ratio_cpu: BTreeMap<String, f64>,
    pub(crate) ratio_p50: BTreeMap<String, f64>,
    pub(crate) ratio_p99: BTreeMap<String, f64>,
    /// When its cell was done.
    pub(crate) measured: String,
}

impl Row {
    pub(crate) fn new(labels: Labels, figures: Figures) -> Self {
        Self {
            labels,
            figures,
            ratio: BTreeMap::new(),
            ratio_cpu: BTreeMap::new(),
            ratio_p50: BTreeMap::new(),
            ratio_p99: BTreeMap::new(),
            measured: now(),
        }
    }
}
