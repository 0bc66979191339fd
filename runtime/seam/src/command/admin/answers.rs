//! What commands come to, as the admin listener answers it.

use seam_admin::Refusal;
use seam_core::outcome::Certainty;
use serde::Serialize;
use serde_json::{Value as Json, value::RawValue};

use super::super::{Failure, call::ByHand};
use crate::config::Problems;

/// A call by hand.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::command) struct Called<'a> {
    /// Which, where that isn't known otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'a str>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a Json>,
    trace_id: &'a str,
    took_us: u64,
}

impl<'a> Called<'a> {
    pub(in crate::command) fn new(done: &'a ByHand) -> Self {
        let trace_id = &done.trace_id;
        let took_us = u64::try_from(done.took.as_micros()).unwrap_or(u64::MAX);
        match &done.called {
            Ok(answer) => {
                let answer = Some(&**answer);
                Self { call: None, outcome: "answered", answer, problem: None, trace_id, took_us }
            }
            Err(problem) => {
                // As spans and metrics call it.
                let outcome = match problem["outcome"].as_str() {
                    Some(outcome) if outcome == Certainty::Service.as_str() => "service_error",
                    Some(outcome) => outcome,
                    None => Certainty::NotExecuted.as_str(),
                };
                let problem = Some(problem);
                Self { call: None, outcome, answer: None, problem, trace_id, took_us }
            }
        }
    }

    /// The same, with its name.
    pub(in crate::command) const fn of(self, call: &'a str) -> Self {
        Self { call: Some(call), ..self }
    }

    /// How it ended: `answered`, `service_error`, `not_executed`, `unknown`.
    pub(in crate::command) const fn outcome(&self) -> &str {
        self.outcome
    }
}

/// Why something isn't known.
pub(super) fn unknown(failure: Failure) -> Refusal {
    match failure.code {
        2 => Refusal::bad_request(failure.text),
        _ => Refusal::unavailable(failure.text),
    }
}

/// Why something wasn't done.
pub(super) fn undone(failure: Failure) -> Refusal {
    match failure.code {
        2 => Refusal::bad_request(failure.text),
        _ => Refusal::conflict(failure.text),
    }
}

/// What is wrong with a config.
pub(super) fn invalid(problems: &Problems) -> Refusal {
    let all: Vec<Json> = problems
        .iter()
        .map(|own| {
            serde_json::json!({
                "at": own.origin.to_string(), "reason": own.reason, "fix": own.fix,
            })
        })
        .collect();
    let refusal = Refusal::new(400, "invalid_config", "the config is wrong: nothing has changed");
    refusal.with("problems", all)
}
