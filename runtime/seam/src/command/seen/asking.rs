//! Units are asked through their control sockets, all at once.

use std::{cmp::Reverse, collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use futures_util::future::join_all;
use seam_telemetry::{
    Snapshot, Span,
    tap::{Query, Tapped},
};

use super::{
    super::{
        control::{self, Request, is_of_up},
        status::{Heard, ask_for},
    },
    traces::Trace,
};
use crate::unit::{SeenAnswer, SeenAsk, TracesAsk};

/// How long a process may take to answer. One that is stopped in its tracks never does, and is left out.
const PATIENCE: Duration = Duration::from_secs(1);

/// The processes on a data folder that may be asked: those that run, and those that were killed.
pub(in crate::command) fn names(data: &Path) -> Vec<String> {
    control::names(data).into_iter().filter(|name| !is_of_up(name)).collect()
}

/// Whether a process is that one, `pay.1`, or one of that unit, `pay`. The first has no number in its name.
pub(in crate::command) fn is_of_unit(process: &str, unit: &str) -> bool {
    let number = process.strip_prefix(unit).and_then(|rest| rest.strip_prefix('.'));
    process == unit
        || Some(process) == unit.strip_suffix(".0")
        || number.is_some_and(|number| number.parse::<u16>().is_ok())
}

/// What these processes have counted.
pub(in crate::command) async fn counts(data: &Path, names: &[String]) -> Vec<Snapshot> {
    let counted = |answer| match answer {
        SeenAnswer::Counts(snapshot) => Some(*snapshot),
        _ => None,
    };
    ask(data, names, SeenAsk::Counts {}).await.into_iter().filter_map(counted).collect()
}

/// A trace, as far as these processes know it; none if none of them does.
pub(in crate::command) async fn spans_of(data: &Path, names: &[String], id: &str) -> Option<Trace> {
    let spans = |answer| match answer {
        SeenAnswer::Spans(spans) => spans,
        _ => Vec::new(),
    };
    let asked = SeenAsk::Trace { id: id.to_owned() };
    let all = ask(data, names, asked).await.into_iter().flat_map(spans).collect();
    Trace::of(all)
}

/// The latest traces that are asked for, each with what all of these processes know of it; `unit` has to
/// have something of it.
pub(in crate::command) async fn traces(
    data: &Path,
    names: &[String],
    unit: Option<&str>,
    asked: TracesAsk,
) -> Vec<Trace> {
    let of_unit = names.iter().filter(|name| unit.is_none_or(|unit| is_of_unit(name, unit)));
    let of_unit: Vec<String> = of_unit.cloned().collect();
    let found = found(data, &of_unit, asked).await;
    let ids = found.iter().map(|trace| trace.id().to_owned()).collect();
    sorted(told(ask(data, names, SeenAsk::Spans { ids }).await))
}

/// The latest traces that are asked for, each with what those of these processes know of it in which that is
/// so.
pub(super) async fn found(data: &Path, names: &[String], asked: TracesAsk) -> Vec<Trace> {
    let limit = asked.limit;
    let mut found = sorted(told(ask(data, names, SeenAsk::Traces(asked)).await));
    found.truncate(limit);
    found
}

/// Calls that have ended since they were asked for last.
#[derive(Debug, Default)]
pub(in crate::command) struct TappedCalls {
    pub(in crate::command) calls: Vec<Tapped>,
    /// How many more there was no room for.
    pub(in crate::command) dropped: u64,
    /// Why a process tells none.
    pub(in crate::command) crowded: Option<String>,
}

/// The calls of these processes that are wanted, since whoever is called `id` has asked last.
pub(in crate::command) async fn tapped(
    data: &Path,
    names: &[String],
    id: &str,
    queries: Vec<Query>,
) -> TappedCalls {
    let asked = SeenAsk::Tap { id: id.to_owned(), queries };
    let mut found = TappedCalls::default();
    for answer in ask(data, names, asked).await {
        match answer {
            SeenAnswer::Tapped { calls, dropped } => {
                found.calls.extend(calls.into_iter().map(Arc::unwrap_or_clone));
                found.dropped += dropped;
            }
            SeenAnswer::Crowded(why) => found.crowded = Some(why),
            _ => {}
        }
    }
    found
}

/// The latest first.
fn sorted(mut traces: Vec<Trace>) -> Vec<Trace> {
    traces.sort_by_key(|trace| Reverse(trace.start_us()));
    traces
}

/// The traces of all answers, each once.
fn told(answers: Vec<SeenAnswer>) -> Vec<Trace> {
    let mut all: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let traces = answers.into_iter().filter_map(|answer| match answer {
        SeenAnswer::Traces(traces) => Some(traces),
        _ => None,
    });
    for span in traces.flatten().flatten() {
        all.entry(span.trace_id.clone()).or_default().push(span);
    }
    all.into_values().filter_map(Trace::of).collect()
}

/// What those of them answer that do.
async fn ask(data: &Path, names: &[String], asked: SeenAsk) -> Vec<SeenAnswer> {
    let request = Request::Seen(asked);
    let asked = names.iter().map(|name| ask_for::<SeenAnswer>(data, name, &request, PATIENCE));
    let answer = |heard| match heard {
        Ok(Heard::Answer(answer)) => Some(*answer),
        // A process of another version of the app, or of another user, tells nothing.
        _ => None,
    };
    join_all(asked).await.into_iter().filter_map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_all_of_its_processes() {
        assert!(
            is_of_unit("pay", "pay") && is_of_unit("pay.1", "pay") && is_of_unit("pay.1", "pay.1")
        );
        assert!(
            is_of_unit("pay", "pay.0")
                && !is_of_unit("pay1", "pay")
                && !is_of_unit("pay", "pay.1")
                && !is_of_unit("payment", "pay")
        );
        assert!(!is_of_unit("pay.11", "pay.1") && !is_of_unit("pay.x", "pay"));
    }
}
