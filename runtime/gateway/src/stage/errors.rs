//! The pages of codes.

use super::{Here, Step};
use crate::http::header::HeaderValue;
use crate::problem::Problem;
use crate::response::Response;

/// `GET /errors`.
pub(super) fn list(here: &Here<'_>) -> Response {
    html(here.serving.routes().errors.list())
}

/// `GET /errors/{code}`.
pub(super) fn page(here: &Here<'_>, code: &str) -> Step<Response> {
    let page = here.serving.routes().errors.page(code);
    Ok(html(page.ok_or_else(|| Problem::not_found("there is no such code"))?))
}

fn html(page: String) -> Response {
    Response::of_type(HeaderValue::from_static("text/html; charset=utf-8"), page.into_bytes())
}
