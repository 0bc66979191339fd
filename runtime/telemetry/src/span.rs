//! A finished call, as it is kept and shown.

use serde::{Deserialize, Serialize};

/// A finished call or request; as JSON, its keys are in camel case.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// The trace: 32 hexadecimal digits.
    pub trace_id: String,
    /// The span: 16 hexadecimal digits.
    pub span_id: String,
    /// The span that it is a part of; none if it has begun the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The unit that it happened in.
    pub unit: String,
    /// The service that was called, by its bare name; `edge` for a request.
    pub service: String,
    /// The method that was called; of a request its name: `POST /api/order`.
    pub method: String,
    /// Which side of the call it is.
    pub kind: SpanKind,
    /// Who called: a service, `edge`, `program` or `operator`; empty for a request.
    pub caller: String,
    /// When it began, in microseconds since 1970.
    pub start_us: u64,
    /// How long it took, in microseconds, the wait in the mailbox included.
    pub took_us: u64,
    /// How long it waited in the mailbox, in microseconds.
    #[serde(default)]
    pub wait_us: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The code of what went wrong; none if it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What began it, where that is another trace: what published the event, or enqueued the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Of a request: what HTTP says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Http>,
}

/// Which side of a call a span is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// Where it ran.
    #[default]
    Server,
    /// Where it was made, if it ran elsewhere.
    Client,
}

/// How a call ended.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With an answer.
    #[default]
    Answered,
    /// With an error of its service.
    ServiceError,
    /// It did not run.
    NotExecuted,
    /// It may have run.
    Unknown,
}

/// A span of another trace.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The trace.
    pub trace_id: String,
    /// The span in it.
    pub span_id: String,
}

/// What HTTP says of a request.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// Its method; `_OTHER` if it is none that is known.
    pub method: String,
    /// The route that it took, such as `/api/user/{id}`; none if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The path that was asked for, without its query.
    pub path: String,
    /// The status of the response; 0 if none was sent.
    pub status: u16,
}

impl Outcome {
    /// As JSON and metrics have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::ServiceError => "service_error",
            Self::NotExecuted => "not_executed",
            Self::Unknown => "unknown",
        }
    }
}

/// What a text takes beside its bytes, in memory that is given out in steps.
const TEXT: usize = 16;

impl Span {
    /// How much memory it takes, in bytes, as far as it matters.
    pub(crate) fn size(&self) -> usize {
        let http = self.http.as_ref();
        let texts =
            [&self.trace_id, &self.span_id, &self.unit, &self.service, &self.method, &self.caller];
        let perhaps = [self.parent_id.as_ref(), self.code.as_ref()];
        let of_http = [http.map(|http| &http.path), http.and_then(|http| http.route.as_ref())];
        let lengths = texts.into_iter().chain([perhaps, of_http].into_iter().flatten().flatten());
        size_of::<Self>() + lengths.map(|text| text.len() + TEXT).sum::<usize>()
    }

    /// What traces call it: `order/place`, or of a request `POST /api/order`.
    pub fn name(&self) -> String {
        match self.http {
            Some(_) => self.method.clone(),
            None => format!("{}/{}", self.service, self.method),
        }
    }
}
