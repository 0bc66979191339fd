//! How errors look, where a program wants them otherwise.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

/// Says how an error is answered.
pub type Shape = Arc<dyn Fn(&ProblemReport<'_>) -> Shaped + Send + Sync>;

/// An error that is about to be answered: of the edge or of the runtime, or a service's.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ProblemReport<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The stable code, e.g. `bad_request`.
    pub code: &'a str,
    /// `service`, `not_executed` or `unknown`: whether a call has run.
    pub outcome: &'a str,
    /// What is wrong, for people.
    pub detail: &'a str,
    /// The id under which the log has it; the header `X-Request-Id` says it in any case.
    pub request_id: &'a str,
    /// All members of the problem, as it would be answered.
    pub members: &'a Map<String, Value>,
}

/// What is answered in place of a problem. Headers that say what becomes of a request stay:
/// `x-seam-outcome`, `X-Request-Id`, `Retry-After`, `Allow`.
#[derive(Clone, PartialEq, Eq)]
pub struct Shaped {
    /// The status; one that is none, or that says that all went well, is not taken.
    pub status: u16,
    /// The media type of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl ProblemReport<'_> {
    /// The problem as it would be answered without a shape.
    pub fn unchanged(&self) -> Shaped {
        Shaped {
            status: self.status,
            content_type: "application/problem+json".into(),
            body: Value::Object(self.members.clone()).to_string().into_bytes(),
        }
    }
}

impl Shaped {
    /// An answer of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        let content_type = "application/json".into();
        Self { status, content_type, body: body.to_string().into_bytes() }
    }
}

impl fmt::Debug for Shaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {}: {body}", self.status, self.content_type)
    }
}
