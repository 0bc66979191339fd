//! `tap`: calls as they end, in all units.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    time::{Duration, Instant},
};

use clap::Args;
use seam_telemetry::{
    Outcome, SpanKind,
    tap::{Query, Tapped},
};
use serde_json::{Value as Json, json};
use tokio::time::sleep;

use super::{
    super::{
        Failure,
        args::{parse_duration, parse_outcome},
        status::{latency, nothing_runs},
    },
    asking::{is_of_unit, names, tapped},
    show::{outcome, time},
};
use crate::config::Config;

/// How often units are asked for what has come.
pub(in crate::command) const PERIOD: Duration = Duration::from_millis(200);

/// What `tap` shows.
#[derive(Args, Clone, Debug)]
pub(in crate::command) struct TapArgs {
    /// Only calls to this service, or of this method; `edge` for requests [default: all].
    #[arg(value_name = "SERVICE[.METHOD]")]
    target: Option<String>,
    /// Only calls by this service, or by `edge`, `program`, `operator`.
    #[arg(long, value_name = "CALLER")]
    caller: Option<String>,
    /// Only calls that ended so: answered, service_error, not_executed, unknown.
    #[arg(long, value_name = "OUTCOME", value_parser = parse_outcome)]
    outcome: Option<Outcome>,
    /// Only calls that took longer, e.g. `100ms`.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    over: Option<Duration>,
    /// Only calls in this unit, where they were made or ran.
    #[arg(long, value_name = "UNIT[.N]")]
    unit: Option<String>,
    /// Show arguments and answers, as JSON of 16 KiB each at most; secrets are `***`.
    #[arg(long)]
    bodies: bool,
    /// End after so many calls.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// End after so long, e.g. `10s`.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    during: Option<Duration>,
    /// Print JSON, a line for each call: as `GET /api/tap` of the admin listener tells it.
    #[arg(long)]
    json: bool,
}

impl TapArgs {
    fn query(&self) -> Query {
        let target = self.target.as_deref();
        let (service, method) = match target
            .map(|target| target.split_once('.').unwrap_or((target, "")))
        {
            Some((service, method)) => (Some(service), Some(method).filter(|own| !own.is_empty())),
            None => (None, None),
        };
        Query {
            service: service.map(str::to_owned),
            method: method.map(str::to_owned),
            caller: self.caller.clone(),
            outcome: self.outcome,
            over_us: self.over.map(|over| u64::try_from(over.as_micros()).unwrap_or(u64::MAX)),
            bodies: self.bodies,
        }
    }
}

/// `tap`: prints what `asked` says.
pub(in crate::command) async fn tap(config: &Config, asked: &TapArgs) -> Result<(), Failure> {
    let data = &config.app.data;
    let id = format!("tap-{}-{}", std::process::id(), fastrand::u32(..));
    let end = asked.during.map(|during| Instant::now() + during);
    let query = asked.query();
    let mut left = asked.count.unwrap_or(u64::MAX);
    loop {
        let mut names = names(data);
        if names.is_empty() {
            return Err(Failure::other(nothing_runs(config)));
        }
        names.retain(|name| asked.unit.as_ref().is_none_or(|unit| is_of_unit(name, unit)));
        let found = tapped(data, &names, &id, vec![query.clone()]).await;
        if let Some(why) = found.crowded {
            return Err(Failure::other(why));
        }
        let mut text = String::new();
        let mut calls = found.calls;
        calls.sort_by_key(|call| call.span.start_us + call.span.took_us);
        for call in calls.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
            left -= 1;
            let told = if asked.json { json!(call).to_string() } else { line(call, asked.bodies) };
            text.push_str(&told);
            text.push('\n');
        }
        if !printed(&text, found.dropped)?
            || left == 0
            || end.is_some_and(|end| Instant::now() >= end)
        {
            return Ok(());
        }
        sleep(PERIOD).await;
    }
}

/// Prints; whether anybody reads it still.
fn printed(text: &str, dropped: u64) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
        Err(error) => return Err(Failure::other(error)),
        Ok(()) => {}
    }
    if dropped > 0 {
        let what = if dropped == 1 { "call was" } else { "calls were" };
        aside(&format!(
            "{dropped} more {what} dropped: ask for fewer, by service, caller or --over"
        ));
    }
    Ok(true)
}

/// For people, beside what is printed.
fn aside(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A call, for people.
fn line(call: &Tapped, bodies: bool) -> String {
    let span = &call.span;
    let side = if span.kind == SpanKind::Client { " (made)" } else { "" };
    let called = match &span.http {
        Some(_) => span.method.clone(),
        None => format!("{} → {}.{}{side}", span.caller, span.service, span.method),
    };
    let took = latency(span.took_us as f64);
    let mut text = format!(
        "{} {:<8} {called:<40} {took:>9} {} {}",
        time(span.start_us),
        span.unit,
        outcome(span),
        span.trace_id
    );
    if bodies {
        for (what, body) in [("arguments", &call.arguments), ("answer", &call.answer)] {
            if *body != Json::Null {
                let _ = write!(text, "\n    {what} {body}");
            }
        }
    }
    text
}
