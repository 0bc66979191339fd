//! Errors as `application/problem+json` (RFC 9457).

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;
use seam_core::contract::ServiceFailure;
use seam_core::name::ServiceId;
use seam_core::outcome::{CallError, NotExecuted, Unknown};
use serde_json::{Map, Value};

/// An error, ready to be answered.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) outcome: &'static str,
    pub(crate) detail: Cow<'static, str>,
    /// In seconds, at least 1.
    pub(crate) retry_after: Option<u64>,
    /// The verbs that a path knows.
    pub(crate) allow: Option<Cow<'static, str>>,
    /// The connection is closed after the answer.
    pub(crate) close: bool,
    /// The fields of a service's error.
    fields: Option<Box<Map<String, Value>>>,
}

const NOT_EXECUTED: &str = "not_executed";
const UNKNOWN: &str = "unknown";
const SERVICE: &str = "service";
/// Where the callee doesn't say when to try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Problem {
    /// An error of the edge itself: nothing was called.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            outcome: NOT_EXECUTED,
            detail: detail.into(),
            retry_after: None,
            allow: None,
            close: false,
            fields: None,
        }
    }

    pub(crate) fn bad_request(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", why)
    }

    pub(crate) fn not_found(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    pub(crate) fn denied(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "denied", why)
    }

    pub(crate) fn incompatible(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "incompatible", what)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail).closing()
    }

    pub(crate) fn head_too_large(what: &'static str) -> Self {
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", what)
    }

    pub(crate) fn too_slow(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", what).closing()
    }

    pub(crate) fn deadline() -> Self {
        not_executed(NotExecuted::DeadlineExceeded, None)
    }

    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let detail = "too many requests from this address";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).after(wait)
    }

    pub(crate) fn unavailable(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", why).after(RETRY_AFTER)
    }

    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("this path knows {allow}");
        let code = "method_not_allowed";
        let allow = Some(allow.to_owned().into());
        Self { allow, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, code, detail) }
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

    /// What has become of a call of `service`.
    pub(crate) fn of_call(error: CallError<ServiceFailure>, service: ServiceId) -> Self {
        match error {
            CallError::Service(failure) => of_service(failure),
            CallError::NotExecuted(why) => not_executed(why, Some(service)),
            CallError::Unknown(why) => unknown(why),
        }
    }

    /// The problem's JSON.
    pub(crate) fn body(self, request_id: &str) -> Vec<u8> {
        Value::Object(self.members(request_id)).to_string().into_bytes()
    }

    fn members(self, request_id: &str) -> Map<String, Value> {
        let mut members = Map::new();
        let title = self.status.canonical_reason().unwrap_or("Error");
        members.insert("type".into(), "about:blank".into());
        members.insert("title".into(), title.into());
        members.insert("status".into(), self.status.as_u16().into());
        members.insert("detail".into(), self.detail.into());
        members.insert("code".into(), self.code.into());
        members.insert("outcome".into(), self.outcome.into());
        members.insert("requestId".into(), request_id.into());
        for (name, value) in self.fields.into_iter().flat_map(|fields| *fields) {
            if name != "status" {
                members.insert(name, value);
            }
        }
        members
    }
}

/// The problem that the edge answers with for a call of `service` that failed, for whoever else
/// shows people such failures.
pub fn problem(error: CallError<ServiceFailure>, service: ServiceId, request_id: &str) -> Value {
    Value::Object(Problem::of_call(error, service).members(request_id))
}

fn of_service(failure: ServiceFailure) -> Problem {
    // A contract can't declare a status that is none, but a peer might.
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let problem = Problem {
        code: failure.code.into(),
        outcome: if failure.unknown { UNKNOWN } else { SERVICE },
        fields: Some(Box::new(failure.fields)),
        ..Problem::new(status, "", failure.detail)
    };
    if status == StatusCode::SERVICE_UNAVAILABLE { problem.after(RETRY_AFTER) } else { problem }
}

fn not_executed(why: NotExecuted, service: Option<ServiceId>) -> Problem {
    let status = match &why {
        NotExecuted::BadRequest { .. } => StatusCode::BAD_REQUEST,
        NotExecuted::Denied { .. } => StatusCode::FORBIDDEN,
        NotExecuted::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        NotExecuted::Incompatible { .. } => StatusCode::BAD_GATEWAY,
        NotExecuted::Cycle { .. } => StatusCode::LOOP_DETECTED,
        // Overloaded, unavailable, breaker open, and whatever else keeps a call from running now.
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let code = why.code();
    let detail: Cow<'static, str> = match (&why, service) {
        (NotExecuted::BadRequest { why }, _) => why.to_string().into(),
        // Addresses of units and names of callers stay inside.
        (NotExecuted::Denied { .. }, _) => "this call isn't allowed".into(),
        (NotExecuted::Unavailable { reason }, Some(service)) => {
            tracing::info!(service = service.name(), %reason, "a service is unavailable");
            format!("`{service}` can't be reached").into()
        }
        _ => why.to_string().into(),
    };
    let retry = why.retry_after().unwrap_or(RETRY_AFTER);
    let problem = Problem::new(status, code, detail);
    if status == StatusCode::SERVICE_UNAVAILABLE { problem.after(retry) } else { problem }
}

fn unknown(why: Unknown) -> Problem {
    let status = match &why {
        Unknown::ConnectionLost { .. } | Unknown::Unreadable { .. } => StatusCode::BAD_GATEWAY,
        Unknown::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Unknown::Inner(_) => StatusCode::SERVICE_UNAVAILABLE,
        // Panicked, abandoned.
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let detail = why.to_string();
    let problem = Problem { outcome: UNKNOWN, ..Problem::new(status, why.code(), detail) };
    if status == StatusCode::SERVICE_UNAVAILABLE { problem.after(RETRY_AFTER) } else { problem }
}
