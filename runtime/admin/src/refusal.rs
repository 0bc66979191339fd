//! Why something isn't answered, or wasn't done.

use std::borrow::Cow;

use serde_json::Value;

/// Why something isn't answered, or wasn't done: a problem, without what HTTP adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The status of the response.
    pub status: u16,
    /// For machines, in snake case.
    pub code: Cow<'static, str>,
    /// For people; it says what to do next.
    pub detail: String,
    /// Further members of the problem.
    pub members: Vec<(&'static str, Value)>,
}

impl Refusal {
    /// One with a status and a code of its own.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { status, code: code.into(), detail: detail.into(), members: Vec::new() }
    }

    /// What was asked makes no sense.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "bad_request", detail)
    }

    /// There is nothing of that name.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "not_found", detail)
    }

    /// Who asks mayn't.
    pub fn denied(detail: impl Into<String>) -> Self {
        Self::new(403, "denied", detail)
    }

    /// The state of what runs doesn't allow it; nothing was done.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, "conflict", detail)
    }

    /// Nobody answers who would have to.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(503, "unavailable", detail)
    }

    /// Too much at once.
    pub fn overloaded(detail: impl Into<String>) -> Self {
        Self::new(503, "overloaded", detail)
    }

    /// It was begun, and failed.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self::new(500, "failed", detail)
    }

    /// With one more member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Refusal {}
