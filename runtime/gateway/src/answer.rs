//! What goes back to a client, as a response.

use actix_http::{ConnectionType, Response};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use seam_core::context::TraceId;

use crate::problem::Problem;

/// An answer that is no problem.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

impl Answer {
    pub(crate) const fn ok(body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, location: None, body }
    }

    pub(crate) fn response(self, request: TraceId) -> Response<Vec<u8>> {
        let Self { status, location, body } = self;
        let empty = status == StatusCode::NO_CONTENT || status == StatusCode::RESET_CONTENT;
        let mut response = Response::with_body(status, if empty { Vec::new() } else { body });
        let headers = response.headers_mut();
        if !empty {
            headers.insert(header::CONTENT_TYPE, JSON);
        }
        // What a location's template leaves may be no value of a header: then there is none.
        if let Some(Ok(location)) = location.map(HeaderValue::try_from) {
            headers.insert(header::LOCATION, location);
        }
        identified(response, &request.hex())
    }
}

impl Problem {
    pub(crate) fn response(mut self, request: TraceId) -> Response<Vec<u8>> {
        let mut response = Response::with_body(self.status, ());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(Ok(allow)) = self.allow.take().map(|allow| HeaderValue::try_from(&*allow)) {
            headers.insert(header::ALLOW, allow);
        }
        if self.close {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        let body = self.body(&request.to_string());
        identified(response.set_body(body), &request.hex())
    }
}

fn identified(mut response: Response<Vec<u8>>, id: &[u8]) -> Response<Vec<u8>> {
    // An id is hexadecimal, and so a value of a header.
    if let Ok(id) = HeaderValue::from_bytes(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
