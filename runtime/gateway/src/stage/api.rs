//! The document of the API, and the page that shows it.

use super::Here;
use crate::docs::{Asset, POLICY};
use crate::http::StatusCode;
use crate::http::header::{self, HeaderValue};
use crate::response::Response;

/// `GET /openapi.json`.
pub(super) fn document(here: &Here<'_>) -> Response {
    let shared = &here.worker.shared;
    let text = shared.document.text(here.serving.table(), here.settings, &shared.own);
    Response::json(StatusCode::OK, text)
}

/// `GET /docs` and what is below it.
pub(super) fn docs(asset: &Asset) -> Response {
    let media_type = HeaderValue::from_static(asset.media_type);
    let mut response = Response::of_type(media_type, asset.text.as_bytes());
    response.header(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.header(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
