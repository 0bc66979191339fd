//! A call whose outcome was unknown.

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A call whose outcome was unknown to its caller; as JSON, its keys are in camel case.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its span: 16 hexadecimal digits.
    pub id: String,
    /// When its caller was told: RFC 3339, in UTC, with milliseconds.
    pub at: String,
    /// Its trace: 32 hexadecimal digits.
    pub trace_id: String,
    /// Who made it: a service, `edge`, `program` or `operator`.
    pub caller: String,
    /// What was called: `payment.charge`.
    pub callee: String,
    /// Why its outcome was unknown; `caller_gone` if its caller left.
    pub code: String,
    /// Its arguments by name, without secrets; null where a turn has taken them, or there are too many.
    #[serde(default)]
    pub arguments: Value,
    /// How far it has been looked into.
    #[serde(default)]
    pub state: State,
    /// What became of it, if that is known.
    #[serde(default)]
    pub found: Option<Found>,
    /// What somebody has found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How far a call has been looked into.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody knows what became of it.
    #[default]
    Open,
    /// Its callee has said what became of it.
    Found,
    /// The same call was made again, and has come to an answer.
    Settled,
    /// Somebody has looked into it.
    Resolved,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It came to no answer: it didn't begin, or ended before its end.
    Failed,
    /// Its service has answered with an error.
    ServiceError,
    /// It was answered.
    Answered,
}

impl Entry {
    /// A time in nanoseconds since 1970, as entries have it.
    pub fn time(nanos: u64) -> String {
        let time = DateTime::from_timestamp_nanos(i64::try_from(nanos).unwrap_or(i64::MAX));
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Whether an answer to the same call would tell what became of it: nobody else has, or it came to
    /// nothing.
    pub fn may_settle(&self) -> bool {
        matches!(self.state, State::Open | State::Found) && self.found <= Some(Found::Failed)
    }

    /// Its line.
    pub(super) fn line(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

impl State {
    /// As JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Found => "found",
            Self::Settled => "settled",
            Self::Resolved => "resolved",
        }
    }
}

impl Found {
    /// As JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::ServiceError => "service_error",
            Self::Answered => "answered",
        }
    }
}
