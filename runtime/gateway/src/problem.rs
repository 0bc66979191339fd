//! Errors as `application/problem+json` (RFC 9457).

use std::borrow::Cow;
use std::time::Duration;

use seam_core::contract::ServiceFailure;
use seam_core::outcome::{CallError, Certainty, Code, NotExecuted, ProblemMember, Unknown};
use serde_json::{Map, Value};

use crate::http::{HeaderValue, StatusCode};
use crate::security::Refusal;
use crate::shape::{ProblemReport, Shape};

/// An error, ready to be answered.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) outcome: Certainty,
    pub(crate) detail: Cow<'static, str>,
    /// What is behind it: for the log and for who runs the app, and not for its clients.
    pub(crate) cause: Option<Box<str>>,
    /// In seconds, at least 1.
    pub(crate) retry_after: Option<u64>,
    /// What would have been taken instead.
    pub(crate) instead: Option<Box<Instead>>,
    /// The connection is closed after the answer.
    pub(crate) close: bool,
    /// The fields of a service's error.
    fields: Option<Box<Map<String, Value>>>,
}

/// What would have been taken in place of what was sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Instead {
    /// The verbs that a path knows: the value of `Allow`.
    Verbs(String),
    /// The media types of a body: the value of `Accept`.
    Types(Cow<'static, str>),
    /// How many bytes there are: the value of `Content-Range`.
    Bytes(u64),
}

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Where the callee doesn't say when to try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Problem {
    /// An error of the edge itself: nothing was called.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let status = status(code.status());
        Self::bare(status, code.as_str(), Certainty::NotExecuted, detail)
    }

    fn bare(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        outcome: Certainty,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            outcome,
            detail: detail.into(),
            cause: None,
            retry_after: None,
            instead: None,
            close: false,
            fields: None,
        }
    }

    pub(crate) fn bad_request(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, why)
    }

    pub(crate) fn not_found(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, what)
    }

    pub(crate) fn invalid_credential(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidCredential, why)
    }

    pub(crate) fn denied(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Denied, why)
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "this needs a credential, and none came with the request")
    }

    /// What a plug-in refuses.
    pub(crate) fn of_refusal(refusal: Refusal) -> Self {
        let Refusal { status: refused, code, detail } = refusal;
        let problem = Self::bare(status(refused), code, Certainty::NotExecuted, detail);
        if refused == 503 { problem.after(RETRY_AFTER) } else { problem }
    }

    pub(crate) fn incompatible(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Incompatible, what)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(Code::BodyTooLarge, detail).closing()
    }

    pub(crate) fn unsupported(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::UnsupportedMediaType, what)
    }

    /// Names the media types that would have been taken.
    pub(crate) fn accepting(mut self, types: impl Into<Cow<'static, str>>) -> Self {
        self.instead = Some(Box::new(Instead::Types(types.into())));
        self
    }

    pub(crate) fn head_too_large(what: &'static str) -> Self {
        Self::new(Code::HeadTooLarge, what)
    }

    pub(crate) fn too_slow(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::RequestTimeout, what).closing()
    }

    /// Bytes are asked for of which there are `length` alone.
    pub(crate) fn beyond(length: u64) -> Self {
        let detail = format!("the range lies behind the end: there are {length} bytes");
        let instead = Some(Box::new(Instead::Bytes(length)));
        Self { instead, ..Self::new(Code::RangeNotSatisfiable, detail) }
    }

    pub(crate) fn deadline() -> Self {
        not_executed(NotExecuted::DeadlineExceeded, None)
    }

    /// Says when to come back: also after hours, if it is so.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let retry_after = Some(wait.as_nanos().div_ceil(1_000_000_000).max(1) as u64);
        Self { retry_after, ..Self::new(Code::RateLimited, "too many requests") }
    }

    pub(crate) fn overloaded(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Overloaded, why).after(RETRY_AFTER)
    }

    pub(crate) fn unavailable(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Unavailable, why).after(RETRY_AFTER)
    }

    pub(crate) fn ticket_not_found() -> Self {
        Self::untold(Code::TicketNotFound, "there is no ticket of this id")
    }

    pub(crate) fn ticket_expired() -> Self {
        Self::untold(Code::TicketExpired, "the ticket's result isn't kept any longer")
    }

    pub(crate) fn maybe_kept() -> Self {
        let why = "it isn't known whether the call is kept";
        Self::untold(Code::MaybeKept, why).after(RETRY_AFTER)
    }

    /// An error of the edge itself, where a call was kept: it may have run.
    fn untold(code: Code, detail: &'static str) -> Self {
        Self { outcome: Certainty::Unknown, ..Self::new(code, detail) }
    }

    /// The call ran, and this came after it.
    pub(crate) fn once_run(mut self) -> Self {
        self.outcome = Certainty::Unknown;
        self
    }

    /// Says what is behind it, for the log.
    pub(crate) fn because(mut self, cause: impl Into<Box<str>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("this path knows {allow}");
        let instead = Some(Box::new(Instead::Verbs(allow.to_owned())));
        Self { instead, ..Self::new(Code::MethodNotAllowed, detail) }
    }

    /// The connection can't be trusted, or has more to say than is heard.
    pub(crate) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait.as_millis().div_ceil(1000).clamp(1, 3600) as u64);
        self
    }

    /// What has become of something that may have been done.
    pub(crate) fn of_unknown(why: &Unknown) -> Self {
        unknown(why)
    }

    /// What has become of a call of `service`.
    pub(crate) fn of_call(error: CallError<ServiceFailure>, service: &str) -> Self {
        match error {
            CallError::Service(failure) => of_service(failure),
            CallError::NotExecuted(why) => not_executed(why, Some(service)),
            CallError::Unknown(why) => unknown(&why),
        }
    }

    /// Whether it is an error of a service, and not of the edge or the runtime.
    pub(crate) const fn is_of_service(&self) -> bool {
        self.fields.is_some()
    }

    /// What is answered: a status, a media type and a body, as the program wants them if it says so.
    /// `errors` is where codes are explained.
    pub(crate) fn content(
        self,
        request_id: &str,
        errors: &str,
        shape: Option<&Shape>,
    ) -> (StatusCode, HeaderValue, Vec<u8>) {
        let (status, code, outcome, detail) =
            (self.status, self.code.clone(), self.outcome, self.detail.clone());
        let members = self.members(request_id, errors);
        if let Some(shape) = shape {
            let shaped = shape(&ProblemReport {
                status: status.as_u16(),
                code: &code,
                outcome: outcome.as_str(),
                detail: &detail,
                request_id,
                members: &members,
            });
            let known = StatusCode::from_u16(shaped.status).ok();
            let known = known.filter(|status| status.is_client_error() || status.is_server_error());
            let kind = HeaderValue::try_from(shaped.content_type).unwrap_or(PROBLEM);
            return (known.unwrap_or(status), kind, shaped.body);
        }
        (status, PROBLEM, Value::Object(members).to_string().into_bytes())
    }

    fn members(self, request_id: &str, errors: &str) -> Map<String, Value> {
        let mut members = Map::new();
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut own = |member: ProblemMember, value: Value| {
            members.insert(member.as_str().to_owned(), value);
        };
        own(ProblemMember::Type, format!("{errors}{}", self.code).into());
        own(ProblemMember::Title, title.into());
        own(ProblemMember::Status, self.status.as_u16().into());
        own(ProblemMember::Detail, self.detail.into());
        own(ProblemMember::Code, self.code.into());
        own(ProblemMember::Outcome, self.outcome.as_str().into());
        own(ProblemMember::RequestId, request_id.into());
        let fields = self.fields.into_iter().flat_map(|fields| *fields);
        members.extend(fields.filter(|(name, _)| !ProblemMember::is_reserved(name)));
        members
    }
}

/// The problem that the edge answers its clients with for a call of `service` that failed, in no
/// shape of the program's: what a ticket is told of such a call. `errors` is
/// [`EdgeSettings::errors`](crate::EdgeSettings::errors).
pub fn public_problem(
    error: CallError<ServiceFailure>,
    service: &str,
    request_id: &str,
    errors: &str,
) -> Value {
    Value::Object(Problem::of_call(error, service).members(request_id, errors))
}

/// The same for whoever runs the app. It says what is behind a failed inner call, which
/// [`public_problem`] doesn't.
pub fn problem(
    error: CallError<ServiceFailure>,
    service: &str,
    request_id: &str,
    errors: &str,
) -> Value {
    let told = match &error {
        CallError::Unknown(why @ Unknown::Inner(_)) => Some(why.to_string()),
        _ => None,
    };
    let mut problem = Problem::of_call(error, service);
    if let Some(told) = told {
        problem.detail = told.into();
    }
    Value::Object(problem.members(request_id, errors))
}

/// A status that is none, which a peer might send, is that of a fault.
fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn of_service(failure: ServiceFailure) -> Problem {
    let outcome = if failure.unknown { Certainty::Unknown } else { Certainty::Service };
    let status = status(failure.status);
    let fields = Some(Box::new(failure.fields));
    let problem =
        Problem { fields, ..Problem::bare(status, failure.code, outcome, failure.detail) };
    if status == StatusCode::SERVICE_UNAVAILABLE { problem.after(RETRY_AFTER) } else { problem }
}

fn not_executed(why: NotExecuted, service: Option<&str>) -> Problem {
    // Addresses of units and names of callers stay inside.
    let (detail, cause): (Cow<'static, str>, _) = match (&why, service) {
        (NotExecuted::BadRequest { why }, _) => (why.to_string().into(), None),
        (NotExecuted::Denied { why }, _) => ("this call isn't allowed".into(), Some(why.clone())),
        (NotExecuted::Unavailable { reason }, Some(service)) => {
            (format!("`{service}` can't be reached").into(), Some(reason.clone()))
        }
        _ => (why.to_string().into(), None),
    };
    let problem = Problem { cause, ..Problem::new(why.code(), detail) };
    let retry = why.retry_after().unwrap_or(RETRY_AFTER);
    let busy = problem.status == StatusCode::SERVICE_UNAVAILABLE;
    if busy { problem.after(retry) } else { problem }
}

fn unknown(why: &Unknown) -> Problem {
    let (detail, cause): (Cow<'static, str>, _) = match why {
        // Which services there are, and what they say to each other, stays inside.
        Unknown::Inner(inner) => {
            ("a call that this one depends on failed".into(), Some(inner.to_string().into()))
        }
        _ => (why.to_string().into(), None),
    };
    let outcome = Certainty::Unknown;
    let problem = Problem { outcome, cause, ..Problem::new(why.code(), detail) };
    let busy = problem.status == StatusCode::SERVICE_UNAVAILABLE;
    if busy { problem.after(RETRY_AFTER) } else { problem }
}
