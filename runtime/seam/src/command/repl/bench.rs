//! `bench`: a call, made again and again.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::Path,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{
    super::{
        Failure,
        call::{Known, MARGIN, PATIENCE, unanswered},
        control::{Request, Talk, connect},
        seen::quantile_us,
        status::{closed, latency},
    },
    line::Call,
};
use crate::config::Config;

/// Times are counted by their first so many bits: to within a hundredth.
const BITS: u32 = 7;

/// How it is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) lasting: Duration,
    /// How many calls are under way at a time.
    pub(super) concurrency: usize,
}

/// What came of the calls.
#[derive(Debug, Default)]
pub(super) struct Figures {
    call: String,
    /// The process that made them.
    through: String,
    concurrency: usize,
    calls: u64,
    /// Those that weren't executed, or of which nobody knows it.
    failures: u64,
    /// Of those that weren't answered: how many with which code and outcome.
    problems: BTreeMap<String, u64>,
    /// How many took how long, in nanoseconds.
    times: BTreeMap<u64, u64>,
    took: Duration,
    interrupted: bool,
}

/// Makes the call for as long as is asked, or until `interrupted` is done. The calls go the way of
/// [`call`](super::super::call), through one process, on a connection each.
///
/// # Errors
/// No process takes them.
pub(super) async fn bench(
    config: &Config,
    known: Known,
    call: Call,
    how: How,
    interrupted: impl Future<Output = ()>,
) -> Result<Figures, Failure> {
    let data = &config.app.data;
    let (name, patience) = (call.name(), call.deadline.map_or(PATIENCE, |own| own + MARGIN));
    let Call { service, method, arguments: args, deadline } = call;
    let deadline_ms = deadline.map(|own| (own.as_millis() as u64).max(1));
    let request = Request::Call { service, method, args, deadline_ms, traceparent: None };
    let (through, talk) = first(data, &known.candidates).await?;
    let mut talks = vec![talk];
    while talks.len() < how.concurrency {
        talks.extend(connected(data, &through).await?);
    }
    let figures = RefCell::new(Figures::default());
    let began = Instant::now();
    let caller = Caller { data, through: &through, request: &request, patience, figures: &figures };
    let calls =
        talks.into_iter().map(|talk| caller.call(talk, began + how.lasting, &config.edge.errors));
    let interrupted = tokio::select! {
        ended = join_all(calls) => ended.into_iter().collect::<Result<(), Failure>>().map(|()| false)?,
        () = interrupted => true,
    };
    let (took, concurrency) = (began.elapsed(), how.concurrency);
    Ok(Figures { call: name, through, concurrency, took, interrupted, ..figures.into_inner() })
}

/// The first of these processes that can be asked.
async fn first(data: &Path, names: &[String]) -> Result<(String, Talk), Failure> {
    for name in names {
        if let Some(talk) = connected(data, name).await? {
            return Ok((name.clone(), talk));
        }
    }
    Err(Failure::other("no unit takes calls now\n  fix: `status` shows what runs"))
}

async fn connected(data: &Path, name: &str) -> Result<Option<Talk>, Failure> {
    let stream = connect(data, name).await.map_err(|error| closed(name, &error))?;
    Ok(stream.map(Talk::new))
}

/// Makes calls, one after the other.
#[derive(Clone, Copy)]
struct Caller<'b> {
    data: &'b Path,
    through: &'b str,
    request: &'b Request,
    patience: Duration,
    figures: &'b RefCell<Figures>,
}

impl Caller<'_> {
    async fn call(self, mut talk: Talk, until: Instant, errors: &str) -> Result<(), Failure> {
        while Instant::now() < until {
            let began = Instant::now();
            let answer = talk.ask(self.request, self.patience).await;
            let took = began.elapsed();
            let lost = answer.is_err();
            let called = answer.unwrap_or_else(|error: io::Error| {
                Err(unanswered(self.through, &error, took, errors))
            });
            self.figures.borrow_mut().add(took, called.as_ref().err());
            if lost {
                let Some(again) = connected(self.data, self.through).await? else { return Ok(()) };
                talk = again;
            }
        }
        Ok(())
    }
}

impl Figures {
    fn add(&mut self, took: Duration, problem: Option<&Json>) {
        self.calls += 1;
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        *self.times.entry(rounded(nanos)).or_default() += 1;
        if let Some(problem) = problem {
            let text = |key: &str| problem[key].as_str().unwrap_or("failed");
            self.failures += u64::from(text("outcome") != "service");
            let kind = format!("{} ({})", text("code"), text("outcome").replace('_', " "));
            *self.problems.entry(kind).or_default() += 1;
        }
    }

    /// Whether any call was made.
    pub(super) const fn was_made(&self) -> bool {
        self.calls > self.failures
    }

    fn per_s(&self) -> f64 {
        let seconds = self.took.as_secs_f64();
        if seconds > 0.0 { (self.calls as f64 / seconds * 10.0).round() / 10.0 } else { 0.0 }
    }

    /// As the audit tells it.
    pub(super) fn line(&self) -> String {
        let end = if self.interrupted { ", interrupted" } else { "" };
        format!("{}, {} failed{end}", calls(self.calls), self.failures)
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let time = |share| match self.calls {
            0 => "-".into(),
            _ => latency(quantile_us(&self.times, share)),
        };
        let end = if self.interrupted { ", interrupted" } else { "" };
        let mut text = format!(
            "{}: {} in {:.1}s, {} at a time through {}{end}\n  \
             {:.1} calls/s, p50 {}, p99 {}, {} failed",
            self.call,
            calls(self.calls),
            self.took.as_secs_f64(),
            self.concurrency,
            self.through,
            self.per_s(),
            time(0.5),
            time(0.99),
            self.failures,
        );
        for (kind, count) in &self.problems {
            text.push_str(&format!("\n  {count} × {kind}"));
        }
        text
    }

    /// For scripts.
    pub(super) fn to_json(&self) -> Json {
        json!({
            "call": self.call,
            "unit": self.through,
            "concurrency": self.concurrency,
            "calls": self.calls,
            "failures": self.failures,
            "problems": self.problems,
            "seconds": self.took.as_secs_f64(),
            "callsPerS": self.per_s(),
            "p50Us": quantile_us(&self.times, 0.5),
            "p99Us": quantile_us(&self.times, 0.99),
            "interrupted": self.interrupted,
        })
    }
}

fn calls(count: u64) -> String {
    if count == 1 { "1 call".into() } else { format!("{count} calls") }
}

/// The first bits of a number, rounded up, so that there are few of them.
fn rounded(nanos: u64) -> u64 {
    let rest = (u64::BITS - nanos.leading_zeros()).saturating_sub(BITS);
    let step = 1 << rest;
    nanos.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_few_and_within_a_hundredth() {
        for nanos in [0, 1, 127, 128, 1_000, 123_456_789, u64::MAX] {
            let rounded = rounded(nanos);
            assert!(rounded >= nanos && (rounded - nanos) as f64 <= nanos as f64 / 64.0, "{nanos}");
        }
        assert_eq!((rounded(100), rounded(129), rounded(1 << 40)), (100, 130, 1 << 40));
    }

    #[test]
    fn figures_tell_answers_and_failures_apart() {
        let mut figures = Figures {
            call: "payment.charge".into(),
            through: "pay".into(),
            concurrency: 2,
            took: Duration::from_secs(2),
            ..Figures::default()
        };
        assert!(!figures.was_made());
        assert!(
            figures.text().ends_with("0.0 calls/s, p50 -, p99 -, 0 failed"),
            "{}",
            figures.text()
        );
        let problem = |code: &str, outcome: &str| json!({ "code": code, "outcome": outcome });
        for _ in 0..97 {
            figures.add(Duration::from_micros(64), None);
        }
        figures.add(Duration::from_millis(1), Some(&problem("declined", "service")));
        figures.add(Duration::from_millis(1), Some(&problem("overloaded", "not_executed")));
        figures.add(Duration::from_millis(1), Some(&problem("overloaded", "not_executed")));
        assert!(figures.was_made());
        assert_eq!(
            figures.text(),
            "payment.charge: 100 calls in 2.0s, 2 at a time through pay\n  \
             50.0 calls/s, p50 64.0us, p99 1.0ms, 2 failed\n  \
             1 × declined (service)\n  2 × overloaded (not executed)"
        );
        assert_eq!(figures.line(), "100 calls, 2 failed");
        assert_eq!(figures.to_json()["callsPerS"], 50.0);
    }
}
