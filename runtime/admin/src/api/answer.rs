//! Answers, and what browsers are told with each.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::page::File;
use crate::refusal::Refusal;

/// Nothing but what the listener serves itself, nothing that stands in the page's text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// What every answer says.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
];

/// An answer with all that browsers are told.
pub(super) fn finished(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

pub(super) fn json(text: impl Into<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(text.into())
}

pub(super) fn problem(refusal: Refusal) -> HttpResponse {
    let Refusal { status, code, detail, members } = refusal;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut all = Map::new();
    let title = status.canonical_reason().unwrap_or("Error");
    all.insert("title".into(), title.into());
    all.insert("status".into(), status.as_u16().into());
    all.insert("detail".into(), detail.into());
    all.insert("code".into(), Value::String(code.into_owned()));
    for (name, value) in members {
        all.entry(name.to_owned()).or_insert(value);
    }
    let mut response = HttpResponse::build(status);
    response.content_type("application/problem+json");
    match status {
        StatusCode::UNAUTHORIZED => {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        // What is left of the body isn't read.
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
            response.force_close();
        }
        _ => {}
    }
    response.body(Value::Object(all).to_string())
}

/// A file of the page.
pub(super) fn file(file: &File) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-cache"));
    response.content_type(file.kind).body(file.bytes)
}

/// Somebody has logged in. A browser that was led here from elsewhere doesn't send the cookie before a page
/// of ours has asked for something: so that isn't a redirect.
pub(super) fn logged_in(cookie: &str) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::SET_COOKIE, cookie));
    response.content_type("text/html; charset=utf-8").body(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Logged in</title>\
         <meta http-equiv=\"refresh\" content=\"0; url=/\"><p><a href=\"/\">Go on</a></p></html>\n",
    )
}

/// A person has come without having logged in.
pub(super) fn nobody(refusal: &Refusal) -> HttpResponse {
    let mut response = HttpResponse::Unauthorized();
    response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    response.content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not logged in</title>\
         <p>{}</p><p>Have you just logged in? <a href=\"/\">Go on</a></p></html>\n",
        refusal.detail
    ))
}
