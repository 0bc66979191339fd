//! `traces`, `trace`, `slow`: what units have seen, for people and scripts.

use std::collections::BTreeMap;

use seam_core::{contract::ContractDescriptor, name::ServiceId};
use seam_telemetry::{
    Span, SpanKind,
    logs::{LogEntry, Look, Query, query},
};
use serde_json::{Value as Json, json};

use super::{
    super::{
        Failure, logs,
        status::{latency, nothing_runs, table, trimmed},
    },
    asking::{counts, names, spans_of, traces},
    slow::{Slow, slow},
    traces::Trace,
};
use crate::{config::Config, unit::TracesAsk};

/// `traces`.
pub(in crate::command) async fn show_traces(
    config: &Config,
    unit: Option<&str>,
    asked: TracesAsk,
    as_json: bool,
) -> Result<String, Failure> {
    let (data, names) = (&config.app.data, names(&config.app.data));
    let found = traces(data, &names, unit, asked).await;
    if found.is_empty() {
        runs(config, &names).await?;
    }
    if as_json {
        let all: Json = found.iter().map(Trace::summary).collect();
        return Ok(format!("{all:#}"));
    }
    if found.is_empty() {
        return Ok("no trace that is kept fits".into());
    }
    let mut rows =
        table(&["BEGAN", "REQUEST", "UNITS", "TOOK", "OUTCOME", "SPANS", "TRACE"], &[3, 5]);
    for trace in &found {
        let root = trace.root();
        let units: Vec<_> = trace.units().into_iter().collect();
        rows.add_row([
            time(trace.start_us()),
            root.name(),
            units.join(" "),
            latency(root.took_us as f64),
            outcome(root),
            trace.spans().len().to_string(),
            trace.id().to_owned(),
        ]);
    }
    Ok(trimmed(&rows))
}

/// `trace`.
pub(in crate::command) async fn show_trace(
    config: &Config,
    id: &str,
    as_json: bool,
) -> Result<String, Failure> {
    let (data, names) = (&config.app.data, names(&config.app.data));
    let id = id.to_ascii_lowercase();
    let Some(trace) = spans_of(data, &names, &id).await else {
        runs(config, &names).await?;
        let app = &config.app.name;
        return Err(Failure::other(format!(
            "no unit has a trace `{id}`: it wasn't recorded, or made room for others\n  \
             fix: `{app} traces` lists those that are kept, `{app} logs --trace {id}` has its lines"
        )));
    };
    let asked = Query { trace: Some(id), ..Query::default() };
    let lines = query(&logs::folder(data), &asked);
    Ok(match as_json {
        true => format!("{:#}", trace.to_json(&lines)),
        false => waterfall(&trace, &lines),
    })
}

/// `slow`.
pub(in crate::command) async fn show_slow(
    config: &Config,
    contracts: &[(ServiceId, &'static ContractDescriptor)],
    as_json: bool,
) -> Result<String, Failure> {
    let names = names(&config.app.data);
    let all = slow(&config.app.data, &names, config, contracts).await;
    if all.is_empty() {
        runs(config, &names).await?;
    }
    if as_json {
        return Ok(format!("{:#}", json!(all)));
    }
    Ok(if all.is_empty() { "no call was over its limit".into() } else { methods(&all) })
}

/// Whether anything runs that could say something.
async fn runs(config: &Config, names: &[String]) -> Result<(), Failure> {
    match counts(&config.app.data, names).await[..] {
        [] => Err(Failure::other(nothing_runs(config))),
        _ => Ok(()),
    }
}

fn methods(all: &[Slow]) -> String {
    let mut rows =
        table(&["METHOD", "LIMIT", "SLOW", "CALLS", "P99", "WORST TRACES"], &[1, 2, 3, 4]);
    for own in all {
        let worst = own.traces.iter();
        let worst = worst.map(|own| format!("{} {}", own.trace_id, latency(own.took_us as f64)));
        let mut worst = worst.collect::<Vec<_>>().into_iter();
        rows.add_row([
            format!("{}.{}", own.service, own.method),
            own.limit_us.map_or("-".into(), |limit| latency(limit as f64)),
            own.slow_calls.to_string(),
            own.calls.to_string(),
            latency(own.p99_us),
            worst.next().unwrap_or_else(|| "-".into()),
        ]);
        for further in worst {
            rows.add_row(["", "", "", "", "", &further]);
        }
    }
    trimmed(&rows)
}

/// A trace as people read it: each call under the one that made it, and what was logged.
fn waterfall(trace: &Trace, lines: &[LogEntry]) -> String {
    let root = trace.root();
    let (spans, units) = (trace.spans().len(), trace.units().into_iter().collect::<Vec<_>>());
    let whole = if trace.is_complete() { "" } else { "; not all of it is known" };
    let calls = if spans == 1 { "span" } else { "spans" };
    let mut text = format!(
        "{}: {} in {}; {spans} {calls} in {}{whole}\n\n",
        root.name(),
        outcome(root),
        latency(root.took_us as f64),
        units.join(", "),
    );
    let mut rows = table(&["CALL", "UNIT", "BEGAN", "TOOK", "WAITED", "OUTCOME"], &[2, 3, 4]);
    for (depth, span) in tree(trace.spans()) {
        let side = if span.kind == SpanKind::Client { " (made)" } else { "" };
        rows.add_row([
            format!("{}{}{side}", "· ".repeat(depth), span.name()),
            span.unit.clone(),
            format!("+{}", latency(span.start_us.saturating_sub(trace.start_us()) as f64)),
            latency(span.took_us as f64),
            if span.wait_us > 0 { latency(span.wait_us as f64) } else { "-".into() },
            outcome(span),
        ]);
    }
    text += &trimmed(&rows);
    if !lines.is_empty() {
        text += "\n";
    }
    for line in lines {
        text += "\n";
        text += &line.text(Look::default());
    }
    text
}

/// The spans with how deep each stands, those of a call right after it.
fn tree(spans: &[Span]) -> Vec<(usize, &Span)> {
    let known = |id: &&str| spans.iter().any(|span| span.span_id == **id);
    let mut children: BTreeMap<Option<&str>, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        let parent = span.parent_id.as_deref().filter(known);
        children.entry(parent).or_default().push(span);
    }
    let mut rows = Vec::with_capacity(spans.len());
    let roots = children.remove(&None).unwrap_or_default();
    let mut next: Vec<(usize, &Span)> = roots.into_iter().rev().map(|span| (0, span)).collect();
    while let Some((depth, span)) = next.pop() {
        rows.push((depth, span));
        let below = children.remove(&Some(span.span_id.as_str())).unwrap_or_default();
        next.extend(below.into_iter().rev().map(|span| (depth + 1, span)));
    }
    rows
}

pub(super) fn outcome(span: &Span) -> String {
    match &span.code {
        Some(code) => format!("{} ({code})", span.outcome.as_str().replace('_', " ")),
        None => span.outcome.as_str().replace('_', " "),
    }
}

/// A time of this day, by this machine's clock.
pub(super) fn time(us: u64) -> String {
    let at = i64::try_from(us).ok().and_then(chrono::DateTime::from_timestamp_micros);
    let local = at.map(|at| at.with_timezone(&chrono::Local));
    local.map_or_else(String::new, |at| at.format("%H:%M:%S%.3f").to_string())
}

#[cfg(test)]
mod tests {
    use seam_telemetry::Outcome;

    use super::*;

    #[test]
    fn a_waterfall_has_each_call_under_its_caller() {
        let span = |id: &str, parent: &str, service: &str, kind, start_us| Span {
            trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
            span_id: id.into(),
            parent_id: Some(parent.into()),
            unit: if id == "4" { "pay".into() } else { "front".into() },
            service: service.into(),
            method: "m".into(),
            kind,
            start_us,
            took_us: 1_500,
            wait_us: if id == "4" { 250 } else { 0 },
            ..Span::default()
        };
        let late = Span {
            outcome: Outcome::Unknown,
            code: Some("timeout".into()),
            ..span("3", "2", "payment", SpanKind::Client, 1_200)
        };
        let trace = Trace::of(vec![
            span("5", "1", "mail", SpanKind::Server, 2_000),
            span("4", "3", "payment", SpanKind::Server, 1_300),
            late,
            span("2", "1", "order", SpanKind::Server, 1_100),
            span("1", "0", "shop", SpanKind::Server, 1_000),
        ]);
        let text = waterfall(&trace.unwrap(), &[]);
        let expected = "\
shop/m: answered in 1.5ms; 5 spans in front, pay

CALL                  UNIT      BEGAN   TOOK   WAITED  OUTCOME
shop/m                front      +0ns  1.5ms        -  answered
· order/m             front  +100.0us  1.5ms        -  answered
· · payment/m (made)  front  +200.0us  1.5ms        -  unknown (timeout)
· · · payment/m       pay    +300.0us  1.5ms  250.0us  answered
· mail/m              front    +1.0ms  1.5ms        -  answered";
        assert_eq!(text, expected);
    }
}
