//! What pages of other origins are told (the CORS protocol of the Fetch standard).
//!
//! A preflight is an `OPTIONS`: it is answered as any other, with the verbs of its path, and what
//! the browser asks is added here.

use super::Here;
use super::route::allow;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::http::{Method, StatusCode};
use crate::response::Response;

const TRUE: HeaderValue = HeaderValue::from_static("true");
const ORIGIN: &str = "Origin";
/// What pages may read of each answer. What else a service says is added to it.
const EXPOSED: &str = "X-Request-Id, X-Seam-Outcome, X-Seam-Degraded, X-Seam-Version, \
                       X-Seam-Instance, ETag, Location, Retry-After, RateLimit, RateLimit-Policy, \
                       Age, Preference-Applied, WWW-Authenticate";
/// What they may read anyhow, or never.
const UNSPOKEN: [HeaderName; 9] = [
    header::CACHE_CONTROL,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::PRAGMA,
    header::SET_COOKIE,
    header::VARY,
    header::X_CONTENT_TYPE_OPTIONS,
];

/// Whether a browser asks what it may send.
fn is_preflight(here: &Here<'_>) -> bool {
    *here.request.method() == Method::OPTIONS
        && here.request.header(&header::ORIGIN).is_some()
        && here.request.header(&header::ACCESS_CONTROL_REQUEST_METHOD).is_some()
}

/// The origin of the page that asks, if it may.
fn allowed<'a>(here: &Here<'a>) -> Option<&'a HeaderValue> {
    let cors = &here.settings.web.cors;
    let origin = here.request.header(&header::ORIGIN)?;
    (cors.is_on() && cors.allows(origin.as_bytes())).then_some(origin)
}

/// A route of the program's own that knows its verbs and not `OPTIONS`: a preflight is told the verb
/// that it asks for, for nobody says which there are.
pub(super) fn of_own(here: &Here<'_>, response: Response) -> Response {
    let asked = here.request.header(&header::ACCESS_CONTROL_REQUEST_METHOD);
    let asked = asked.and_then(|verb| verb.to_str().ok());
    match asked {
        Some(verb)
            if response.status == StatusCode::METHOD_NOT_ALLOWED
                && is_preflight(here)
                && allowed(here).is_some() =>
        {
            allow(verb)
        }
        _ => response,
    }
}

/// Says to the page's browser what it may read, or send.
pub(super) fn mark(here: &Here<'_>, response: &mut Response) {
    let cors = &here.settings.web.cors;
    // Routes of the program's own may speak for themselves.
    if !cors.is_on() || response.value(&header::ACCESS_CONTROL_ALLOW_ORIGIN).is_some() {
        return;
    }
    response.varies(ORIGIN);
    let Some(origin) = allowed(here) else { return };
    response.header(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    if cors.credentials {
        response.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    }
    if !is_preflight(here) {
        if let Ok(exposed) = HeaderValue::try_from(exposed(response)) {
            response.header(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    } else if response.status.is_success() {
        if let Some(verbs) = response.value(&header::ALLOW).cloned() {
            response.header(header::ACCESS_CONTROL_ALLOW_METHODS, verbs);
        }
        for asked in here.request.headers().get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            response.header(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        response.header(header::ACCESS_CONTROL_MAX_AGE, cors.max_age.as_secs().into());
    }
}

/// The value of `Access-Control-Expose-Headers`.
fn exposed(response: &Response) -> String {
    let mut exposed = EXPOSED.to_owned();
    for (name, _) in &response.headers {
        let named = |known: &str| known.trim_ascii().eq_ignore_ascii_case(name.as_str());
        let unspoken = UNSPOKEN.contains(name) || name.as_str().starts_with("access-control-");
        if !unspoken && !exposed.split(',').any(named) {
            exposed.push_str(", ");
            exposed.push_str(name.as_str());
        }
    }
    exposed
}
