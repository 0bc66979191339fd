//! `call`: a method of the running app, from the command line.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use seam_admin::Deed;
use seam_core::{
    context::TraceContext,
    contract::ContractDescriptor,
    name::ServiceId,
    outcome::{Certainty, Code},
};
use seam_telemetry::SecretNames;
use serde_json::{
    Value as Json, json,
    value::{RawValue, to_raw_value},
};
use tokio::time::{sleep, timeout};

use super::{
    Failure,
    admin::audited_call,
    args::CallArgs,
    control::{PERIOD, Request, UnitStatus, answers, ask, connect},
    settle::Repeated,
    status::{self, closed, nothing_runs},
    usage,
};
use crate::config::{Config, nearest, process};

/// How long to wait for an answer beyond the deadline that was asked for: the unit tells of it itself,
/// unless it hangs.
pub(super) const MARGIN: Duration = Duration::from_millis(500);
/// How long the command takes at most if none was asked for: it ends within 5 s, whatever hangs.
pub(super) const PATIENCE: Duration = Duration::from_millis(4_500);
/// How long a process that has taken the call may not answer whether it lives.
const SILENCE: Duration = Duration::from_secs(2);

/// What is to be called.
pub(super) struct Asked {
    pub(super) service: String,
    pub(super) method: String,
    pub(super) arguments: Box<RawValue>,
    /// How long to wait; what the method says if none.
    pub(super) deadline: Option<Duration>,
    /// The trace that it is a part of; one of its own if none.
    pub(super) traceparent: Option<String>,
}

/// A call by hand, and what came of it.
pub(super) struct ByHand {
    /// The answer, or the problem.
    pub(super) called: Result<Box<RawValue>, Json>,
    pub(super) trace_id: String,
    pub(super) took: Duration,
}

impl ByHand {
    /// As people are shown it: without secrets, and else as it was written.
    pub(super) fn shown(self, secrets: &SecretNames) -> Result<Self, serde_json::Error> {
        let called = match self.called {
            Ok(answer) => {
                let own: Json = serde_json::from_str(answer.get())?;
                let hidden = secrets.hide(own.clone());
                Ok(if hidden == own { answer } else { to_raw_value(&hidden)? })
            }
            Err(problem) => Err(secrets.hide(problem)),
        };
        Ok(Self { called, ..self })
    }
}

/// A method, and who may be asked to call it.
pub(super) struct Known {
    /// What it takes, in words, if the app says what its services are.
    help: Option<String>,
    /// Whether it may be called twice.
    idempotent: bool,
    /// The names of the processes that answer, the best one first.
    pub(super) candidates: Vec<String>,
    /// One that runs and doesn't answer.
    silent: Option<String>,
}

/// Calls, and prints the answer.
pub(super) async fn call(
    config: &Config,
    contracts: &[(ServiceId, &'static ContractDescriptor)],
    args: CallArgs,
) -> Result<String, Failure> {
    let (service, method) = args.method;
    let known = known(config, contracts, &service, &method).await?;
    let (help, target) = (known.help.clone(), format!("{service}.{method}"));
    let taught = |text: String| match &help {
        Some(arguments) => format!("{text}\n  arguments of {target}: {arguments}"),
        None => text,
    };
    let arguments = object(&args.args).map_err(|text| Failure::usage(taught(text)))?;
    let (deadline, traceparent) = (args.deadline, None);
    let asked = Asked { service, method, arguments, deadline, traceparent };
    let secrets = SecretNames::of(contracts.iter().map(|(_, contract)| *contract));
    let deed = Deed::new("call", target.as_str()).to(told(&asked.arguments, &secrets));
    match audited_call(&config.app.data, deed, made(config, known, asked)).await? {
        Ok(answer) => Ok(indented(answer.get())),
        Err(problem) => Err(failed(&problem, args.json, taught)),
    }
}

/// Finds a method.
///
/// # Errors
/// There is no such service or method.
pub(super) async fn known(
    config: &Config,
    contracts: &[(ServiceId, &'static ContractDescriptor)],
    service: &str,
    method: &str,
) -> Result<Known, Failure> {
    let (units, silent) = status::ask_all(config).await?;
    let plugged = units.iter().flat_map(|unit| &unit.plugged);
    let mut plugged = plugged.filter(|plugged| plugged.state == "served");
    if config.service(service).is_none() && !plugged.any(|own| own.service == service) {
        let known = config.services.iter().map(|service| service.name.as_str());
        let fix = nearest(service, known);
        let fix = fix.trim_end_matches(", or take it out");
        return Err(Failure::usage(format!("there is no service `{service}`\n  fix: {fix}")));
    }
    let contract = usage::contract(contracts, service);
    let idempotent = contract.and_then(|own| own.method(method)).is_some_and(|own| own.idempotent);
    Ok(Known {
        help: help(contracts, service, method)?,
        idempotent,
        candidates: candidates(config, units, service),
        silent: silent.first().map(|(unit, instance)| process(unit, *instance)),
    })
}

/// Calls, as the whole of a trace that is kept: whoever calls by hand wants to see what came of it.
pub(super) async fn by_hand(
    config: &Config,
    known: Known,
    asked: Asked,
) -> Result<ByHand, Failure> {
    // The header names a span, always.
    let trace = TraceContext { sampled: true, ..TraceContext::root().child() };
    let asked = Asked { traceparent: Some(trace.to_traceparent()), ..asked };
    let began = Instant::now();
    let called = made(config, known, asked).await?;
    Ok(ByHand { called, trace_id: trace.trace.to_string(), took: began.elapsed() })
}

/// Calls, by a process in which the service runs, or else by one that may reach it; by the next one
/// if that can't do it. The answer, or the problem.
async fn made(
    config: &Config,
    known: Known,
    asked: Asked,
) -> Result<Result<Box<RawValue>, Json>, Failure> {
    let Asked { service, method, arguments: args, deadline, traceparent } = asked;
    let deadline_ms = deadline.map(|deadline| (deadline.as_millis() as u64).max(1));
    let repeated = known.idempotent.then(|| Repeated::new(&service, &method, &args)).flatten();
    let request = Request::Call { service, method, args, deadline_ms, traceparent };
    let began = Instant::now();
    let mut refused = None;
    for name in known.candidates {
        let stream = connect(&config.app.data, &name).await;
        let Some(stream) = stream.map_err(|error| closed(&name, &error))? else { continue };
        let left = || PATIENCE.saturating_sub(began.elapsed());
        let patience = deadline.map_or_else(left, |deadline| deadline + MARGIN);
        let asked = Instant::now();
        let answer = tokio::select! {
            answer = ask(stream, &request, patience) => answer,
            () = hangs(&config.app.data, &name) => Err(io::ErrorKind::TimedOut.into()),
        };
        match answer {
            // Nothing has run, and another process may know the way.
            Ok(Err(problem))
                if problem["code"] == "unavailable" && problem["outcome"] == "not_executed" =>
            {
                refused = Some(problem);
            }
            Ok(called) => {
                if let Some(repeated) = repeated {
                    repeated.settle(&config.app.data, &called).await;
                }
                return Ok(called);
            }
            Err(error) => {
                return Ok(Err(unanswered(&name, &error, asked.elapsed(), &config.edge.errors)));
            }
        }
    }
    let silent = || known.silent.map(|name| not_asked(&name, &config.edge.errors));
    match refused.or_else(silent) {
        Some(problem) => Ok(Err(problem)),
        None => Err(Failure::other(nothing_runs(config))),
    }
}

/// The names of the processes that answer: first those in which the service runs, then those that
/// host it, then all others.
fn candidates(config: &Config, mut units: Vec<UnitStatus>, service: &str) -> Vec<String> {
    let hosts = |unit: &UnitStatus| {
        let mut units = config.units.iter().filter(|config| config.name == unit.unit);
        units.any(|unit| unit.services.iter().any(|hosted| hosted == service))
    };
    let runs = |unit: &UnitStatus| {
        let mut hosted = unit.services.iter().filter(|hosted| hosted.service == service);
        hosted.any(|hosted| hosted.state == "running")
    };
    units.sort_by_key(|unit| (!runs(unit), !hosts(unit)));
    units.into_iter().map(|unit| process(&unit.unit, unit.instance)).collect()
}

/// Until a process doesn't say any more that it lives.
async fn hangs(data: &Path, name: &str) {
    while timeout(SILENCE, answers(data, name)).await.is_ok() {
        sleep(PERIOD).await;
    }
}

fn failed(problem: &Json, json: bool, taught: impl Fn(String) -> String) -> Failure {
    match problem["code"].as_str() {
        _ if json => Failure::answer(format!("{problem:#}")),
        Some("bad_request") => Failure::other(taught(in_words(problem))),
        _ => Failure::other(in_words(problem)),
    }
}

/// The problem of a call that nobody took, for the only unit that runs doesn't answer.
fn not_asked(unit: &str, errors: &str) -> Json {
    let code = Code::Unavailable;
    json!({
        "type": format!("{errors}{code}"),
        "title": "Service Unavailable",
        "status": code.status(),
        "code": code.as_str(),
        "outcome": Certainty::NotExecuted.as_str(),
        "detail": format!("unit `{unit}` runs and doesn't answer: it is still starting, or it hangs"),
    })
}

/// The problem of a call that a unit took, and of which it said no more. `errors` is where codes are
/// explained.
pub(super) fn unanswered(unit: &str, error: &io::Error, waited: Duration, errors: &str) -> Json {
    let (code, title, what) = match error.kind() {
        io::ErrorKind::TimedOut => {
            let what =
                format!("in {waited:.1?}: it hangs, or the call takes longer (--deadline 30s)");
            (Code::DeadlineExceeded, "Gateway Timeout", what)
        }
        _ => (Code::ConnectionLost, "Bad Gateway", format!("any more: {error}")),
    };
    let detail = format!(
        "unit `{unit}` took the call and doesn't answer {what}. It may have run: look before you \
         repeat it"
    );
    json!({
        "type": format!("{errors}{code}"),
        "title": title,
        "status": code.status(),
        "detail": detail,
        "code": code.as_str(),
        "outcome": Certainty::Unknown.as_str(),
    })
}

/// What the method takes, in words; `None` if the app doesn't say what its services are.
fn help(
    contracts: &[(ServiceId, &'static ContractDescriptor)],
    service: &str,
    method: &str,
) -> Result<Option<String>, Failure> {
    let Some(contract) = usage::contract(contracts, service) else { return Ok(None) };
    match contract.method(method) {
        Some(method) => Ok(Some(usage::arguments(method))),
        None => {
            let known = contract.methods.iter().map(|method| method.name.as_str());
            let fix = nearest(method, known);
            let fix = fix.trim_end_matches(", or take it out");
            Err(Failure::usage(format!(
                "`{service}` has no method `{method}`\n  fix: {fix}\n  methods of {service}:{}",
                usage::methods(contract)
            )))
        }
    }
}

/// Arguments as the audit has them: without secrets.
pub(super) fn told(arguments: &RawValue, secrets: &SecretNames) -> Json {
    secrets.hide(serde_json::from_str(arguments.get()).unwrap_or_default())
}

/// The arguments, which are a JSON object.
pub(super) fn object(text: &str) -> Result<Box<RawValue>, String> {
    // In one line: line feeds in JSON are nothing but space.
    let text = text.trim().replace(['\n', '\r'], " ");
    let object = text.starts_with('{');
    match RawValue::from_string(text) {
        Ok(args) if object => Ok(args),
        Ok(_) => Err("arguments go by name, in a JSON object: '{\"order\": 7}'".into()),
        Err(error) => Err(format!(
            "this is not JSON: {error}\n  fix: put it in single quotes: '{{\"order\": 7}}'"
        )),
    }
}

/// An answer, over several lines; its texts and numbers stay as they are.
pub(super) fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    let mut rest = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = rest.next() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            out.push(c);
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                if let Some(end) = rest.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                    continue;
                }
                depth += 1;
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            ' ' | '\t' | '\n' | '\r' => {}
            other => {
                in_text = other == '"';
                out.push(other);
            }
        }
    }
    out
}

/// A problem in one line, and what more it says below.
pub(super) fn in_words(problem: &Json) -> String {
    let Some(fields) = problem.as_object() else { return problem.to_string() };
    let text = |key: &str| fields.get(key).and_then(Json::as_str);
    let mut words = text("code").or(text("title")).unwrap_or("failed").to_owned();
    if let Some(outcome) = text("outcome") {
        words += &format!(" ({})", outcome.replace('_', " "));
    }
    if let Some(detail) = text("detail") {
        words += &format!(": {detail}");
    }
    for (key, value) in fields {
        if !["code", "outcome", "detail", "title", "type", "status"].contains(&key.as_str()) {
            words += &format!("\n  {key}: {value}");
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_an_object() {
        assert_eq!(object(" {\"x\":\n1.10}\n").unwrap().get(), "{\"x\": 1.10}");
        assert!(object("[1]").unwrap_err().contains("arguments go by name"));
        assert!(object("{").unwrap_err().contains("this is not JSON"));
    }

    #[test]
    fn an_answer_is_indented_as_it_is() {
        for json in
            ["7", "\"a:{\\\"b\\\\\"", "[]", "{}", "[{},[1,{\"a\":null}]]", "{\"a\":{\"b,\":\"[\"}}"]
        {
            let value: Json = serde_json::from_str(json).unwrap();
            assert_eq!(indented(json), format!("{value:#}"));
        }
        assert_eq!(
            indented("[123456789012345678901234567890]"),
            "[\n  123456789012345678901234567890\n]"
        );
    }

    #[test]
    fn problems_in_words() {
        let problem = json!({
            "type": "/errors/overloaded",
            "status": 503,
            "code": "overloaded",
            "outcome": "not_executed",
            "detail": "the mailbox is full",
            "requestId": "7",
        });
        let expected = "overloaded (not executed): the mailbox is full\n  requestId: \"7\"";
        assert_eq!(in_words(&problem), expected);
        assert_eq!(in_words(&json!("no")), "\"no\"");
    }
}
