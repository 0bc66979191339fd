//! What a unit is asked of what it has seen, and what it answers.

use std::sync::Arc;

use seam_core::record::Ended;
use seam_telemetry::ledger::{Found, State};
use seam_telemetry::tap::{Query, Tapped};
use seam_telemetry::{Filter, Outcome, Snapshot, Span};
use serde::{Deserialize, Serialize};

use super::parts::Parts;

/// So many traces are told of at once, at most.
const MOST: usize = 1_000;
/// And so many spans: some 8 MiB as JSON.
const SPANS: usize = 20_000;

/// What a unit is asked of what it has seen.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum SeenAsk {
    /// What it has counted.
    Counts {},
    /// The spans of a trace, by its 32 hexadecimal digits.
    Trace {
        /// The trace.
        id: String,
    },
    /// The latest traces.
    Traces(TracesAsk),
    /// The spans of several traces; 1,000 at most.
    Spans {
        /// The traces.
        ids: Vec<String>,
    },
    /// Calls as they end, since whoever asks has asked last.
    Tap {
        /// Who asks: who hasn't for three seconds is forgotten.
        id: String,
        /// Which calls.
        queries: Vec<Query>,
    },
    /// That somebody has looked into a call whose outcome was unknown.
    Resolve {
        /// The call.
        id: String,
        /// What was found out.
        note: String,
    },
    /// That the same call was made again, by hand, and what it came to.
    Settle {
        /// The call whose outcome was unknown.
        id: String,
        /// What the later one came to.
        found: Found,
    },
}

/// Which traces are asked for: those in which one span is all of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct TracesAsk {
    /// Of that service.
    pub(crate) service: Option<String>,
    /// That took so long, in milliseconds.
    pub(crate) min_ms: Option<u64>,
    /// That ended so.
    pub(crate) outcome: Option<Outcome>,
    /// How many; 1,000 at most.
    pub(crate) limit: usize,
}

/// What it answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeenAnswer {
    /// What it has counted.
    Counts(Box<Snapshot>),
    /// Spans of one trace.
    Spans(Vec<Span>),
    /// Spans of several, trace by trace, the latest first.
    Traces(Vec<Vec<Span>>),
    /// Calls that have ended.
    Tapped {
        /// In the order in which threads have told of them.
        calls: Vec<Arc<Tapped>>,
        /// How many more there was no room for.
        dropped: u64,
    },
    /// There are too many who ask for calls as they end.
    Crowded(String),
    /// How the call was before; `None` if there is none of that id.
    Resolved(Option<State>),
    /// Whether that was news.
    Settled(bool),
}

impl Parts {
    /// What was seen here.
    pub(super) async fn seen(&self, ask: &SeenAsk) -> SeenAnswer {
        match ask {
            SeenAsk::Counts {} => SeenAnswer::Counts(Box::new(self.counted().await)),
            SeenAsk::Trace { id } => {
                let id = u128::from_str_radix(id, 16).unwrap_or_default();
                SeenAnswer::Spans(self.recording.trace(id))
            }
            SeenAsk::Tap { id, queries } => {
                self.recording.look();
                match self.recording.tapping().ask(id, queries.clone()) {
                    Ok((calls, dropped)) => SeenAnswer::Tapped { calls, dropped },
                    Err(why) => SeenAnswer::Crowded(why.to_string()),
                }
            }
            SeenAsk::Resolve { id, note } => SeenAnswer::Resolved(match &self.ledger {
                Some(ledger) => ledger.resolve(id.clone(), note.clone()).await,
                None => None,
            }),
            SeenAsk::Settle { id, found } => SeenAnswer::Settled(match &self.ledger {
                Some(ledger) => ledger.settle(id.clone(), *found).await,
                None => false,
            }),
            SeenAsk::Traces(ask) => {
                let filter = Filter {
                    at_least: ask.min_ms.unwrap_or_default().saturating_mul(1_000_000),
                    ended: ask.outcome.map(ended),
                };
                let of = |span: &Span| {
                    ask.service.as_ref().is_none_or(|service| span.service == *service)
                        && span.took_us >= ask.min_ms.unwrap_or_default().saturating_mul(1_000)
                        && ask.outcome.is_none_or(|outcome| span.outcome == outcome)
                };
                let found = self.recording.traces(filter, ask.limit.min(MOST), of);
                SeenAnswer::Traces(bounded(found))
            }
            SeenAsk::Spans { ids } => {
                let ids = ids.iter().take(MOST).filter_map(|id| u128::from_str_radix(id, 16).ok());
                SeenAnswer::Traces(bounded(self.recording.several(ids)))
            }
        }
    }
}

/// As many as can be told at once, each with all of its spans.
fn bounded(traces: Vec<Vec<Span>>) -> Vec<Vec<Span>> {
    let mut spans = 0;
    let fits = |trace: &Vec<Span>| {
        spans += trace.len();
        spans <= SPANS
    };
    traces.into_iter().take_while(fits).collect()
}

const fn ended(outcome: Outcome) -> Ended {
    match outcome {
        Outcome::Answered => Ended::Answered,
        Outcome::ServiceError => Ended::ServiceError,
        Outcome::NotExecuted => Ended::NotExecuted,
        Outcome::Unknown => Ended::Unknown,
    }
}
